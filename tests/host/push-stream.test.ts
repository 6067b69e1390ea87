/**
 * The push over TCP and Unix sockets, against real listeners that come and go.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { nodePlatform } from "../../host/platforms/node.js";
import { createPush, type Push, type PushOptions } from "../../host/push/push.js";
import type { ReceiverStats } from "../../host/push/transport.js";
import { LineReceiver } from "./line-receiver.js";
import { ReportSource } from "./report-source.js";
import { until } from "./until.js";

const QUICK = { platform: nodePlatform, backoffMinMs: 10, backoffMaxMs: 40 };
const folder = mkdtempSync(join(tmpdir(), "push-"));
after(() => rmSync(folder, { recursive: true }));

function pushTo(url: string, encode: () => Uint8Array, options: Partial<PushOptions> = {}): Push {
  return createPush({ ...QUICK, receivers: [{ url }], encode, intervalMs: 30, ...options });
}

function statsOf(push: Push): ReceiverStats {
  const [stats] = push.stats;
  assert.ok(stats);
  return stats;
}

for (const kind of ["tcp", "unix"] as const) {
  describe(`push over ${kind}`, () => {
    const where = (name: string) => (kind === "unix" ? { path: join(folder, name) } : {});

    test("the first push is at once, each line arrives once, close flushes the rest", async () => {
      const receiver = await new LineReceiver(where("a")).start();
      const source = new ReportSource(100);
      const push = pushTo(receiver.url, source.encode);
      push.start();
      assert.equal(source.reportCount, 1);
      await until("three reports went out", () => receiver.lines.length >= 300);
      await push.close();
      await until("all lines came", () => receiver.lines.length >= source.lines.length);
      assert.deepEqual(receiver.lines, source.lines);
      const { droppedLines, resentLines, failures, bufferedLines, connected } = statsOf(push);
      assert.deepEqual(
        { droppedLines, resentLines, failures, bufferedLines, connected },
        { droppedLines: 0, resentLines: 0, failures: 0, bufferedLines: 0, connected: 0 },
      );
      await receiver.stop();
    });

    test("a receiver absent at start gets everything once it is there", async () => {
      const receiver = await new LineReceiver(where("b")).start();
      await receiver.stop();
      const source = new ReportSource(10);
      const log: string[] = [];
      const push = pushTo(receiver.url, source.encode, { log: (_, text) => log.push(text) });
      push.start();
      await until("attempts failed", () => statsOf(push).failures >= 3);
      assert.equal(log.length, 1, "one line for the change of state, none for a retry");
      await receiver.start();
      await until("it has old lines", () => receiver.lines.length >= 30);
      await push.close();
      await until("all lines came", () => receiver.lines.length >= source.lines.length);
      assert.deepEqual(receiver.lines, source.lines);
      assert.match(log[1] ?? "", /delivers again/);
      await receiver.stop();
    });

    test("broken connections: every line arrives whole, at least once", async () => {
      const receiver = await new LineReceiver(where("c")).start();
      const source = new ReportSource(200, 100);
      const push = pushTo(receiver.url, source.encode);
      push.start();
      for (let round = 0; round < 12; round++) {
        const seen = receiver.lines.length;
        await until("lines come", () => receiver.lines.length > seen);
        if (round % 3 === 0) receiver.cut(round % 2 === 0);
        else {
          await receiver.stop(round % 2 === 0);
          await receiver.start();
        }
      }
      const seen = receiver.lines.length;
      await until("lines come", () => receiver.lines.length > seen);
      await push.close();
      await until("all came", () => new Set(receiver.lines).size >= source.lines.length);
      assert.deepEqual(new Set(receiver.lines), new Set(source.lines));
      assert.equal(statsOf(push).droppedLines, 0);
      assert.ok(statsOf(push).resentLines > 0);
      assert.ok(statsOf(push).reconnects >= 12);
      await receiver.stop();
    });
  });
}

test("push: a line is let go only when its connection has outlived the next push", async () => {
  const receiver = await new LineReceiver().start();
  const push = pushTo(receiver.url, new ReportSource(10).encode, { intervalMs: 1_000 });
  const held = () => statsOf(push).bufferedLines;
  await push.push();
  await push.push();
  await push.push();
  assert.equal(held(), 30, "pushes in quick succession prove nothing");
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  await push.push();
  // What the third push wrote has an old follower only in the fourth.
  assert.equal(held(), 20);
  await push.close();
  assert.equal(statsOf(push).unconfirmedLines, 30);
  assert.equal(statsOf(push).sentLines, 50);
  await receiver.stop();
});

test("push: a receiver that never reads is bounded, given up, and counted", async (context) => {
  const receiver = await new LineReceiver({ isDeaf: true }).start();
  context.after(() => receiver.stop());
  const source = new ReportSource(2_000, 400);
  const bufferBytesMax = 12_000_000;
  const push = pushTo(receiver.url, source.encode, { bufferBytesMax, writeTimeoutMs: 60 });
  context.after(() => push.close(100));
  push.start();
  let held = 0;
  await until("connections were given up", () => {
    held = Math.max(held, statsOf(push).bufferedBytes);
    return statsOf(push).failures >= 2 && statsOf(push).droppedLines > 0;
  });
  await push.close(100);
  const { sentLines, droppedLines, unconfirmedLines } = statsOf(push);
  assert.ok(held <= bufferBytesMax);
  assert.ok(droppedLines + unconfirmedLines >= source.lines.length, "none arrived, all count");
  assert.ok(sentLines < source.lines.length);
});

test("push: a slow receiver holds back no other", async () => {
  const [deaf, quick] = [new LineReceiver({ isDeaf: true }), new LineReceiver()];
  await Promise.all([deaf.start(), quick.start()]);
  const source = new ReportSource(2_000, 400);
  const push = createPush({
    ...QUICK,
    receivers: [{ url: deaf.url }, { url: quick.url }],
    encode: source.encode,
    intervalMs: 10,
  });
  push.start();
  await until("many reports came", () => quick.lines.length >= 20_000);
  assert.equal(push.stats[0]?.failures, 0, "the deaf one is still waited for");
  await push.close(50);
  await Promise.all([deaf.stop(), quick.stop()]);
});

test("push: a single slow receiver never gets a second push before the first is done", async () => {
  const deaf = await new LineReceiver({ isDeaf: true }).start();
  const source = new ReportSource(5_000, 600);
  const push = pushTo(deaf.url, source.encode, { intervalMs: 1, writeTimeoutMs: 60_000 });
  push.start();
  let before = -1;
  await until("the system's buffers are full", () => {
    const isStill = statsOf(push).sentBytes === before && before > 0;
    before = statsOf(push).sentBytes;
    return isStill;
  });
  const { reportCount } = source;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(source.reportCount, reportCount);
  await push.close(20);
  await deaf.stop();
});

test("push: without timestamps a line is sent once, and it says so", async () => {
  const receiver = await new LineReceiver().start();
  const source = new ReportSource(50);
  const log: string[] = [];
  const push = pushTo(receiver.url, source.encode, {
    timestamps: "none",
    log: (_, text) => log.push(text),
  });
  push.start();
  for (let round = 0; round < 4; round++) {
    const seen = receiver.lines.length;
    await until("lines come", () => receiver.lines.length > seen);
    receiver.cut();
  }
  await push.close();
  assert.match(log[0] ?? "", /best effort: without timestamps/);
  assert.equal(new Set(receiver.lines).size, receiver.lines.length);
  assert.equal(statsOf(push).resentLines, 0);
  await receiver.stop();
});

test("push: back-off doubles up to its bound, with full jitter", async () => {
  const receiver = await new LineReceiver().start();
  await receiver.stop();
  const asked: number[] = [];
  const delays: number[] = [];
  const realSetTimeout = globalThis.setTimeout;
  const push = pushTo(receiver.url, new ReportSource(1).encode, {
    intervalMs: 60_000,
    random: () => {
      asked.push(1);
      return 0.5;
    },
  });
  // Reads the delays only; the timers are the real ones.
  globalThis.setTimeout = ((act: () => void, ms: number) => {
    delays.push(ms);
    return realSetTimeout(act, ms);
  }) as typeof setTimeout;
  try {
    push.start();
    await until("five attempts failed", () => statsOf(push).failures >= 5);
  } finally {
    globalThis.setTimeout = realSetTimeout;
  }
  await push.close(50);
  assert.ok(asked.length >= 5);
  const backoffs = delays.filter((ms) => [5, 10, 20].includes(ms) && ms !== 5).slice(0, 3);
  assert.deepEqual(backoffs, [10, 20, 20]);
});

test("push: after close nothing is pushed, and close again is the same close", async () => {
  const receiver = await new LineReceiver().start();
  const push = pushTo(receiver.url, new ReportSource(1).encode);
  assert.equal(push.close(), push.close());
  await push.close();
  await assert.rejects(push.push(), { code: "CLOSED" });
  await until("the last push came", () => receiver.lines.length === 1);
  await receiver.stop();
});

test("push: a connection that is reset while it closes, its lines are sent once more", async () => {
  const lines: string[] = [];
  let connectionCount = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const isFirst = ++connectionCount === 1;
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("end", () => {
      if (isFirst) return void socket.resetAndDestroy();
      lines.push(...text.split("\n").slice(0, -1));
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const source = new ReportSource(10);
  const push = pushTo(`tcp://127.0.0.1:${port}`, source.encode);
  await push.push();
  await push.close();
  assert.deepEqual(lines, source.lines);
  assert.equal(statsOf(push).resentLines, 20);
  server.close();
});

test("push: an encoder that fails is counted and logged once, and tried again", async () => {
  const receiver = await new LineReceiver().start();
  const source = new ReportSource(1);
  const log: string[] = [];
  let failuresLeft = 3;
  const encode = () => {
    if (failuresLeft-- > 0) throw new Error("no room");
    return source.encode();
  };
  const push = pushTo(receiver.url, encode, { log: (_, text) => log.push(text) });
  push.start();
  await until("lines come", () => receiver.lines.length > 0);
  await push.close();
  assert.equal(statsOf(push).failures, 3);
  assert.deepEqual(log, ["push: nothing gathered: no room"]);
  await receiver.stop();
});
