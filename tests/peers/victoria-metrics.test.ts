/**
 * A real VictoriaMetrics receives lines over TCP: from the start, late, and after a long pause.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { describe, test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { Load } from "./load.js";
import { waitUntil } from "./peer.js";
import { missing } from "./program.js";
import { openVictoriaMetrics } from "./victoria-metrics.js";

const ONCE = { args: ["-dedup.minScrapeInterval=1ms"] };

describe("victoria-metrics", { skip: missing("victoria-metrics"), timeout: 90_000 }, () => {
  test("values arrive with their tags, as numbers", async (t) => {
    const store = await openVictoriaMetrics();
    t.after(() => store.close());
    const push = `tcp://127.0.0.1:${store.influxPort}`;
    const monitor = await createMonitor({ vmName: "h", push, intervalMs: 3_600_000 });
    const fields = [
      { key: "used", type: "i64" },
      { key: "share", type: "f64" },
      { key: "full", type: "bool" },
      { key: "state", type: "text" },
    ] as const;
    const disk = monitor.source({ name: "disk", tags: ["path"], fields });
    disk.series({ path: "/a b" }).report({ used: 5, share: 0.1, full: true, state: "up" });
    disk.series({ path: "/ö=,c" }).report({ used: -7, share: 1e21, full: false, state: "up" });
    await monitor.close();
    await store.flush();

    const stored = await store.export('{__name__=~"disk_(used|share|full)"}');
    const values = stored.map(({ metric, values }) => [metric.__name__, metric.path, ...values]);
    assert.deepEqual(values.sort(), [
      ["disk_full", "/a b", 1],
      ["disk_full", "/ö=,c", 0],
      ["disk_share", "/a b", 0.1],
      ["disk_share", "/ö=,c", 1e21],
      ["disk_used", "/a b", 5],
      ["disk_used", "/ö=,c", -7],
    ]);
    assert(stored.every(({ metric }) => metric.vm === "h"));
  });

  test("a store that is absent at the start gets every line once it is there", async (t) => {
    const store = await openVictoriaMetrics(ONCE);
    t.after(() => store.close());
    await store.stop();
    const push = `tcp://127.0.0.1:${store.influxPort}`;
    const load = await Load.start({ push, intervalMs: 200, seriesCount: 20 });
    t.after(() => load.monitor.close());
    await passGathers(load, 6);
    await store.start();
    await passGathers(load, 6);
    await waitUntil(
      () => load.counts()[0]?.connected === 1,
      () => JSON.stringify(load.counts()),
    );
    await load.monitor.close();
    await store.flush();
    const [counts] = load.counts();
    assert.equal(counts?.sent_lines, load.lineCount);
    assert.equal(counts?.dropped_lines, 0);
    await assertStored(store, load);
  });

  test("a store that stops reading delays nobody, and loses what is counted", async (t) => {
    const store = await openVictoriaMetrics(ONCE);
    t.after(() => store.close());
    const healthy = await openCounter();
    t.after(() => healthy.server.close());
    const load = await Load.start({
      push: [`tcp://127.0.0.1:${store.influxPort}`, healthy.url],
      intervalMs: 200,
      seriesCount: 2_000,
      padding: 1_000,
      control: "tcp:127.0.0.1:0",
    });
    t.after(() => load.monitor.close());
    await passGathers(load, 2);
    store.pause();
    await waitUntil(
      () => (load.counts()[0]?.dropped_lines ?? 0) > 0,
      () => JSON.stringify(load.counts()),
    );
    const held = load.counts()[0]?.buffered_bytes ?? 0;
    assert(held <= 64 * 1024 * 1024, `${held} bytes held`);
    assert.equal(await command(load, "mload\n"), "ok: load:enabled\n");
    store.resume();
    await passGathers(load, 5);
    await load.monitor.close();

    const [paused = {}, other = {}] = load.counts();
    assert.equal(other.sent_lines, load.lineCount);
    assert.equal(healthy.lineCount, load.lineCount);
    const { sent_lines = 0, dropped_lines = 0, unconfirmed_lines = 0 } = paused;
    // A line may leave the full buffer while it is being written: it counts as both.
    assert(sent_lines + dropped_lines >= load.lineCount, "every line is sent or dropped");
    assert(sent_lines <= load.lineCount);
    await store.flush();
    const series = await store.exportOnce('{__name__="load_n"}');
    const storedCount = series.reduce((sum, { values }) => sum + values.length, 0);
    t.diagnostic(JSON.stringify({ lines: load.lineCount, storedCount, ...paused }));
    assert(storedCount <= load.lineCount);
    assert(storedCount >= load.lineCount - dropped_lines - unconfirmed_lines);
  });
});

/** Each gather's value is in the store, once, for every series. */
async function assertStored(
  store: Awaited<ReturnType<typeof openVictoriaMetrics>>,
  load: Load,
): Promise<void> {
  const expected = Array.from({ length: load.gatherCount }, (_, at) => at + 1);
  for (const { metric, values } of await store.exportOnce('{__name__="load_n"}')) {
    assert.deepEqual(values, expected, metric.id);
  }
}

function passGathers(load: Load, gathers: number): Promise<void> {
  const goal = load.gatherCount + gathers;
  return waitUntil(
    () => load.gatherCount >= goal,
    () => `${load.gatherCount} of ${goal} gathers`,
  );
}

/** One command over the control port. */
async function command(load: Load, text: string): Promise<string> {
  const { control } = load.monitor.addresses;
  assert(control?.kind === "tcp");
  const socket = connect(control.port, control.host);
  socket.write(text);
  const [reply] = await once(socket, "data");
  socket.destroy();
  return String(reply);
}

interface LineCounter {
  readonly server: Server;
  readonly url: string;
  lineCount: number;
}

/** A receiver that keeps nothing but the number of lines. */
async function openCounter(): Promise<LineCounter> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) counter.lineCount++;
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const counter = { server, url: `tcp://127.0.0.1:${port}`, lineCount: 0 };
  return counter;
}
