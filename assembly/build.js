/**
 * Builds the core: the AssemblyScript compiler makes every target of asconfig.json, then binaryen
 * makes it small and the hot paths fast.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main as compile } from "assemblyscript/asc";
import AsciiTransform from "./ascii.js";
import { COLD_NAMES } from "./cold.js";
import { renumberLocals } from "./locals.js";

const FEATURES = ["simd", "bulk-memory", "sign-ext", "nontrapping-float-to-int", "mutable-globals"];

/** Nothing traps on purpose, and nothing is stored below 1,024. */
const PASSES = [
  "-tnh",
  "-lmu",
  "--always-inline-max-function-size",
  "80",
  "-Oz",
  "--dealign",
  "--reorder-functions-by-name",
  "--strip-debug",
];

const OPTIMIZER = fileURLToPath(import.meta.resolve("binaryen/bin/wasm-opt"));

const { targets } = JSON.parse(readFileSync("asconfig.json", "utf8"));

for (const [target, { outFile, sharedMemory }] of Object.entries(targets)) {
  const options = ["assembly/index.ts", "--target", target, "--debug"];
  const { error, stderr } = await compile(options, { transforms: [AsciiTransform] });
  if (error !== null) {
    console.error(`${error.message}\n${stderr}`);
    process.exit(1);
  }
  const features = sharedMemory === undefined ? FEATURES : [...FEATURES, "threads"];
  const enabled = features.map((feature) => `--enable-${feature}`);
  const cold = COLD_NAMES.map((name) => `--no-inline=${name}`);
  const args = [outFile, "-o", outFile, ...enabled, ...cold, ...PASSES];
  execFileSync(process.execPath, [OPTIMIZER, ...args]);
  const bytes = readFileSync(outFile);
  renumberLocals(bytes);
  writeFileSync(outFile, bytes);
}
