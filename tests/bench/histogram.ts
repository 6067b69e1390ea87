/**
 * Histograms against prom-client, with its eleven default buckets on both sides: one without
 * labels, and eight through child handles. The loops are written twice on purpose: a shared one
 * would make both sides pay for the other's types.
 */
import assert from "node:assert/strict";
import { Histogram, Registry } from "prom-client";
import { createMonitor } from "../../host/index.js";
import { alternate } from "./measure.js";
import { PROM_CLIENT, type Result, type Row } from "./row.js";

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ROUTES = ["/", "/login", "/search", "/item", "/cart", "/pay", "/help", "/status"] as const;
const ROUTE_MASK = ROUTES.length - 1;

const NAME = "request_seconds";
const HELP = "Time to answer.";

/** From 2 ms to 20 s, in a fixed shuffled order; every decade gets as many. */
const OBSERVATIONS = Float64Array.from(
  { length: 1024 },
  (_, index) => 0.002 * 10 ** (((index * 389) % 1024) / 256),
);
const OBSERVATION_MASK = OBSERVATIONS.length - 1;

/** Both sides' histograms, and how often each observed. */
async function openHistograms(labels: readonly string[]) {
  const monitor = await createMonitor({ defaultSources: false });
  const ours = monitor.histogram({ name: NAME, help: HELP, labels, bounds: BUCKETS });
  const registry = new Registry();
  const peer = new Histogram({
    name: NAME,
    help: HELP,
    labelNames: [...labels],
    buckets: BUCKETS,
    registers: [registry],
  });
  return { monitor, ours, registry, peer, count: { ours: 0, peer: 0 } };
}

type Histograms = Awaited<ReturnType<typeof openHistograms>>;

/** Proves that every observation was counted, on both sides, in the same buckets. */
async function finish({ monitor, registry, count }: Histograms): Promise<void> {
  const ours = new TextDecoder().decode(monitor.prometheus());
  const peer = await registry.metrics();
  assert.equal(countOf(ours), count.ours);
  assert.equal(countOf(peer), count.peer);
  for (const bucket of BUCKETS) {
    const difference = bucketOf(ours, bucket) / count.ours - bucketOf(peer, bucket) / count.peer;
    assert.ok(Math.abs(difference) < 1e-3, `bucket ${bucket}`);
  }
  await monitor.close();
}

function countOf(exposition: string): number {
  return sum(exposition, new RegExp(`^${NAME}_count\\S* (\\S+)$`, "gm"));
}

function bucketOf(exposition: string, bound: number): number {
  return sum(exposition, new RegExp(`^${NAME}_bucket\\{.*le="${bound}".* (\\S+)$`, "gm"));
}

function sum(exposition: string, line: RegExp): number {
  return [...exposition.matchAll(line)].reduce((total, match) => total + Number(match[1]), 0);
}

async function observe(): Promise<Result> {
  const histograms = await openHistograms([]);
  const { ours, peer } = histograms;
  const { oursNs, peerNs } = await alternate(
    (count) => {
      for (let i = 0; i < count; i++) ours.observe(OBSERVATIONS[i & OBSERVATION_MASK] ?? 0);
      histograms.count.ours += count;
    },
    (count) => {
      for (let i = 0; i < count; i++) peer.observe(OBSERVATIONS[i & OBSERVATION_MASK] ?? 0);
      histograms.count.peer += count;
    },
  );
  await finish(histograms);
  return { ours: oursNs, peer: peerNs };
}

async function observeByChildren(): Promise<Result> {
  const histograms = await openHistograms(["route"]);
  const oursChildren = ROUTES.map((route) => histograms.ours.child({ route }));
  const peerChildren = ROUTES.map((route) => histograms.peer.labels(route));
  const { oursNs, peerNs } = await alternate(
    (count) => {
      for (let i = 0; i < count; i++) {
        oursChildren[i & ROUTE_MASK]?.observe(OBSERVATIONS[i & OBSERVATION_MASK] ?? 0);
      }
      histograms.count.ours += count;
    },
    (count) => {
      for (let i = 0; i < count; i++) {
        peerChildren[i & ROUTE_MASK]?.observe(OBSERVATIONS[i & OBSERVATION_MASK] ?? 0);
      }
      histograms.count.peer += count;
    },
  );
  await finish(histograms);
  return { ours: oursNs, peer: peerNs };
}

export const HISTOGRAM_ROWS: readonly Row[] = [
  { name: "histogram_observe", peer: PROM_CLIENT, ratioMin: 30, run: observe },
  { name: "histogram_child_observe", peer: PROM_CLIENT, ratioMin: 60, run: observeByChildren },
];
