/**
 * Fixtures as one script each, as a bundler makes them for runtimes that have no packages.
 */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A fixture with everything it imports, but for what its runtime gives. */
export async function bundleFixture(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url))],
    bundle: true,
    write: false,
    format: name === "worker" ? "esm" : "iife",
    external: ["cloudflare:*", "*.wasm", "*.bin"],
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
