/**
 * Scrapes of many isolates at one place.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Collector, createEdgeMonitor } from "../../host/edge/index.js";
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
