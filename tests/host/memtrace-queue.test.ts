/**
 * The queue between a guest's thread and the main thread: order, bounds, and what happens at each.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { type Allocation, FRAMES_MAX, Frames } from "../../host/memtrace/event.js";
import { createQueue, QueueReader, QueueWriter } from "../../host/memtrace/queue.js";

const ORDER = { trace: 1, samplingRate: 0.25, seed: 7n, isLossless: false };

type Seen = readonly ["A", Allocation, number[]] | readonly ["C", number, number];

/** Reads everything of a trace, or as much as `eventsMax`. */
function readAll(reader: QueueReader, trace = 1, eventsMax = Number.POSITIVE_INFINITY): Seen[] {
  const seen: Seen[] = [];
  reader.read(
    trace,
    {
      hasRoom: () => seen.length < eventsMax,
      allocate: (allocation, frames) => {
        seen.push(["A", allocation, [...frames.positions.subarray(0, frames.depth)]]);
      },
      collect: (timeUs, id) => {
        seen.push(["C", timeUs, id]);
      },
    },
    Number.POSITIVE_INFINITY,
  );
  return seen;
}

function framesOf(...positions: number[]): Frames {
  const frames = new Frames();
  for (const position of positions) frames.add(position, 0);
  return frames;
}

function open(order = ORDER) {
  const buffer = createQueue();
  let toldCount = 0;
  const reader = new QueueReader(buffer);
  const writer = new QueueWriter(buffer, () => {
    toldCount++;
  });
  reader.order(order);
  return { buffer, reader, writer, accepted: writer.accept(), told: () => toldCount };
}

const BLOCK = { timeUs: 1_700_000_000_123_456, words: 2 ** 30, samples: 2 ** 30 };

test("queue: the guest is told the whole order", () => {
  const order = { trace: 9, samplingRate: 1e-9, seed: 0xffff_ffff_ffff_fffen, isLossless: true };
  const { accepted, writer, reader } = open(order);
  assert.deepEqual(accepted, order);
  assert.equal(writer.wanted, 9);
  reader.cancel();
  assert.equal(writer.wanted, 0);
});

test("queue: events come out as they went in, ids count from 0", () => {
  const { reader, writer } = open();
  const frames = framesOf(0xffff_ffff, 2, 3);
  assert.equal(writer.allocate(BLOCK, frames), 0);
  assert.equal(writer.collect(BLOCK.timeUs + 1, 0), true);
  assert.equal(writer.allocate({ ...BLOCK, words: 1, samples: 1 }, framesOf(5)), 1);
  assert.deepEqual(readAll(reader), [
    ["A", BLOCK, [0xffff_ffff, 2, 3]],
    ["C", BLOCK.timeUs + 1, 0],
    ["A", { ...BLOCK, words: 1, samples: 1 }, [5]],
  ]);
  assert.equal(reader.isEmpty, true);
});

test("queue: a full one refuses, takes no id, and goes on once it is read", () => {
  const { reader, writer } = open();
  const frames = framesOf(...Array.from({ length: FRAMES_MAX }, (_, index) => index + 1));
  let count = 0;
  while (writer.hasRoom()) assert.equal(writer.allocate(BLOCK, frames), count++);
  assert.ok(count > 200 && count < 260, `${count} of the deepest events fit`);
  const small = framesOf(1);
  while (writer.allocate(BLOCK, small) >= 0) count++;
  let collectCount = 0;
  while (writer.collect(1, 0)) collectCount++;
  assert.ok(collectCount < 2);
  assert.equal(readAll(reader, 1, 10).length, 10);
  assert.equal(writer.allocate(BLOCK, small), count);
  assert.equal(readAll(reader).length, count + 1 + collectCount - 10);
});

test("queue: positions wrap around many times", () => {
  const { reader, writer } = open();
  for (let round = 0; round < 400; round++) {
    const depth = 1 + (round % 1000);
    const frames = framesOf(...Array.from({ length: depth }, (_, index) => round * 1000 + index));
    for (let count = 0; count < 20; count++) writer.allocate(BLOCK, frames);
    const seen = readAll(reader);
    assert.equal(seen.length, 20);
    for (const event of seen) {
      assert.deepEqual(event[2], [...frames.positions.subarray(0, depth)]);
    }
  }
});

test("queue: what an earlier trace left behind is dropped, and ids start again", () => {
  const { reader, writer } = open();
  writer.allocate(BLOCK, framesOf(1));
  reader.order({ ...ORDER, trace: 2 });
  // Recorded before the guest has looked.
  writer.allocate(BLOCK, framesOf(2));
  writer.accept();
  assert.equal(writer.allocate(BLOCK, framesOf(3)), 0);
  assert.deepEqual(readAll(reader, 2), [["A", BLOCK, [3]]]);
});

test("queue: the reader is told once, when it fills, and again after it has read", () => {
  const { reader, writer, told } = open();
  for (let count = 0; count < 100; count++) writer.collect(1, count);
  assert.equal(told(), 0);
  for (let count = 0; count < 40_000; count++) writer.collect(1, count);
  assert.equal(told(), 1);
  readAll(reader);
  for (let count = 0; count < 40_000; count++) writer.collect(1, count);
  assert.equal(told(), 2);
});

test("queue: a lossless one holds the guest up until there is room", async () => {
  const { reader, buffer } = open({ ...ORDER, isLossless: true });
  const count = 300_000;
  const worker = new Worker(
    `const { workerData } = require("node:worker_threads");
     import(workerData.url).then(({ QueueWriter }) => {
       const writer = new QueueWriter(workerData.buffer, () => {});
       writer.accept();
       for (let id = 0; id < workerData.count; id++) {
         if (!writer.collect(1, id)) throw new Error("lost " + id);
       }
     });`,
    {
      eval: true,
      workerData: {
        url: new URL("../../host/memtrace/queue.js", import.meta.url).href,
        buffer,
        count,
      },
    },
  );
  const ended = new Promise((resolve, reject) => {
    worker.once("exit", resolve);
    worker.once("error", reject);
  });
  const ids: number[] = [];
  while (ids.length < count) {
    for (const event of readAll(reader)) ids.push(event[2] as number);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await ended, 0);
  assert.ok(ids.every((id, index) => id === index));
});

test("queue: a lossless one waits once for a reader that has stopped, then drops", () => {
  const buffer = createQueue();
  new QueueReader(buffer).order({ ...ORDER, isLossless: true });
  const writer = new QueueWriter(buffer, () => {}, 1);
  writer.accept();
  let count = 0;
  while (writer.collect(1, count)) count++;
  assert.ok(count > 50_000);
  // It would take minutes if each of them waited.
  for (let more = 0; more < 100_000; more++) assert.equal(writer.collect(1, count), false);
  assert.equal(readAll(new QueueReader(buffer)).length, count);
  assert.equal(writer.collect(1, count), true);
});
