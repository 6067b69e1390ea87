/**
 * Builds the edge entries for users, `build/bundle/edge/`: ES modules that share chunks, made small
 * by esbuild, with source maps. From the TypeScript sources, of which it inlines enums; all in one
 * build, so that two entries have one `MonitorError`.
 */
import { readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const OUTPUT = "build/bundle/edge";
/** What package.json has under `./edge`. */
const ENTRIES = Object.keys(JSON.parse(readFileSync("package.json", "utf8")).exports)
  .filter((path) => path.startsWith("./edge"))
  .map((path) => path.slice("./edge/".length) || "index");

rmSync(OUTPUT, { recursive: true, force: true });
await build({
  entryPoints: ENTRIES.map((name) => `host/edge/${name}.ts`),
  outdir: OUTPUT,
  bundle: true,
  splitting: true,
  minify: true,
  sourcemap: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  packages: "external",
  chunkNames: "shared-[hash]",
  logLevel: "warning",
});
