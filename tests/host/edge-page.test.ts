/**
 * The example of a page and its service worker, in Chromium.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { build } from "esbuild";
import { openReceiver, type ServedFile } from "../conformance/receiver.js";
import { guestPath, ROOT } from "../guests/guest.js";
import { openChromium, openPage } from "../peers/chromium.js";
import { missing } from "../peers/program.js";

async function script(name: string): Promise<ServedFile> {
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}examples/edge/${name}.js`],
    bundle: true,
    write: false,
    format: "esm",
  });
  return { type: "text/javascript", body: outputFiles[0]?.text ?? "" };
}

const wasm = (path: string) => ({ type: "application/wasm", body: readFileSync(path) });

test("a page's module is scraped at its origin", { skip: missing("chromium") }, async (t) => {
  const receiver = await openReceiver({
    "/": {
      type: "text/html",
      body: '<!doctype html><script type="module" src="/page.js"></script>',
    },
    "/page.js": await script("page"),
    "/service-worker.js": await script("service-worker"),
    "/monitor.wasm": wasm(`${ROOT}build/monitor.wasm`),
    "/plugin.wasm": wasm(guestPath("increments")),
  });
  t.after(() => receiver.close());
  const browser = await openChromium();
  t.after(() => browser.close());
  const { page } = await openPage(browser, new URL("/", receiver.origin), { offline: false });
  // The worker is there once it has taken the page over, and the page once it has its module.
  const shown = await page.evaluate(async () => {
    for (;;) {
      const answer = await fetch("/metrics");
      const text = await answer.text();
      if (answer.ok && text.includes("plugin_memory_bytes")) return text;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  assert.match(shown, /^plugin_memory_bytes 65536$/m);
});
