/**
 * More connections than the scrape server takes: those over the limit are closed and counted.
 */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { until } from "./until.js";

test("scrape: connections over the limit are counted, and a scrape works after them", async (t) => {
  const monitor = await createMonitor({ prometheus: "tcp:127.0.0.1:0" });
  t.after(() => monitor.close());
  const { prometheus } = monitor.addresses;
  assert.ok(prometheus?.kind === "tcp");
  const sockets: Socket[] = [];
  let closedCount = 0;
  for (let count = 0; count < 270; count++) {
    const socket = connect(prometheus.port, prometheus.host);
    socket.on("error", () => {});
    socket.on("close", () => closedCount++);
    sockets.push(socket);
  }
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const dropped = () => {
    const text = Buffer.from(monitor.prometheus()).toString();
    return Number(/^monitor_scrape_dropped_total (\d+)$/m.exec(text)?.[1]);
  };
  await until("the crowd is turned away", () => dropped() === 14 && closedCount === 14);
  for (const socket of sockets) socket.destroy();
  await until("all have gone", () => closedCount === 270);
  const url = `http://127.0.0.1:${prometheus.port}/metrics`;
  await until("there is room", () => dropped() === 14);
  assert.equal((await fetch(url, { headers: { connection: "close" } })).status, 200);
});
