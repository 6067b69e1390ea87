/**
 * A scrape of 10,000 counters over loopback, on a kept connection: our server against prom-client
 * behind `node:http`, as its documentation shows. Server and client share the process.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { openClient } from "./http-client.js";
import { alternate } from "./measure.js";
import { openPair, populateIntegers } from "./population.js";
import { PROM_CLIENT, type Result, type Row } from "./row.js";

const SERIES_COUNT = 10_000;

/** prom-client's documented handler. */
async function servePeer(registry: Registry) {
  const server = createServer(async (_request, response) => {
    response.setHeader("Content-Type", registry.contentType);
    response.end(await registry.metrics());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** Both servers over the same population, and a client of each. */
async function openServers() {
  const pair = await openPair({ prometheus: "tcp:127.0.0.1:0" });
  populateIntegers(pair, SERIES_COUNT);
  const address = pair.monitor.addresses.prometheus;
  assert.ok(address?.kind === "tcp");
  const peer = await servePeer(pair.registry);
  const clients = { ours: await openClient(address.port), peer: await openClient(peer.port) };
  const close = async () => {
    clients.ours.close();
    clients.peer.close();
    peer.close();
    await pair.monitor.close();
  };
  return { clients, close };
}

async function scrape(): Promise<Result> {
  const { clients, close } = await openServers();
  let byteCount = 0;
  const { oursNs, peerNs } = await alternate(
    async (count) => {
      for (let i = 0; i < count; i++) byteCount += await clients.ours.get("/metrics");
    },
    async (count) => {
      for (let i = 0; i < count; i++) byteCount += await clients.peer.get("/metrics");
    },
    { rounds: 7, roundMs: 150 },
  );
  assert.ok(byteCount > 0);
  await close();
  return { ours: oursNs, peer: peerNs };
}

export const SCRAPE_ROWS: readonly Row[] = [
  { name: "http_scrape_10k", peer: PROM_CLIENT, ratioMin: 25, run: scrape },
];
