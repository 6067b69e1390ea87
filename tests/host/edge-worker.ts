/**
 * The examples of `examples/edge/` as a bundler makes them, in workerd.
 */
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { prepare } from "../conformance/runtimes.js";
import { hasPackage, openWorker, type Worker } from "../conformance/sandboxes.js";
import { ROOT } from "../guests/guest.js";

/** What a test gives as `skip`: false if workerd is here, else the reason; never in CI. */
export function withoutWorkerd(): string | false {
  const lack = prepare();
  if (hasPackage("miniflare")) return false;
  if (process.env.CI === "true") throw new Error(lack ?? "miniflare is not installed");
  return lack ?? "miniflare is not installed";
}

/** Opens an example in workerd. To be disposed of by the caller. */
export function openExample(
  name: string,
  bindings: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Worker> {
  return openScript(readFileSync(`${ROOT}examples/edge/${name}.js`, "utf8"), bindings, options);
}

/** Opens a script that imports the package in workerd. To be disposed of by the caller. */
export async function openScript(
  contents: string,
  bindings: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Worker> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    write: false,
    format: "esm",
    alias: { "wasm-monitoring/monitor.wasm": "./monitor.wasm" },
    external: ["cloudflare:*", "./monitor.wasm"],
    logLevel: "error",
  });
  return openWorker(outputFiles[0]?.text ?? "", bindings, options);
}
