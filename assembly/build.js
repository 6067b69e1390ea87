/**
 * Builds the core: the AssemblyScript compiler with our transform, then binaryen's optimizer for
 * size. `node assembly/build.js` builds every target of asconfig.json.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main as compile } from "assemblyscript/asc";
import AsciiTransform from "./ascii.js";

const FEATURES = ["simd", "bulk-memory", "sign-ext", "nontrapping-float-to-int", "mutable-globals"];

/**
 * Nothing traps on purpose, nothing is stored below 1,024; tiny functions are inlined: hot paths.
 */
const PASSES = ["-tnh", "-lmu", "--always-inline-max-function-size", "8", "-Oz"];

const OPTIMIZER = fileURLToPath(import.meta.resolve("binaryen/bin/wasm-opt"));

const { targets } = JSON.parse(readFileSync("asconfig.json", "utf8"));

for (const [target, { outFile, sharedMemory }] of Object.entries(targets)) {
  const transforms = [AsciiTransform];
  const { error, stderr } = await compile(["assembly/index.ts", "--target", target], {
    transforms,
  });
  if (error !== null) throw new Error(stderr.toString());
  const features = sharedMemory === undefined ? FEATURES : [...FEATURES, "threads"];
  const enabled = features.map((feature) => `--enable-${feature}`);
  execFileSync(process.execPath, [OPTIMIZER, outFile, "-o", outFile, ...enabled, ...PASSES]);
}
