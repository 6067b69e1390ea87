/**
 * Scrapes of many isolates at one place.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Collector } from "../../host/edge/collector.js";
import { createEdgeMonitor } from "../../host/edge/index.js";
import { parseExposition } from "../peers/exposition.js";
import { openExample, withoutWorkerd } from "./edge-worker.js";
import { eventually, until } from "./until.js";

const CORE = new URL("../../monitor.wasm", import.meta.url);
const module = new WebAssembly.Module(readFileSync(CORE));
const skip = withoutWorkerd();

/** The exposition of an isolate that has done so many jobs. */
function isolate(jobs: number): string {
  const monitor = createEdgeMonitor({ module });
  monitor
    .counter({ name: "jobs_total", help: "Jobs.", labels: ["queue"] })
    .inc({ queue: "{" }, jobs);
  monitor.histogram({ name: "seconds", help: "Time.", bounds: [1] }).observe(jobs);
  return new TextDecoder().decode(monitor.prometheus());
}

test("collector: series of isolates stand together, told apart by label", () => {
  const collector = new Collector();
  collector.put("a", isolate(1));
  collector.put("b", isolate(2));
  const text = collector.prometheus();
  assert.match(
    text,
    /^jobs_total\{isolate="a",queue="\{"\} 1\njobs_total\{isolate="b",queue="\{"\} 2$/m,
  );
  assert.match(text, /^seconds_bucket\{isolate="b",le="1"\} 0$/m);
  assert.match(text, /^collector_isolates 2$/m);
  assert.equal(text.match(/^# TYPE jobs_total counter$/gm)?.length, 1);
  assert.equal(text.match(/^# HELP jobs_total /gm)?.length, 1);
  const jobs = parseExposition(text, "text").find(({ name }) => name === "jobs_total");
  assert.equal(jobs?.samples.length, 2);
});

test("collector: a new report replaces the last one", () => {
  const collector = new Collector();
  collector.put("a", isolate(1));
  collector.put("a", isolate(5));
  assert.match(collector.prometheus(), /^jobs_total\{isolate="a",queue="\{"\} 5$/m);
});

test("collector: an isolate that reports no more ends", async () => {
  const collector = new Collector({ ttlMs: 30 });
  collector.put("a", isolate(1));
  await until("it has ended", () => !collector.prometheus().includes('isolate="a"'));
  assert.match(collector.prometheus(), /^collector_ended_total 1$/m);
});

test("collector: what is beyond a limit is refused, and counted", async () => {
  const collector = new Collector({ isolatesMax: 1, reportBytesMax: 10_000 });
  const post = (name: string, body: string) =>
    collector.fetch(new Request(`http://c/isolates/${name}`, { method: "POST", body }));
  assert.equal((await post("a", isolate(1))).status, 204);
  assert.equal((await post("b", isolate(1))).status, 503);
  assert.equal((await post("a", "x".repeat(10_001))).status, 503);
  assert.equal((await post("a/b", "")).status, 404);
  assert.match(collector.prometheus(), /^collector_refused_total 2$/m);
});

test("collector: a body is read no further than its limit", async () => {
  const collector = new Collector({ reportBytesMax: 10_000 });
  let byteCount = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      byteCount += 1_000;
      controller.enqueue(new Uint8Array(1_000));
    },
  });
  const init = { method: "POST", body, duplex: "half" };
  const answer = await collector.fetch(new Request("http://c/isolates/a", init));
  assert.equal(answer.status, 503);
  assert.ok(byteCount < 100_000, `${byteCount} bytes`);
  assert.match(collector.prometheus(), /^collector_refused_total 1$/m);
});

const REPORTS: readonly (readonly [string, string, string, boolean])[] = [
  ["a page of an error", "a", "<html>oops</html>\n", false],
  ["a line without a value", "a", "jobs\n", false],
  ["lines that end as on Windows", "a", "jobs 1\r\n", false],
  ["a name that ends its label", 'a"} 1\nb{c="', "jobs 1\n", false],
  ["values of any kind", "a", 'a{b="}\r"} NaN\nc -1.5e+06 1700000000000\nd +Inf\n', true],
];

for (const [what, instance, report, isTaken] of REPORTS) {
  test(`collector: ${what}: ${isTaken ? "taken" : "refused, for it would spoil all"}`, () => {
    const collector = new Collector();
    assert.equal(collector.put(instance, report), isTaken);
    assert.match(collector.prometheus(), new RegExp(`^collector_refused_total ${+!isTaken}$`, "m"));
  });
}

test("collector: comments are left out, and lines of no type are not", () => {
  const collector = new Collector();
  collector.put("a", "before 1\n# TYPE jobs gauge\n# hello\njobs 2\n# EOF\n");
  const text = collector.prometheus();
  assert.match(
    text,
    /^before\{isolate="a"\} 1\n# TYPE jobs gauge\njobs\{isolate="a"\} 2\n# TYPE c/,
  );
});

test("collector: an application's own label of that name is renamed", () => {
  const collector = new Collector();
  collector.put("a", '# TYPE jobs gauge\njobs{b=",isolate=",isolate="x"} 1\n');
  const line = 'jobs{isolate="a",b=",isolate=",exported_isolate="x"} 1';
  assert.ok(collector.prometheus().split("\n").includes(line));
});

test("collector: limits that are none are refused", () => {
  for (const options of [{ ttlMs: Number.NaN }, { isolatesMax: 0 }, { reportBytesMax: -1 }]) {
    assert.throws(() => new Collector(options), { code: "OPTION_INVALID" });
  }
});

test("collector: a Durable Object answers for the isolates that report to it", {
  skip,
}, async (t) => {
  const worker = await openExample("collector", {}, { durableObjects: { COLLECTOR: "Metrics" } });
  t.after(() => worker.dispose());
  await worker.dispatchFetch("http://shop/");
  await worker.dispatchFetch("http://shop/");
  await eventually("both requests are reported", async () => {
    const text = await (await worker.dispatchFetch("http://shop/metrics")).text();
    return /^requests_total\{isolate="[0-9a-f]{8}"\} 2$/m.test(text);
  });
});
