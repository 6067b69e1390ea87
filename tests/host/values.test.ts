/**
 * Values as programs without types give them: refused and counted, never turned into something
 * else.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor, MonitorError } from "../../host/index.js";

const monitor = await createMonitor({ unref: true });

function refused(act: () => void): void {
  const before = monitor.core.refusals;
  assert.throws(act, hasCode("VALUE_INVALID"));
  assert.equal(monitor.core.refusals, before + 1);
}

function hasCode(code: string) {
  return (error: unknown) => error instanceof MonitorError && error.code === code;
}

const NO_NUMBERS = ["5", "", null, true, {}, 5n] as unknown as number[];

test("counter: what is no number is refused, not appended to the digits", () => {
  const bytes = monitor.counter({ name: "values_bytes", help: "Bytes." });
  bytes.inc(5);
  for (const value of NO_NUMBERS) refused(() => bytes.child({}).inc(value));
  for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    refused(() => bytes.inc(value));
    refused(() => bytes.report(value));
  }
  assert.equal(bytes.get(), 5);
});

test("handles: writes count before and after memory grows, unless the source is off", () => {
  const grow = () => {
    monitor.core.memory.grow(1);
    monitor.core.refresh();
  };
  const moved = monitor.counter({ name: "values_moved", help: "Moved.", labels: ["to"] });
  const level = monitor.gauge({ name: "values_level", help: "Level.", labels: ["of"] });
  const size = monitor.histogram({ name: "values_size", help: "Sizes.", bounds: [1, 2] });
  const [here, tank] = [moved.child({ to: "here" }), level.child({ of: "tank" })];
  const write = () => {
    here.inc();
    tank.inc(2);
    size.observe(1.5);
  };
  write();
  grow();
  write();
  monitor.command("Mvalues_moved:off,values_level:off,values_size:off");
  write();
  grow();
  write();
  monitor.command("Mvalues_moved:on,values_level:on,values_size:on");
  write();
  assert.deepEqual([here.get(), tank.get()], [3, 6]);
  const body = new TextDecoder().decode(monitor.prometheus());
  assert.match(body, /^values_size_bucket\{le="2"\} 3\nvalues_size_bucket\{le="\+Inf"\} 3$/m);
  assert.match(body, /^values_size_sum 4\.5$/m);
});

test("handles: of a removed series are inactive for ever", () => {
  const gone = monitor.counter({ name: "values_gone", help: "Gone.", labels: ["to"] });
  const child = gone.child({ to: "x" });
  child.inc();
  assert.equal(gone.remove({ to: "x" }), true);
  child.inc();
  assert.deepEqual([child.active, child.get()], [false, 0]);
  gone.inc({ to: "x" });
  assert.equal(gone.child({ to: "x" }).get(), 1);
});

test("handles: of removed series are let go of, though memory does not grow", () => {
  const coming = monitor.gauge({ name: "values_coming", help: "Coming.", labels: ["to"] });
  const before = monitor.core.viewers.size;
  for (let i = 0; i < 100; i++) {
    coming.child({ to: `${i}` }).set(1);
    coming.remove({ to: `${i}` });
  }
  assert.equal(monitor.core.viewers.size, before);
});

test("gauge: what is no number is refused", () => {
  const depth = monitor.gauge({ name: "values_depth", help: "Depth." }).child({});
  depth.set(7);
  for (const value of [...NO_NUMBERS, undefined as unknown as number]) {
    refused(() => depth.set(value));
  }
  for (const value of NO_NUMBERS) refused(() => depth.inc(value));
  assert.equal(depth.get(), 7);
});

test("histogram: what is no number is refused", () => {
  const took = monitor.histogram({ name: "values_took", help: "Took." }).child({});
  for (const value of [...NO_NUMBERS, Number.NaN]) refused(() => took.observe(value));
});

test("source: integers, and fields without a value", () => {
  const source = monitor.source({
    name: "values_source",
    fields: [
      { key: "count", type: "i64" },
      { key: "depth", type: "gauge" },
      { key: "up", type: "bool" },
      { key: "state", type: "text" },
    ],
  });
  source.report({ count: 5, depth: 2, up: true, state: "on" });
  refused(() => source.report({ count: 1.5 }));
  refused(() => source.report({ count: Number.NaN }));
  refused(() => source.integer("count").set("9" as unknown as number));
  for (const key of ["count", "depth", "up", "state"]) {
    const nothing = { [key]: undefined } as unknown as Record<string, number>;
    assert.throws(() => source.report(nothing), hasCode("VALUE_INVALID"));
  }
  const text = Buffer.from(monitor.influx()).toString();
  assert.match(text, /^values_source count=5i,depth=2i,up=true,state="on" /m);
});

test("definitions: what is missing or no text is refused with a code", () => {
  const anything = monitor as unknown as Record<string, (options: unknown) => unknown>;
  for (const options of [{ fields: [{ key: "a", type: "gauge" }] }, { name: 5, fields: [] }]) {
    assert.throws(() => anything.source?.(options), MonitorError);
  }
  for (const ttlMs of [Number.NaN, -1, "x"]) {
    const options = { name: "values_ttl", help: "TTL.", ttlMs };
    assert.throws(() => anything.counter?.(options), hasCode("PARAMETER_INVALID"));
  }
});

test("log: a message of any type is written, as text", () => {
  const log = monitor.log("values");
  const write = log.debug.bind(log) as (message: unknown) => void;
  monitor.command("Lvalues:debug");
  for (const message of [new Error("boom"), undefined, 5, null]) write(message);
  monitor.command("Lvalues:quiet");
});

test("counter source: events with keys that cannot be shown count as other", () => {
  const events = monitor.counterSource({
    name: "values_events",
    keyOf: (key: unknown) => key as string,
  });
  const keys = ["get-a", "get_a", "total", "", undefined, "x".repeat(70_000), "other", "get-a"];
  for (const key of keys) events.count(key);
  const text = Buffer.from(monitor.influx()).toString();
  assert.match(text, /^values_events total=8i,get-a=2i,other=5i,undefined=1i /m);
});

test("counter source: a bound that is no count is refused", () => {
  for (const keysMax of [Number.NaN, 0, -1, 1.5]) {
    const options = { name: "values_keys", keyOf: String, keysMax };
    assert.throws(() => monitor.counterSource(options), hasCode("OPTION_INVALID"));
  }
});

test("vmName: longer than a tag value is refused", async () => {
  await assert.rejects(createMonitor({ vmName: "é".repeat(513) }), hasCode("OPTION_INVALID"));
  const named = await createMonitor({ vmName: "é".repeat(512), unref: true });
  assert.match(Buffer.from(named.influx()).toString(), /,vm=(é){512} /);
});
