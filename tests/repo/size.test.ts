/**
 * What we ship of wasm: bytes, gzipped bytes and import lists, against budgets. A file over its
 * budget fails with the functions that grew since `sizes.json` was last refreshed.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { matchGolden } from "../golden.js";
import { functionBytes } from "./wasm-file.js";

interface Budget {
  readonly entry: string;
  readonly target: string;
  readonly rawMax: number;
  readonly gzipMax: number;
  readonly imports: readonly string[];
}

interface Size {
  readonly raw: number;
  readonly gzip: number;
  readonly functions: Readonly<Record<string, number>>;
}

/**
 * The goal for the core by `gzip -9n`. node's gzip, by which all files are held, makes 150 bytes
 * more of it (assembly/README.md, *Why a deflate of our own?*).
 */
const GZIP_GOAL = 7168;

const CORE = "assembly/index.ts";

/** What the monitor of a linked image wants of its runtime, and of its guest. */
const LINK_IMPORTS = [
  ...[
    "clock_time_get",
    "path_filestat_get",
    "path_open",
    "fd_seek",
    "fd_read",
    "fd_write",
    "fd_close",
    "path_rename",
    "environ_sizes_get",
    "environ_get",
    "proc_exit",
    "fd_prestat_get",
    "fd_prestat_dir_name",
  ].map((name) => `wasi_snapshot_preview1.${name}`),
  "guest._start",
];

const BUDGETS: Readonly<Record<string, Budget>> = {
  "monitor.wasm": {
    entry: CORE,
    target: "release",
    rawMax: 16384,
    gzipMax: 7100,
    imports: [],
  },
  "monitor.shared.wasm": {
    entry: CORE,
    target: "shared",
    rawMax: 16400,
    gzipMax: 7400,
    imports: ["env.memory"],
  },
  "memtrace.wasm": {
    entry: "assembly/memtrace/index.ts",
    target: "memtrace",
    rawMax: 8192,
    gzipMax: 4096,
    imports: [],
  },
  "link.wasm": {
    entry: "assembly/link/index.ts",
    target: "link",
    rawMax: 24576,
    gzipMax: 13312,
    imports: LINK_IMPORTS,
  },
  "link-memtrace.wasm": {
    entry: "assembly/link/memtrace/index.ts",
    target: "link-memtrace",
    rawMax: 32768,
    gzipMax: 16384,
    imports: [...LINK_IMPORTS, "guest.reserve"],
  },
};

const COMPILER = "node_modules/assemblyscript/bin/asc.js";

const GOLDEN_PATH = "tests/repo/sizes.json";

/** Functions listed in a message. */
const GROWN_MAX = 12;

const committed: Readonly<Record<string, Size>> = existsSync(GOLDEN_PATH)
  ? JSON.parse(readFileSync(GOLDEN_PATH, "utf8"))
  : {};

for (const [name, budget] of Object.entries(BUDGETS)) {
  const wasm = readFileSync(`build/${name}`);

  describe(name, () => {
    test(`imports ${budget.imports.join(", ") || "nothing"}`, async () => {
      const imports = WebAssembly.Module.imports(await WebAssembly.compile(wasm));
      const listed = imports.map((entry) => `${entry.module}.${entry.name}`);
      assert.deepEqual(listed.sort(), budget.imports.toSorted());
    });

    test(`is at most ${budget.rawMax} bytes, ${budget.gzipMax} gzipped`, async (t) => {
      const raw = wasm.length;
      const gzip = gzipSync(wasm, { level: 9 }).length;
      const old = committed[name];
      const summary =
        `${name}: raw ${old?.raw ?? "?"} -> ${raw} of ${budget.rawMax}, ` +
        `gzip ${old?.gzip ?? "?"} -> ${gzip} of ${budget.gzipMax} (goal ${GZIP_GOAL})`;
      t.diagnostic(summary);
      if (raw <= budget.rawMax && gzip <= budget.gzipMax) return;
      const functions = await namedFunctions(budget);
      assert.fail(`${summary}\n${grown(old?.functions ?? {}, functions)}`);
    });
  });
}

if (process.env.GOLDEN !== undefined) {
  test("sizes.json is refreshed", async () => {
    const sizes: Record<string, Size> = {};
    for (const [name, budget] of Object.entries(BUDGETS)) {
      const wasm = readFileSync(`build/${name}`);
      const functions = await namedFunctions(budget);
      sizes[name] = { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length, functions };
    }
    matchGolden(GOLDEN_PATH, `${JSON.stringify(sizes, undefined, 2)}\n`);
  });
}

/** Builds a target once more with names, and measures its functions; largest first. */
async function namedFunctions({ entry, target }: Budget): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "size-"));
  try {
    const outFile = join(folder, "named.wasm");
    const transform = ["--transform", "./assembly/ascii.js"];
    const options = ["--target", target, ...transform, "--debug", "--outFile", outFile];
    execFileSync(process.execPath, [COMPILER, entry, ...options]);
    const entries = Object.entries(await functionBytes(readFileSync(outFile)));
    return Object.fromEntries(entries.sort((left, right) => right[1] - left[1]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The functions that take more bytes than before, most growth first. */
function grown(old: Readonly<Record<string, number>>, now: Readonly<Record<string, number>>) {
  return Object.entries(now)
    .map(([name, bytes]) => ({ name, bytes, growth: bytes - (old[name] ?? 0) }))
    .filter(({ growth }) => growth > 0)
    .sort((left, right) => right.growth - left.growth)
    .slice(0, GROWN_MAX)
    .map(({ name, bytes, growth }) => `  +${growth} ${name} (${bytes - growth} -> ${bytes})`)
    .join("\n");
}
