/**
 * The table of live blocks against a Map, over random blocks that come, go and come back.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveBlocks } from "../../host/memtrace/live.js";
import { Random, SEED } from "../wasm/random.js";

const STEPS = 200_000;

/** How far apart addresses are: in one page, as an allocator gives them, anywhere. */
const SPREADS = [1, 8, 16, 65_536];

for (const spread of SPREADS) {
  test(`live blocks: as a Map has them, ${spread} bytes apart, seed ${SEED}`, () => {
    const random = new Random(SEED);
    const live = new LiveBlocks();
    const map = new Map<number, number>();
    for (let id = 0; id < STEPS; id++) {
      const address = ((1 + (random.word() % 5000)) * spread) >>> 0;
      if ((random.word() & 1) === 0) {
        assert.equal(live.put(address, id), map.get(address) ?? -1);
        map.set(address, id);
      } else {
        assert.equal(live.take(address), map.get(address) ?? -1);
        map.delete(address);
      }
      assert.equal(live.count, map.size);
    }
    for (const [address, id] of map) assert.equal(live.take(address), id);
    assert.equal(live.count, 0);
  });
}

test("live blocks: none is at address 0, which free(NULL) asks for", () => {
  const live = new LiveBlocks();
  live.put(8, 5);
  assert.equal(live.take(0), -1);
  assert.equal(live.count, 1);
  assert.equal(live.take(8), 5);
});

test("live blocks: clear names each block once, and forgets all", () => {
  const live = new LiveBlocks();
  const addresses = Array.from({ length: 5000 }, (_, index) => 0xffff_0000 - index * 8);
  for (const [id, address] of addresses.entries()) live.put(address, id);
  const seen: number[] = [];
  live.clear((address) => seen.push(address));
  assert.deepEqual(
    seen.sort((one, other) => other - one),
    addresses,
  );
  assert.deepEqual([live.count, live.take(addresses[0] as number)], [0, -1]);
});
