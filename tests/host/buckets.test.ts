/**
 * Buckets are found in JavaScript for handles and in the core for guests: both must find what a
 * plain search finds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { Buckets, bucketOf } from "../../host/instruments/buckets.js";
import { Random, SEED } from "../wasm/random.js";

const LISTS: Readonly<Record<string, readonly number[]>> = {
  defaults: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  none: [],
  one: [0],
  negative: [-1e300, -1000, -1, -1e-300, -0, 5e-324, 1, 1e300],
  "close together": Array.from({ length: 200 }, (_, index) => 1 + index * 2 ** -52),
};

function search(bounds: readonly number[], value: number): number {
  const index = bounds.findIndex((bound) => value <= bound);
  return index < 0 ? bounds.length : index;
}

for (const [name, bounds] of Object.entries(LISTS)) {
  test(`buckets, ${name}: bounds, their neighbours and random doubles, seed ${SEED}`, () => {
    const { bounds: ends, below } = new Buckets(bounds);
    const random = new Random(SEED);
    const bits = new BigInt64Array(1);
    const float = new Float64Array(bits.buffer);
    const values = [0, -0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE];
    values.push(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    for (const bound of bounds) {
      float[0] = bound;
      const own = bits[0] as bigint;
      for (const step of [-1n, 0n, 1n]) {
        bits[0] = own + step;
        values.push(float[0] as number);
      }
    }
    for (let i = 0; i < 100_000; i++) {
      bits[0] = (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
      values.push(float[0] as number);
    }
    for (const value of values) {
      if (Number.isNaN(value)) continue;
      assert.equal(bucketOf(ends, below, value), search(bounds, value), `${value}`);
    }
  });
}

test("buckets: a handle of the library and one of a guest count alike", async () => {
  const monitor = await createMonitor({ metrics: "*:off,ours:on,theirs:on" });
  const bounds = LISTS.defaults as readonly number[];
  const ours = monitor.histogram({ name: "ours", help: "x", bounds });
  const theirs = monitor.histogram({ name: "theirs", help: "x", labels: ["a"], bounds });
  const guest = monitor.core.exports.handle(theirs.child({ a: "" }).cell);
  const random = new Random(SEED);
  for (let i = 0; i < 10_000; i++) {
    const value = random.below(12_000) / 1000;
    ours.observe(value);
    monitor.core.exports.observe(guest, value);
  }
  const lines = new TextDecoder().decode(monitor.prometheus()).split("\n");
  const numbers = (name: string) =>
    lines.filter((line) => line.startsWith(name)).map((line) => line.split(" ")[1]);
  assert.equal(numbers("ours").length, bounds.length + 3);
  assert.deepEqual(numbers("ours"), numbers("theirs"));
  await monitor.close();
});
