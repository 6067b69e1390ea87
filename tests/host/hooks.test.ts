/**
 * Collection hooks that misbehave: gather while gathering, reject, add and remove hooks, log and
 * command; none may stop a gather or the program.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor, type MonitorOptions } from "../../host/index.js";
import { nodePlatform } from "../../host/platforms/node.js";

async function open(options: MonitorOptions = {}) {
  const written: string[] = [];
  const platform = { ...nodePlatform, writeStderr: (text: string) => void written.push(text) };
  return { monitor: await createMonitor({ unref: true, platform, ...options }), written };
}

test("a hook that gathers does not run the hooks again", async () => {
  const { monitor } = await open();
  const seen = monitor.gauge({ name: "seen", help: "Seen." });
  let runCount = 0;
  for (let hook = 0; hook < 3; hook++) {
    monitor.onCollect(() => {
      runCount++;
      seen.set(runCount);
      monitor.prometheus();
      monitor.influx();
    });
  }
  assert.match(Buffer.from(monitor.prometheus()).toString(), /^seen 3$/m);
  assert.equal(runCount, 3);
});

test("a hook whose promise rejects is counted and logged once, and ends nothing", async () => {
  const { monitor, written } = await open();
  monitor.onCollect(async () => {
    throw new Error("too late");
  });
  for (let round = 0; round < 3; round++) monitor.influx();
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(Buffer.from(monitor.influx()).toString(), /hook_failures=3i/);
  assert.equal(written.filter((line) => line.includes("too late")).length, 1);
});

test("hooks may remove themselves and add others while they run", async () => {
  const { monitor } = await open();
  const ran: string[] = [];
  const stop = monitor.onCollect(() => {
    ran.push("first");
    stop();
    monitor.onCollect(() => ran.push("added"));
  });
  monitor.onCollect(() => ran.push("second"));
  monitor.influx();
  assert.deepEqual(ran, ["first", "second"]);
  monitor.influx();
  assert.deepEqual(ran, ["first", "second", "second", "added"]);
});

test("a hook may register, log and command: the same gather shows it", async () => {
  const { monitor } = await open();
  monitor.onCollect(() => {
    monitor.command("L*:debug");
    monitor.log("hook").debug("from a hook");
    monitor.counter({ name: "late", help: "Late.", labels: ["a"] }).inc({ a: "b" });
  });
  const text = Buffer.from(monitor.prometheus()).toString();
  assert.match(text, /^late_total\{a="b"\} 1$/m);
  assert.match(text, /^prometheus_logs_messages_total\{level="debug",src="hook"\} 1$/m);
});

test("a source whose state cannot be read costs its hook only", async () => {
  const { monitor } = await open();
  const broken = {
    get active(): boolean {
      throw new Error("no state");
    },
  };
  monitor.onCollect(() => {}, broken);
  assert.match(Buffer.from(monitor.influx()).toString(), /hook_failures=1i/);
});
