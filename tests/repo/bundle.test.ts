/**
 * What the edge entries add to a script, minified, besides the wasm: each as a user's bundler takes
 * it from the package. The entry is bound by the issue; the others by what they were.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ROOT } from "../guests/guest.js";

/** What is imported, by entry; bytes at most. */
const BUDGETS: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ["the entry", { "": "createEdgeMonitor" }, 24_576],
  ["with serve", { "": "createEdgeMonitor", "/serve": "serve" }, 29_184],
  ["with push", { "": "createEdgeMonitor", "/push": "push" }, 34_816],
  ["with serve and push", { "": "createEdgeMonitor", "/serve": "serve", "/push": "push" }, 39_424],
  ["a collector alone", { "/collector": "Collector" }, 3_584],
  ["a page's service worker", { "/page": "askPage" }, 1_024],
];

describe("the edge, minified", () => {
  for (const [what, imports, bytesMax] of BUDGETS) {
    test(`${what} is at most ${bytesMax} bytes`, async (t) => {
      const lines = Object.entries(imports).map(
        ([entry, name]) => `export { ${name} } from "wasm-monitoring/edge${entry}";`,
      );
      const { outputFiles } = await build({
        stdin: { contents: lines.join("\n"), resolveDir: ROOT },
        bundle: true,
        minify: true,
        write: false,
        format: "esm",
        logLevel: "error",
      });
      const script = outputFiles[0]?.contents ?? new Uint8Array();
      const gzipped = gzipSync(script, { level: 9 }).length;
      t.diagnostic(`${what}: ${script.length} of ${bytesMax} bytes, ${gzipped} gzipped`);
      assert.ok(script.length > 0 && script.length <= bytesMax, `${script.length} bytes`);
    });
  }
});
