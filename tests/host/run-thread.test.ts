/**
 * What stands between the guest's thread and ours: the ring of log messages, the channel of
 * requests, and the core for a second thread.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Core } from "../../host/core.js";
import { attachment } from "../../host/wasi/attachment.js";
import { Answerer, Asker, createChannel, Operation } from "../../host/wasi/channel.js";
import {
  createRing,
  LOG_TEXT_BYTES_MAX,
  RING_BYTES,
  RingReader,
  RingWriter,
} from "../../host/wasi/ring.js";
import { registerRunSources } from "../../host/wasi/sources.js";
import { assemble } from "./wmon.js";

const text = (value: string) => new TextEncoder().encode(value);

test("ring: gives messages back in order, across its end", () => {
  const buffer = createRing();
  const [writer, reader] = [new RingWriter(buffer, () => {}), new RingReader(buffer)];
  let [sent, received] = [0, 0];
  // Lengths of 0 to 1,000 bytes, 20 times around the ring.
  for (let moved = 0; moved < 20 * RING_BYTES; ) {
    for (let burst = 0; burst < 50; burst++, sent++) {
      const length = (sent * 37) % 1001;
      writer.push({ log: sent, level: sent % 6, text: new Uint8Array(length).fill(sent) });
      moved += length;
    }
    for (let got = reader.shift(); got; got = reader.shift(), received++) {
      assert.deepEqual([got.log, got.level], [received, received % 6]);
      const length = (received * 37) % 1001;
      assert.deepEqual(got.text, new Uint8Array(length).fill(received));
    }
  }
  assert.deepEqual([received, reader.droppedCount, reader.cutCount], [sent, 0, 0]);
});

test("ring: drops what does not fit, and counts it", () => {
  const buffer = createRing();
  const [writer, reader] = [new RingWriter(buffer, () => {}), new RingReader(buffer)];
  const sent = 3 * (RING_BYTES / 1000);
  for (let index = 0; index < sent; index++) {
    writer.push({ log: index, level: 1, text: new Uint8Array(1000) });
  }
  let received = 0;
  while (reader.shift()) received++;
  assert.ok(received > 0.9 * (RING_BYTES / 1012));
  assert.equal(received + reader.droppedCount, Math.ceil(sent));
});

test("ring: cuts a long text between characters, and counts it", () => {
  const buffer = createRing();
  const [writer, reader] = [new RingWriter(buffer, () => {}), new RingReader(buffer)];
  writer.push({ log: 1, level: 1, text: text(`a${"ö".repeat(LOG_TEXT_BYTES_MAX)}`) });
  assert.equal(reader.shift()?.text.length, LOG_TEXT_BYTES_MAX - 1);
  assert.equal(reader.cutCount, 1);
});

test("ring: wakes the reader once until it has looked", () => {
  const buffer = createRing();
  let wakeCount = 0;
  const writer = new RingWriter(buffer, () => wakeCount++);
  const reader = new RingReader(buffer);
  const message = { log: 1, level: 1, text: text("x") };
  for (let index = 0; index < 3; index++) writer.push(message);
  assert.equal(wakeCount, 1);
  while (reader.shift());
  writer.push(message);
  assert.equal(wakeCount, 2);
});

test("channel: refuses a message past 64 KiB without asking", () => {
  const asker = new Asker(createChannel(), () => assert.fail("asked"));
  const bytes = new Uint8Array(65_537);
  assert.ok(asker.ask({ operation: Operation.Source, subject: 0, bytes }) < 0);
});

test("channel: answers even if the handler throws", () => {
  const buffer = createChannel();
  const answerer = new Answerer(buffer, () => {
    throw new Error("broken");
  });
  const asker = new Asker(buffer, () => assert.throws(() => answerer.answer(), /broken/));
  assert.ok(asker.ask({ operation: Operation.Text, subject: 1, bytes: text("x") }) < 0);
});

test("attachment: a second core changes nothing in the memory of the first", () => {
  const bytes = readFileSync(new URL("../../monitor.shared.wasm", import.meta.url));
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16384, shared: true });
  const core = new Core({ module: new WebAssembly.Module(bytes), memory });
  registerRunSources(core, ["fd_read"]);
  const before = new Uint8Array(memory.buffer).slice();
  new WebAssembly.Instance(new WebAssembly.Module(attachment(bytes)), { env: { memory } });
  assert.ok(Buffer.from(memory.buffer).equals(before));
});

test("worker.terminate() ends a wasm loop, which all of this rests on", async () => {
  const source = `const { parentPort, workerData } = require("node:worker_threads");
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(workerData));
    parentPort.postMessage("running");
    exports.spin();`;
  const workerData = assemble('(module (func (export "spin") (loop $l (br $l))))');
  const worker = new Worker(source, { eval: true, workerData });
  await new Promise((resolve) => worker.once("message", resolve));
  assert.equal(await worker.terminate(), 1);
});
