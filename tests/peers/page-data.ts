/**
 * Traces for the page to show, made up: an ordinary one, and those that ask too much of it.
 */
import type { PageData, PageFacts, PageFrame, PageStack } from "../../host/report/page/data.js";
import { Random } from "../wasm/random.js";

const FACTS: PageFacts = {
  executable: "shop.wasm",
  host: "till-3",
  parameters: "--sampling-rate 0.0001",
  pid: 4711,
  context: "wasm-monitoring 0.1.0; stacks v8; hooked malloc, calloc, realloc, free",
  version: 3,
  startMs: Date.UTC(2026, 2, 4, 5, 6, 7),
  durationSeconds: 95.4,
  samplingRate: 1e-4,
  bytesPerSample: 40_000,
  allocationCount: 0,
  collectionCount: 0,
  notes: [],
};

/** A stack as a test writes it: `name@file:line` from the entry point on. */
export interface WrittenStack {
  readonly frames: readonly (readonly [name: string, file: string, line: number])[];
  readonly allocated: number;
  readonly live: number;
}

/** A trace of these stacks. */
export function pageData(
  written: readonly WrittenStack[],
  facts: Partial<PageFacts> = {},
): PageData {
  const frames: PageFrame[] = [];
  const known = new Map<string, number>();
  const stacks = written.map(({ frames: list, allocated, live }) => {
    const indices = list.map(([name, file, line]) => {
      const key = JSON.stringify([name, file, line]);
      const index = known.get(key) ?? frames.push({ name, file, line }) - 1;
      known.set(key, index);
      return index;
    });
    return { frames: indices, allocatedSamples: allocated, liveSamples: live };
  });
  const samples = sumOf(stacks);
  const counts = { allocationCount: samples.allocated, collectionCount: samples.freed };
  return { facts: { ...FACTS, ...counts, ...facts }, frames, stacks, live: [] };
}

function sumOf(stacks: readonly PageStack[]): { allocated: number; freed: number } {
  let allocated = 0;
  let freed = 0;
  for (const stack of stacks) {
    allocated += stack.allocatedSamples;
    freed += stack.allocatedSamples - stack.liveSamples;
  }
  return { allocated, freed };
}

/** A trace without a sample. */
export const EMPTY_DATA = pageData([]);

/** A program that reads orders, keeps some of them, and leaks a little. */
export function ordinaryData(): PageData {
  const main = ["main", "src/main.c", 41] as const;
  const serve = ["serve", "src/server.c", 118] as const;
  const read = ["json::Parser::read_value", "src/json/parser.cpp", 230] as const;
  const text = ["json::Parser::read_string", "src/json/parser.cpp", 118] as const;
  const list = ["json::Parser::read_array", "src/json/parser.cpp", 187] as const;
  const keep = ["orders::Book::insert", "src/orders/book.cpp", 77] as const;
  const log = ["log_request", "src/log.c", 15] as const;
  const stacks: readonly WrittenStack[] = [
    { frames: [main, ["load_config", "src/config.c", 30]], allocated: 120, live: 120 },
    { frames: [main, serve, read, text], allocated: 2_400, live: 12 },
    { frames: [main, serve, read, list, read, text], allocated: 5_210, live: 20 },
    { frames: [main, serve, read, list, read, list, read, text], allocated: 900, live: 0 },
    { frames: [main, serve, read, list], allocated: 1_100, live: 3 },
    { frames: [main, serve, keep], allocated: 640, live: 610 },
    {
      frames: [main, serve, keep, ["std::vector<orders::Order>::reserve", "vector", 1_020]],
      allocated: 1_500,
      live: 940,
    },
    { frames: [main, ["serve", "src/server.c", 131], log], allocated: 800, live: 0 },
    {
      frames: [main, ["serve", "src/server.c", 131], log, ["format_time", "src/log.c", 60]],
      allocated: 410,
      live: 0,
    },
    { frames: [main, ["idle", "src/server.c", 200]], allocated: 2, live: 2 },
  ];
  return { ...pageData(stacks), live: sawTeeth(1_707) };
}

/** Live samples that grow in teeth and end at `last`. */
function sawTeeth(last: number): PageData["live"] {
  const points = Array.from({ length: 1_900 }, (_, index) => ({
    seconds: index / 20,
    samples: Math.round(index * 0.8 + (index % 190) * 4 + 40 * Math.sin(index / 7) + 40),
  }));
  return [{ seconds: 0, samples: 0 }, ...points.slice(1), { seconds: 95.4, samples: last }];
}

/** Names that try to end the script, reverse the line, hide, never end. */
export const HOSTILE_NAMES: readonly string[] = [
  "</script><script>document.title = 'owned'</script>",
  '"><img src=x onerror="document.title=\'owned\'">',
  "<!--<script>",
  "it's a \"quote\" \\ and $1 $& $' {{content}} @content@",
  "\u202egnp.exe\u202c drowssap",
  "שלום_עולם",
  "nul\u0000inside\u0007\u001b[31m",
  "\ud800lone",
  "line\u2028separator\nand newline",
  "__proto__",
  "constructor",
  "",
  "n".repeat(100_000),
];

/** A trace of nothing but hostile texts. */
export function hostileData(): PageData {
  const stacks = HOSTILE_NAMES.map((name, index) => ({
    frames: [
      ["start", "a.c", 1],
      [name, name, index],
    ] as const,
    allocated: 10 + index,
    live: index,
  }));
  const [text = ""] = HOSTILE_NAMES;
  const facts = { executable: text, host: text, context: text, parameters: text, notes: [text] };
  return { ...pageData(stacks, facts), live: [{ seconds: 0, samples: 1 }] };
}

/**
 * Stacks at random, nearly all different, `depth` frames each: every function calls seven others,
 * some of them far more often.
 */
export function hugeData(stackCount: number, depth: number, functionCount: number): PageData {
  const random = new Random(3);
  const share = () => random.word() / 2 ** 32;
  const frames = Array.from({ length: functionCount }, (_, index) => ({
    name: `module_${index % 40}::function_${index}`,
    file: `src/module_${index % 40}.rs`,
    line: (index % 900) + 1,
  }));
  const stacks = Array.from({ length: stackCount }, () => {
    const list = new Uint32Array(depth);
    for (let index = 1; index < depth; index++) {
      const callee = Math.floor(share() ** 12 * 7);
      list[index] = ((list[index - 1] ?? 0) * 7 + callee + 1) % functionCount;
    }
    const allocatedSamples = 1 + Math.floor(share() ** 8 * 1_000);
    return { frames: list, allocatedSamples, liveSamples: random.below(3) };
  });
  const { allocated, freed } = sumOf(stacks);
  const live = Array.from({ length: 200_000 }, (_, index) => ({
    seconds: index / 1_000,
    samples: Math.floor(index / 10) + random.below(2_000),
  }));
  const facts = { ...FACTS, allocationCount: allocated, collectionCount: freed };
  return { facts: { ...facts, durationSeconds: 200 }, frames, stacks, live };
}
