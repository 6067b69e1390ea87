/**
 * What lies in the page as JSON: the trace, cut down to what a page can show. Lists that belong
 * together are columns, arrays of equal length: a tenth of the bytes of as many objects.
 */
import type { PageData, PageFacts } from "./data.js";
import { gatherFunctions } from "./functions.js";
import { thinSeries } from "./series.js";
import { cleanText, FACT_CHARACTERS_MAX, NAME_CHARACTERS_MAX } from "./text.js";
import { growTree } from "./tree.js";

/** Functions that the table can list, the largest; those of the flame graph come on top. */
export const FUNCTIONS_MAX = 2_000;

/** Allocation samples in total, or of one function. */
export interface Samples {
  readonly allocated: number;
  readonly live: number;
}

/** Functions; an index into these columns identifies one. */
export interface FunctionColumns {
  readonly name: readonly string[];
  /** Indices into `files`. */
  readonly file: readonly number[];
  /** Where most of what the function allocates itself, or else calls for, is allocated; or 0. */
  readonly line: readonly number[];
  readonly allocatedSelf: readonly number[];
  readonly allocatedTotal: readonly number[];
  readonly liveSelf: readonly number[];
  readonly liveTotal: readonly number[];
}

/** The flame graph's frames, each followed by what it calls; children of the root have depth 1. */
export interface TreeColumns {
  readonly depth: readonly number[];
  /** Indices into the functions. */
  readonly function: readonly number[];
  /** The line that most samples pass through; 0 where unknown. */
  readonly line: readonly number[];
  /** How many different lines samples pass through. */
  readonly lineCount: readonly number[];
  readonly allocated: readonly number[];
  readonly allocatedSelf: readonly number[];
  readonly live: readonly number[];
  readonly liveSelf: readonly number[];
}

/** What the flame graph leaves out. */
export interface Pruned {
  /** Branches cut off whole: a frame and all that it calls. */
  readonly branchCount: number;
  /** The largest share of all samples, allocated or live, that such a branch has; 0 without any. */
  readonly share: number;
  /** Branches cut off because they are too deep, whatever their share. */
  readonly deepCount: number;
  readonly depthMax: number;
  readonly samples: Samples;
}

/** All that the page knows. */
export interface PageContent {
  readonly facts: Omit<PageFacts, "pid"> & { readonly pid: string };
  readonly total: Samples;
  readonly files: readonly string[];
  readonly functions: FunctionColumns;
  /** Functions in the trace, those left out included. */
  readonly functionCount: number;
  readonly tree: TreeColumns;
  readonly pruned: Pruned;
  readonly live: { readonly seconds: readonly number[]; readonly samples: readonly number[] };
}

/** Cuts a trace down to what the page shows; takes as long as all frames of all stacks are many. */
export function composeContent(data: PageData): PageContent {
  const gathered = gatherFunctions(data);
  const { nodes, pruned } = growTree(data.stacks, data.frames, gathered.functionOf);
  const kept = keptFunctions(gathered.functions, nodes.function);
  const place = new Map(kept.map((functionIndex, index) => [functionIndex, index]));
  const files = [...new Set(kept.map((index) => gathered.functions[index]?.file ?? ""))];
  const fileIndex = new Map(files.map((file, index) => [file, index]));
  const functions = kept.flatMap((index) => gathered.functions[index] ?? []);
  return {
    facts: cleanFacts(data.facts),
    total: gathered.total,
    files: files.map((file) => cleanText(file, NAME_CHARACTERS_MAX)),
    functions: {
      name: functions.map(({ name }) => cleanText(name, NAME_CHARACTERS_MAX) || "(no name)"),
      file: functions.map(({ file }) => fileIndex.get(file) ?? 0),
      line: functions.map(({ line }) => line),
      allocatedSelf: functions.map(({ self }) => self.allocated),
      allocatedTotal: functions.map(({ total }) => total.allocated),
      liveSelf: functions.map(({ self }) => self.live),
      liveTotal: functions.map(({ total }) => total.live),
    },
    functionCount: gathered.functions.length,
    tree: { ...nodes, function: nodes.function.map((index) => place.get(index) ?? 0) },
    pruned,
    live: thinSeries(data.live),
  };
}

/** The largest functions by any of their figures, and all that the flame graph shows. */
function keptFunctions(
  functions: readonly { readonly self: Samples; readonly total: Samples }[],
  drawn: readonly number[],
): number[] {
  const size = functions.map(({ total, self }) => [
    total.allocated,
    self.allocated,
    total.live,
    self.live,
  ]);
  const kept = new Set(drawn);
  for (let figure = 0; figure < 4; figure++) {
    const order = [...size.keys()].sort(
      (one, other) => (size[other]?.[figure] ?? 0) - (size[one]?.[figure] ?? 0),
    );
    for (const index of order.slice(0, FUNCTIONS_MAX / 4)) kept.add(index);
  }
  return [...kept].sort((one, other) => one - other);
}

function cleanFacts(facts: PageFacts): PageContent["facts"] {
  const clean = (text: string) => cleanText(text, FACT_CHARACTERS_MAX);
  return {
    ...facts,
    pid: String(facts.pid),
    executable: clean(facts.executable),
    host: clean(facts.host),
    parameters: clean(facts.parameters),
    context: clean(facts.context),
    notes: facts.notes.map(clean),
  };
}
