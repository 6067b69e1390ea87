/**
 * The same series on both sides, with the same values: what the exposition and scrape rows encode.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMonitor } from "../../host/index.js";

/** Series of one family; a population of 10,000 is ten families. */
const FAMILY_SERIES = 1000;

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OBSERVATIONS_EACH = 20;

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"] as const;

/** Caps that let the largest population in. */
const CAPS = { seriesMax: 200_000, seriesPerSourceMax: 200_000 };

type MonitorOptions = NonNullable<Parameters<typeof createMonitor>[0]>;

/** Opens a monitor and a registry with nothing in them. */
export async function openPair(options: MonitorOptions = {}) {
  const monitor = await createMonitor({ defaultSources: false, ...CAPS, ...options });
  return { monitor, registry: new Registry() };
}

export type Pair = Awaited<ReturnType<typeof openPair>>;

/** Numbers in [0, 1) that are the same in every run (mulberry32, Tommy Ettinger). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The labels of the series with this index in its family. */
function labelsOf(index: number) {
  const method = METHODS[index % METHODS.length] ?? "";
  return { method, path: `/api/items/${index}`, code: "200" };
}

const LABELS = ["method", "path", "code"];

/** Registers counters with integers below a million. */
export function populateIntegers({ monitor, registry }: Pair, seriesCount: number): void {
  const random = seeded(1);
  for (let family = 0; family < seriesCount / FAMILY_SERIES; family++) {
    const definition = { name: `requests_${family}_total`, help: "Requests answered." };
    const ours = monitor.counter({ ...definition, labels: LABELS });
    const peer = new Counter({ ...definition, labelNames: LABELS, registers: [registry] });
    for (let index = 0; index < FAMILY_SERIES; index++) {
      const value = Math.floor(random() * 1e6);
      ours.child(labelsOf(index)).inc(value);
      peer.inc(labelsOf(index), value);
    }
  }
}

/** Registers gauges with doubles that need all their digits. */
export function populateFloats({ monitor, registry }: Pair, seriesCount: number): void {
  const random = seeded(2);
  for (let family = 0; family < seriesCount / FAMILY_SERIES; family++) {
    const definition = { name: `load_${family}`, help: "Load of a worker." };
    const ours = monitor.gauge({ ...definition, labels: LABELS });
    const peer = new Gauge({ ...definition, labelNames: LABELS, registers: [registry] });
    for (let index = 0; index < FAMILY_SERIES; index++) {
      const value = random() * 1000;
      ours.child(labelsOf(index)).set(value);
      peer.set(labelsOf(index), value);
    }
  }
}

/** Registers histograms of eleven buckets with twenty observations each. */
export function populateHistograms({ monitor, registry }: Pair, seriesCount: number): void {
  const random = seeded(3);
  const definition = { name: "latency_seconds", help: "Time to answer." };
  const ours = monitor.histogram({ ...definition, labels: LABELS, bounds: BUCKETS });
  const peer = new Histogram({
    ...definition,
    labelNames: LABELS,
    buckets: BUCKETS,
    registers: [registry],
  });
  for (let index = 0; index < seriesCount; index++) {
    const child = ours.child(labelsOf(index));
    for (let left = OBSERVATIONS_EACH; left > 0; left--) {
      const value = random() ** 4 * 12;
      child.observe(value);
      peer.observe(labelsOf(index), value);
    }
  }
}

/** What a monitor tells of itself. */
const OUR_OWN = /^(monitor|prometheus_logs|logs)_/;

/** The value lines of an exposition, sorted, with sorted labels: equal when the samples are. */
export function samplesOf(exposition: string): string[] {
  return exposition
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !OUR_OWN.test(line))
    .map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${sortLabels(labels)}}`))
    .sort();
}

function sortLabels(labels: string): string {
  return labels.split(",").sort().join(",");
}
