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
