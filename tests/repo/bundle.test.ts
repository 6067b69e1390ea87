/**
 * What the edge entries add to a script, minified, besides the wasm: each as a user's bundler takes
 * it from the package. The entry is bound by the issue; the others by what they were.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ROOT } from "../guests/guest.js";

/** The whole of an entry. */
const ALL = "*";

/** What is imported, by entry; bytes at most. */
const BUDGETS: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ["createEdgeMonitor", { "": "{ createEdgeMonitor }" }, 20_480],
  ["all of the entry", { "": ALL }, 20_480],
  ["the same with serve", { "": ALL, "/serve": ALL }, 24_576],
  ["the same with push", { "": ALL, "/push": ALL }, 28_672],
  ["the same with serve and push", { "": ALL, "/serve": ALL, "/push": ALL }, 32_768],
  ["the same, and over TCP", { "": ALL, "/serve": ALL, "/push": ALL, "/tcp": ALL }, 37_376],
  ["the same, and guests", { "": ALL, "/serve": ALL, "/push": ALL, "/guest": ALL }, 37_376],
  ["a collector alone", { "/collector": ALL }, 3_072],
  ["a page's service worker", { "/page": "{ askPage }" }, 1_024],
];

describe("the edge, minified", () => {
  for (const [what, imports, bytesMax] of BUDGETS) {
    test(`${what} is at most ${bytesMax} bytes`, async (t) => {
      const lines = Object.entries(imports).map(
        ([entry, names]) => `export ${names} from "wasm-monitoring/edge${entry}";`,
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
