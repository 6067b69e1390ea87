/**
 * Child program of `memory.ts`: prints the bytes that one of 100,000 series keeps. Ours are two
 * numbers: the core's records, and the handles that JavaScript keeps for `child()` and
 * `inc(labels)`.
 */
import { readFileSync } from "node:fs";
import { Counter as PeerCounter, Registry } from "prom-client";
import { Core } from "../../host/core.js";
import { Counter } from "../../host/instruments/family.js";

const SERIES_COUNT = 100_000;
const CAPS = { seriesMax: 200_000, seriesPerSourceMax: 200_000 };
const DEFINITION = { name: "requests_total", help: "Requests answered." };
const LABELS = ["method", "path", "code"];

function labelsOf(index: number) {
  return { method: "GET", path: `/api/items/${index}`, code: "200" };
}

/** What JavaScript keeps after a full collection. */
function heapBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function ours(): number[] {
  const module = new WebAssembly.Module(readFileSync("build/monitor.wasm"));
  const core = new Core({ module, ...CAPS });
  const counter = new Counter(core, { ...DEFINITION, labels: LABELS });
  counter.inc(labelsOf(0));
  const arenaBefore = core.exports.output.value;
  const heapBefore = heapBytes();
  for (let index = 1; index <= SERIES_COUNT; index++) counter.inc(labelsOf(index));
  const heap = heapBytes() - heapBefore;
  const arena = core.exports.output.value - arenaBefore;
  counter.inc(labelsOf(0)); // keeps it alive until here
  return [arena / SERIES_COUNT, heap / SERIES_COUNT];
}

function peer(): number[] {
  const registers = [new Registry()];
  const counter = new PeerCounter({ ...DEFINITION, labelNames: LABELS, registers });
  counter.inc(labelsOf(0));
  const heapBefore = heapBytes();
  for (let index = 1; index <= SERIES_COUNT; index++) counter.inc(labelsOf(index));
  const heap = heapBytes() - heapBefore;
  counter.inc(labelsOf(0)); // keeps it alive until here
  return [heap / SERIES_COUNT];
}

console.log((process.argv[2] === "ours" ? ours() : peer()).join(" "));
