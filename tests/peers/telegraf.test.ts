/**
 * A real Telegraf takes our lines in every way that it has, and writes them again unchanged.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { LineReceiver } from "../host/line-receiver.js";
import { registerEverything, UNHEARD } from "./everything.js";
import { canonical, parseLine } from "./line-protocol.js";
import { waitUntil } from "./peer.js";
import { missing } from "./program.js";
import { openTelegraf, type Telegraf } from "./telegraf.js";

const HOUR_MS = 3_600_000;
const TOKEN = "right";

/** Every way into a Telegraf. */
const WAYS: Readonly<Record<string, (telegraf: Telegraf) => string>> = {
  tcp: ({ ports }) => `tcp://127.0.0.1:${ports.tcp}`,
  udp: ({ ports }) => `udp://127.0.0.1:${ports.udp}`,
  unix: ({ unixPath }) => `unix:${unixPath}`,
  "http listener": ({ ports }) => `http://127.0.0.1:${ports.http}/telegraf`,
  "InfluxDB 1": ({ ports }) => `http://127.0.0.1:${ports.influx}/write?db=x`,
  "InfluxDB 2": ({ ports }) =>
    `http://127.0.0.1:${ports.influx2}/api/v2/write?org=o&bucket=b&token=${TOKEN}`,
};

describe("telegraf", { skip: missing("telegraf"), timeout: 90_000 }, () => {
  for (const parser of ["internal", "upstream"] as const) {
    test(`lines of everything arrive unchanged in every way, ${parser} parser`, async (t) => {
      const telegraf = await openTelegraf({ token: TOKEN, parser });
      t.after(() => telegraf.close());
      const receiver = await new LineReceiver().start();
      t.after(() => receiver.stop());
      const ways = Object.values(WAYS).map((urlOf) => urlOf(telegraf));

      const monitor = await createMonitor({
        vmName: 'h "ö"',
        push: [receiver.url, ...ways],
        intervalMs: HOUR_MS,
        metrics: "*:on,monitor_push:off",
        unsigned: "u",
        logs: UNHEARD,
      });
      t.after(() => monitor.close());
      registerEverything(monitor);
      await monitor.close();

      const pushed = receiver.lines.map(read).sort();
      const arrived = await telegraf.waitForLines(pushed.length * ways.length);
      const expected = pushed.flatMap((line) => ways.map(() => line));
      assert(pushed.length > 20);
      assert.deepEqual(arrived.map(read).sort(), expected);
      assert.doesNotMatch(telegraf.output(), / E! /);
    });
  }

  test("lines that a wrong token got rejected are counted, and logged once", async (t) => {
    const telegraf = await openTelegraf({ token: TOKEN });
    t.after(() => telegraf.close());
    const url = `http://127.0.0.1:${telegraf.ports.influx2}/api/v2/write?org=o&bucket=b`;
    const push = [
      { url, token: TOKEN },
      { url, token: "wrong" },
    ];
    const monitor = await createMonitor({ push, intervalMs: HOUR_MS, metrics: "*:off,a:on" });
    t.after(() => monitor.close());
    monitor.source({ name: "a", fields: [{ key: "n", type: "i64" }] }).report({ n: 1 });
    await monitor.push();
    await monitor.push();
    assert.equal((await telegraf.waitForLines(2)).length, 2);
    assert.equal(monitor.command("Mmonitor_push:on,monitor_logs:on"), "ok");
    const text = new TextDecoder().decode(monitor.prometheus());
    assert.match(text, /^monitor_push_sent_lines_total\{[^}]*b"\} 2$/m);
    assert.match(text, /^monitor_push_rejected_lines_total\{[^}]*b #2"\} 2$/m);
    assert.match(text, /^monitor_logs_written_total 1$/m);
    assert.doesNotMatch(text, /wrong|right/);
    await monitor.close();
  });

  // What Telegraf has answered with 2xx and not yet written is lost by a kill: its loss, not ours.
  const endings: readonly (readonly [NodeJS.Signals, readonly string[]])[] = [
    ["SIGTERM", ["tcp", "unix", "http listener", "InfluxDB 1"]],
    ["SIGKILL", ["tcp", "unix"]],
  ];
  for (const [signal, ways] of endings) {
    test(`${signal} and a start in between lose no line: ${ways.join(", ")}`, async (t) => {
      const telegraf = await openTelegraf();
      t.after(() => telegraf.close());
      const tickers = await Promise.all(ways.map((way) => startTicker(t, telegraf, way)));
      const pass = (ticks: number) => Promise.all(tickers.map((ticker) => ticker.pass(ticks)));
      for (let round = 0; round < 3; round++) {
        await pass(4);
        await telegraf.stop(signal);
        await pass(3);
        await telegraf.start();
      }
      await pass(4);
      const counts = tickers.map(({ tickCount }) => tickCount());
      await waitUntil(
        () => ways.every((way, at) => missingTicks(telegraf, way, counts[at] ?? 0).length === 0),
        () => `missing: ${ways.map((way, at) => missingTicks(telegraf, way, counts[at] ?? 0))}`,
      );
      assert.doesNotMatch(telegraf.output(), /parse error/);
    });
  }
});

interface Ticker {
  readonly tickCount: () => number;
  /** Waits for that many pushes more. */
  readonly pass: (ticks: number) => Promise<void>;
}

/** Pushes the number of the push, every 250 ms; tag `vm` is the way. */
async function startTicker(t: TestContext, telegraf: Telegraf, way: string): Promise<Ticker> {
  const monitor = await createMonitor({
    vmName: way,
    push: WAYS[way]?.(telegraf),
    intervalMs: 250,
    metrics: "*:off,tick:on",
    logLevels: "*:quiet",
  });
  t.after(() => monitor.close());
  let count = 0;
  const tick = monitor.source({ name: "tick", fields: [{ key: "n", type: "i64" }] });
  monitor.onCollect(() => tick.report({ n: ++count }));
  return {
    tickCount: () => count,
    pass: (ticks) => {
      const goal = count + ticks;
      return waitUntil(
        () => count >= goal,
        () => `${count} of ${goal} pushes`,
      );
    },
  };
}

/** Which ticks from 1 to `count` have not arrived by that way. */
function missingTicks(telegraf: Telegraf, way: string, count: number): number[] {
  const arrived = new Set<number>();
  for (const line of telegraf.lines()) {
    const { tags, fields } = parseLine(line);
    if (tags.vm === way) arrived.add(Number(fields.n));
  }
  return Array.from({ length: count }, (_, at) => at + 1).filter((tick) => !arrived.has(tick));
}

function read(line: string): string {
  return canonical(parseLine(line));
}
