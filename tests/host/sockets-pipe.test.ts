/**
 * Pipes and queues in shared memory against plain arrays, in one thread: what goes in comes out,
 * also where their positions run over. Seeded; a run prints its seed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createSocketMemory,
  PIPE_BYTES,
  Queue,
  READY_MAX,
  SocketArea,
  Word,
} from "../../host/wasi/sockets/area.js";
import { Descriptors } from "../../host/wasi/sockets/descriptors.js";
import { Random, SEED } from "../wasm/random.js";

const area = new SocketArea(createSocketMemory());

/** Where positions begin: in the middle, before the sign changes, before they are 0 again. */
const STARTS = [0, 2 ** 31 - 100_000, 2 ** 32 - 100_000] as const;

for (const start of STARTS) {
  test(`sockets: a pipe is a queue of bytes, from position ${start}`, (t) => {
    t.diagnostic(`seed ${SEED}`);
    const random = new Random(SEED);
    const first = area.connection(7);
    area.clear(7);
    area.words[first + Word.Output] = start | 0;
    area.words[first + Word.Output + 1] = start | 0;
    const pipe = area.pipe(7, Word.Output);
    let model = Buffer.alloc(0);
    for (let step = 0; step < 2000; step++) {
      const bytes = Buffer.alloc(random.below(40_000), random.word() & 0xff);
      const put = pipe.put(bytes);
      assert.equal(put, Math.min(bytes.length, PIPE_BYTES - model.length));
      model = Buffer.concat([model, bytes.subarray(0, put)]);
      const target = Buffer.alloc(random.below(40_000));
      const skipped = random.below(1 + model.length);
      const copied = pipe.copy(target, skipped);
      assert.equal(copied, Math.min(target.length, model.length - skipped));
      assert.ok(target.subarray(0, copied).equals(model.subarray(skipped, skipped + copied)));
      const oldest = pipe.peek();
      assert.ok(model.subarray(0, oldest.length).equals(oldest));
      assert.equal(oldest.length > 0, model.length > 0);
      const dropped = random.below(1 + model.length);
      pipe.drop(dropped);
      model = model.subarray(dropped);
      assert.equal(pipe.byteCount, model.length);
      assert.equal(pipe.room, PIPE_BYTES - model.length);
    }
  });

  test(`sockets: a queue keeps its order, from position ${start}`, () => {
    const queue = area.queue(3);
    area.words[queue + Queue.Put] = start | 0;
    area.words[queue + Queue.Taken] = start | 0;
    const model: number[] = [];
    const random = new Random(SEED);
    for (let step = 0; step < 300_000; step++) {
      if (random.below(2) === 0 && model.length < READY_MAX) {
        const place = random.below(1024);
        area.putReady(3, place);
        model.push(place);
      } else {
        assert.equal(area.takeReady(3), model.shift());
      }
      assert.equal(area.readyCount(3), model.length);
    }
  });
}

test("sockets: every touched connection and listener is visited once", () => {
  const random = new Random(SEED);
  for (let round = 0; round < 1000; round++) {
    const places = new Set(Array.from({ length: random.below(50) }, () => random.below(1024)));
    const listeners = new Set(Array.from({ length: random.below(5) }, () => random.below(16)));
    const tells = [
      ...[...places].map((place) => area.touchConnection(place)),
      ...[...listeners].map((index) => area.touchListener(index)),
    ];
    assert.deepEqual(
      tells,
      tells.map((_, index) => index === 0),
    );
    const seen: number[] = [];
    const doors: number[] = [];
    area.visitTouched({
      connection: (place) => void seen.push(place),
      listener: (index) => void doors.push(index),
    });
    const ascending = (one: number, other: number) => one - other;
    assert.deepEqual(seen, [...places].sort(ascending));
    assert.deepEqual(doors, [...listeners].sort(ascending));
  }
});

test("sockets: a new descriptor is the lowest that is free", () => {
  const random = new Random(SEED);
  const descriptors = new Descriptors(5);
  const open = new Set([0, 1, 2, 3, 4]);
  for (let step = 0; step < 5000; step++) {
    if (open.size === 0 || random.below(5) > 1) {
      let lowest = 0;
      while (open.has(lowest)) lowest++;
      assert.equal(descriptors.add(1000 + step), lowest);
      assert.equal(descriptors.get(lowest), 1000 + step);
      open.add(lowest);
    } else {
      const fd = [...open][random.below(open.size)] ?? 0;
      descriptors.delete(fd);
      open.delete(fd);
      assert.equal(descriptors.get(fd), undefined);
    }
  }
  assert.equal(descriptors.get(-1), undefined);
});
