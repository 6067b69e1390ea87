/**
 * Builds the core, the trace module and the monitor of linked images: the AssemblyScript compiler
 * makes every target of asconfig.json, then binaryen makes the core small and its hot paths fast,
 * the trace module fast, and the core gets the shape that gzip likes best.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main as compile } from "assemblyscript/asc";
import AsciiTransform from "./ascii.js";
import { COLD_NAMES } from "./cold.js";
import { shapeModule } from "./shape/shape.js";

const FEATURES = ["simd", "bulk-memory", "sign-ext", "nontrapping-float-to-int", "mutable-globals"];

/** Nothing traps on purpose, and nothing is stored below 1,024. */
const PASSES = ["-tnh", "-lmu"];

/** How the core is optimised: for size, small functions inline, and again what that left. */
const CORE_PASSES = [
  ...COLD_NAMES.map((name) => `--no-inline=${name}`),
  ...["--always-inline-max-function-size", "80", "-Oz", "-Oz"],
  ...["--dealign", "--reorder-functions-by-name", "-g"],
];

/** How often the core's shape is looked through; the shared one only loses its names. */
const SHAPE_ROUNDS = { release: 2, shared: 0 };

/** How the trace module is optimised: for speed, of which it needs all for a sample. */
const MEMTRACE_PASSES = ["--always-inline-max-function-size", "60", "-O3", "--strip-debug"];

/** How the monitor of linked images is optimised: for size. */
const LINK_PASSES = ["-Oz", "--strip-debug"];

/** Without vectors: not every runtime of linked images has them. */
const LINK_FEATURES = FEATURES.filter((feature) => feature !== "simd");

const ENTRIES = {
  memtrace: "assembly/memtrace/index.ts",
  link: "assembly/link/index.ts",
  "link-memtrace": "assembly/link/memtrace/index.ts",
};
const OTHER_PASSES = {
  memtrace: MEMTRACE_PASSES,
  link: LINK_PASSES,
  "link-memtrace": LINK_PASSES,
};

const OPTIMIZER = fileURLToPath(import.meta.resolve("binaryen/bin/wasm-opt"));

/** Compiles and optimises one target. */
async function build(target, { outFile, sharedMemory }) {
  const options = [ENTRIES[target] ?? "assembly/index.ts", "--target", target, "--debug"];
  const { error, stderr } = await compile(options, { transforms: [AsciiTransform] });
  if (error !== null) {
    console.error(`${error.message}\n${stderr}`);
    process.exit(1);
  }
  const known = target.startsWith("link") ? LINK_FEATURES : FEATURES;
  const features = sharedMemory === undefined ? known : [...known, "threads"];
  const enabled = features.map((feature) => `--enable-${feature}`);
  const passes = OTHER_PASSES[target] ?? CORE_PASSES;
  const args = [outFile, "-o", outFile, ...enabled, ...passes, ...PASSES];
  execFileSync(process.execPath, [OPTIMIZER, ...args]);
  if (target in OTHER_PASSES) return;
  const rounds = SHAPE_ROUNDS[target];
  writeFileSync(outFile, shapeModule(readFileSync(outFile), { rounds }));
}

const { targets } = JSON.parse(readFileSync("asconfig.json", "utf8"));

for (const [target, description] of Object.entries(targets)) await build(target, description);
