/**
 * The body of `/metrics` as bytes, against prom-client's text encoded as UTF-8: what both have to
 * hand to a socket. Both bodies are checked to hold the same samples before they are timed.
 */
import assert from "node:assert/strict";
import { alternate } from "./measure.js";
import {
  openPair,
  type Pair,
  populateFloats,
  populateHistograms,
  populateIntegers,
  samplesOf,
} from "./population.js";
import { PROM_CLIENT, type Result, type Row } from "./row.js";

/** Series whose samples are compared; more would take longer than the measurement. */
const COMPARED_MAX = 10_000;

const FEW_ROUNDS = { rounds: 5, roundMs: 100 };

async function encode(
  populate: (pair: Pair, seriesCount: number) => void,
  seriesCount: number,
): Promise<Result> {
  const pair = await openPair();
  const { monitor, registry } = pair;
  populate(pair, seriesCount);
  if (seriesCount <= COMPARED_MAX) {
    const ours = new TextDecoder().decode(monitor.prometheus());
    assert.deepEqual(samplesOf(ours), samplesOf(await registry.metrics()));
  }
  let byteCount = 0;
  const { oursNs, peerNs } = await alternate(
    (count) => {
      for (let i = 0; i < count; i++) byteCount += monitor.prometheus().length;
    },
    async (count) => {
      for (let i = 0; i < count; i++) byteCount += Buffer.from(await registry.metrics()).length;
    },
    FEW_ROUNDS,
  );
  assert.ok(byteCount > 0);
  await monitor.close();
  return { ours: oursNs, peer: peerNs };
}

export const EXPOSITION_ROWS: readonly Row[] = [
  {
    name: "prometheus_encode_10k_int",
    peer: PROM_CLIENT,
    ratioMin: 150,
    run: () => encode(populateIntegers, 10_000),
  },
  {
    name: "prometheus_encode_10k_float",
    peer: PROM_CLIENT,
    ratioMin: 35,
    run: () => encode(populateFloats, 10_000),
  },
  {
    name: "prometheus_encode_1k_histograms",
    peer: PROM_CLIENT,
    ratioMin: 80,
    run: () => encode(populateHistograms, 1000),
  },
  {
    name: "prometheus_encode_100k_int",
    peer: PROM_CLIENT,
    ratioMin: 150,
    run: () => encode(populateIntegers, 100_000),
  },
];
