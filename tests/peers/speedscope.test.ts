/**
 * Reports opened in speedscope itself: the page of its npm package, in Chromium, without a network.
 * As its own command line does it, a script beside the page hands over the file.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import type { ReportFormat } from "../../host/report/format.js";
import { openReport } from "../../host/report/report.js";
import { EVERYTHING } from "../../host/report/window.js";
import { TraceReader } from "../../host/trace/reader.js";
import { readVector } from "../host/trace-vector.js";
import { temporaryFolder } from "../host/wmon.js";
import { openChromium, openPage } from "./chromium.js";
import { missing } from "./program.js";

const skip = missing("chromium");

const PAGE = new URL("dist/release/index.html", import.meta.resolve("speedscope/package.json"));
/** The key of the view that is a table: the others are pictures. */
const SANDWICH = "3";
/** Chromium's own remark on drawing without a graphics card. */
const DRIVER_MESSAGE = /GL Driver Message/;

/** 1,065,760,000 bytes are allocated in all; of collapsed stacks speedscope knows no unit. */
const OPENED: readonly (readonly [ReportFormat, string, RegExp])[] = [
  ["speedscope", "/srv/app.wasm [-1]", /1016\.39 MB \(100%\)\s+36\.16 MB \(3\.6%\)\s+fn25\s/],
  ["pprof", "trace.pprof", /1016\.39 MB \(100%\)\s+36\.16 MB \(3\.6%\)\s+fn25\s/],
  ["collapsed", "trace.collapsed", /1,065,760,000 \(100%\)\s+76,840,000 \(7\.2%\)\s+fn25\s/],
];

for (const [format, title, table] of OPENED) {
  test(`speedscope: opens a report in format ${format}`, { skip }, async (t) => {
    const { page, complaints } = await openIn(t, format);
    await page.waitForFunction((wanted) => document.title.startsWith(wanted), title);
    await page.keyboard.press(SANDWICH);
    await page.getByText("Symbol Name").waitFor();
    assert.match(await page.innerText("body"), table);
    assert.deepEqual(
      complaints.filter((text) => !DRIVER_MESSAGE.test(text)),
      [],
    );
  });
}

test("speedscope: the second profile is what is alive at the end", { skip }, async (t) => {
  const { page } = await openIn(t, "speedscope");
  await page.getByText("allocated (1/2)").waitFor();
  await page.keyboard.press("n");
  await page.getByText("live at the end (2/2)").waitFor();
  await page.keyboard.press(SANDWICH);
  await page.getByText("Symbol Name").waitFor();
  const table = await page.innerText("body");
  assert.match(table, /12\.86 MB \(9\.4%\)\s+12\.86 MB \(9\.4%\)\s+fn80é\s/);
  assert.match(table, /136\.38 MB \(100%\)\s+351\.56 KB \(0\.25%\)\s+fn25\s/);
});

/** Opens a vector's report. */
async function openIn(
  t: TestContext,
  format: ReportFormat,
): Promise<{ page: Page; complaints: readonly string[] }> {
  const browser = await openChromium();
  t.after(() => browser.close());
  const script = join(temporaryFolder(t), "handover.js");
  const name = JSON.stringify(`trace.${format}`);
  const content = JSON.stringify(Buffer.from(await report(format)).toString("base64"));
  writeFileSync(script, `speedscope.loadFileFromBase64(${name}, ${content})`);
  const address = new URL(PAGE);
  address.hash = `localProfilePath=${script}`;
  return openPage(browser, address);
}

async function report(format: ReportFormat): Promise<Uint8Array> {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const making = openReport({ format, window: EVERYTHING, isLive: false, write });
  const reader = new TraceReader(making.visitor);
  reader.push(readVector("guest").trace);
  const { output } = await making.finish(reader.end());
  return Buffer.concat([Buffer.from(written.join("")), Buffer.from(output)]);
}
