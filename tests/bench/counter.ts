/**
 * Counters against prom-client: by child handles, and by labels given as an object at each call.
 * Both sides rotate over the same eight series, and both totals are checked at the end.
 */
import assert from "node:assert/strict";
import { Counter, Registry } from "prom-client";
import { createMonitor } from "../../host/index.js";
import { alternate } from "./measure.js";
import { PROM_CLIENT, type Result, type Row } from "./row.js";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const;
const METHOD_MASK = METHODS.length - 1;
const ROUTE = "/api/items/:id";
const CODE = "200";

const NAME = "http_requests_total";
const HELP = "Requests answered.";
const LABELS = ["method", "route", "code"];

/** Both sides' counters, and how often each was incremented. */
async function openCounters() {
  const monitor = await createMonitor({ defaultSources: false });
  const ours = monitor.counter({ name: NAME, help: HELP, labels: LABELS });
  const registry = new Registry();
  const peer = new Counter({
    name: NAME,
    help: HELP,
    labelNames: LABELS,
    registers: [registry],
  });
  return { monitor, ours, registry, peer, count: { ours: 0, peer: 0 } };
}

type Counters = Awaited<ReturnType<typeof openCounters>>;

/** Proves that every increment arrived, on both sides. */
async function finish({ monitor, registry, count }: Counters): Promise<void> {
  assert.equal(total(new TextDecoder().decode(monitor.prometheus())), count.ours);
  assert.equal(total(await registry.metrics()), count.peer);
  await monitor.close();
}

function total(exposition: string): number {
  const values = exposition.matchAll(new RegExp(`^${NAME}\\{.*\\} (.*)$`, "gm"));
  return [...values].reduce((sum, match) => sum + Number(match[1]), 0);
}

async function incrementChildren(): Promise<Result> {
  const counters = await openCounters();
  const oursChildren = METHODS.map((method) =>
    counters.ours.child({ method, route: ROUTE, code: CODE }),
  );
  const peerChildren = METHODS.map((method) => counters.peer.labels(method, ROUTE, CODE));
  const { oursNs, peerNs } = await alternate(
    (count) => {
      for (let i = 0; i < count; i++) oursChildren[i & METHOD_MASK]?.inc();
      counters.count.ours += count;
    },
    (count) => {
      for (let i = 0; i < count; i++) peerChildren[i & METHOD_MASK]?.inc();
      counters.count.peer += count;
    },
  );
  await finish(counters);
  return { ours: oursNs, peer: peerNs };
}

async function incrementByLabels(): Promise<Result> {
  const counters = await openCounters();
  const { ours, peer } = counters;
  const { oursNs, peerNs } = await alternate(
    (count) => {
      for (let i = 0; i < count; i++) {
        ours.inc({ method: METHODS[i & METHOD_MASK] ?? "", route: ROUTE, code: CODE });
      }
      counters.count.ours += count;
    },
    (count) => {
      for (let i = 0; i < count; i++) {
        peer.inc({ method: METHODS[i & METHOD_MASK] ?? "", route: ROUTE, code: CODE });
      }
      counters.count.peer += count;
    },
  );
  await finish(counters);
  return { ours: oursNs, peer: peerNs };
}

export const COUNTER_ROWS: readonly Row[] = [
  { name: "counter_child_inc", peer: PROM_CLIENT, ratioMin: 100, run: incrementChildren },
  { name: "counter_labels_object_inc", peer: PROM_CLIENT, ratioMin: 12, run: incrementByLabels },
];
