/**
 * Damaged qcow2 images: whatever the bytes, opening and every operation ends, reads and allocates
 * in proportion to the file, writes within it, and throws nothing but the two errors that say why.
 * `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockError } from "../../host/block/device.js";
import { MonitorError } from "../../host/errors.js";
import { createQcow } from "../../host/qcow/create.js";
import type { QcowDevice } from "../../host/qcow/device.js";
import { openQcow } from "../../host/qcow/open.js";
import { MemoryFile } from "../host/qcow-file.js";
import { makeForeign } from "../host/qcow-foreign.js";
import { judge } from "../host/qcow-judge.js";
import { Random, SEED } from "../wasm/random.js";

const CAPACITY_BYTES = 60 * 1024;
const FLIPS = 4000;
const WORDS = 4000;
/** Tables are read up to three times, and an L1 table may be 32 MiB of nothing. */
const READ_BYTES_MAX = 256 << 20;
/** How far behind its old end a file may be written in one run. */
const GROWTH_BYTES_MAX = 8 << 20;

/** A file in memory that notices what nothing sound would do. */
class Guarded extends MemoryFile {
  private readonly endMax: number;

  constructor(content: Uint8Array, isReadonly: boolean) {
    super(content);
    this.isReadonly = isReadonly;
    this.endMax = content.length + GROWTH_BYTES_MAX;
  }

  override write(offset: number, source: Uint8Array): void {
    assert.ok(offset >= 0 && offset + source.length <= this.endMax, `written at ${offset}`);
    super.write(offset, source);
  }

  override truncate(byteCount: number): void {
    assert.ok(byteCount <= this.endMax, `made ${byteCount} long`);
    super.truncate(byteCount);
  }
}

/** Images with data, holes, discarded clusters and a table more. */
const images = [makeImage(4, 3), makeImage(4, 2), makeImage(1, 3), makeImage(6, 3)] as const;

function makeImage(refcountOrder: number, version: 2 | 3): Uint8Array {
  const shape = { clusterBytes: 512, capacityBytes: CAPACITY_BYTES };
  const file = new MemoryFile(
    refcountOrder === 4 ? undefined : makeForeign({ ...shape, refcountOrder }),
  );
  if (refcountOrder === 4) createQcow(file, { ...shape, version });
  const device = openQcow(file);
  device.write(1024, new Uint8Array(8192).fill(5));
  device.write(40_960, new Uint8Array(2048).fill(6));
  device.discard(2048, 1024);
  device.close();
  return file.content();
}

/** Does everything that can be done; whether it could be opened. */
function exercise(content: Uint8Array, isReadonly: boolean, what: string): boolean {
  const file = new Guarded(content, isReadonly);
  let device: QcowDevice | undefined;
  try {
    device = openQcow(file);
    use(device, isReadonly);
  } catch (error) {
    const isTold = error instanceof BlockError || error instanceof MonitorError;
    if (!isTold) throw new Error(`${what}: ${error}`, { cause: error });
    assert.ok(error.message.length > 10 && error.message.length < 300, error.message);
  }
  const { bytesRead } = file;
  assert.ok(bytesRead < READ_BYTES_MAX, `${what}: ${bytesRead} bytes read`);
  // Flags that lie are harmless here: refcounts decide what is written in place.
  if (device !== undefined && !isReadonly) {
    const errors = judge(file.content()).errors.filter((error) => !error.endsWith("COPIED"));
    assert.deepEqual(errors, [], what);
  }
  return device !== undefined;
}

function use(device: QcowDevice, isReadonly: boolean): void {
  const end = Math.min(device.capacityBytes, CAPACITY_BYTES);
  const target = new Uint8Array(end);
  device.read(0, target);
  const last = Math.max(0, device.capacityBytes - 512);
  if (device.capacityBytes >= 512) device.read(last, target.subarray(0, 512));
  if (isReadonly || end < 8192) return;
  device.write(512, target.subarray(0, 4096));
  device.discard(0, end);
  device.flush();
  device.write(last, new Uint8Array(512).fill(1));
  device.write(0, target);
  device.compact(10);
  device.close();
}

test(`fuzz: qcow2 with a flipped bit in its tables; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  let opened = 0;
  for (let run = 0; run < FLIPS; run++) {
    const copy = random.pick(images).slice();
    // Half of them in the header, where most bits matter.
    const at = random.below(random.below(2) === 0 ? 120 : copy.length);
    const bit = random.below(8);
    copy[at] = (copy[at] ?? 0) ^ (1 << bit);
    const what = `SEED=${SEED}, run ${run}, byte ${at}, bit ${bit}`;
    if (exercise(copy, false, what)) opened++;
    exercise(copy, true, what);
  }
  assert.ok(opened > FLIPS / 20 && opened < FLIPS, `${opened} opened`);
});

test(`fuzz: qcow2 with numbers out of place; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let run = 0; run < WORDS; run++) {
    const copy = random.pick(images).slice();
    const view = new DataView(copy.buffer);
    for (let change = 1 + random.below(3); change > 0; change--) {
      const words = random.below(3) === 0 ? 13 : copy.length / 8;
      view.setBigUint64(random.below(words) * 8, drawNumber(random, copy.length));
    }
    const what = `SEED=${SEED}, run ${run}`;
    exercise(copy, false, what);
    exercise(copy, true, what);
  }
});

/** Numbers as tables have them: clusters within and past the file, with flags, and extremes. */
function drawNumber(random: Random, byteCount: number): bigint {
  const cluster = BigInt(random.below(byteCount / 512 + 10)) * 512n;
  const copied = 1n << 63n;
  return random.pick([
    cluster,
    cluster | copied,
    cluster | 1n,
    (cluster << 20n) | copied,
    BigInt(random.word()),
    (1n << BigInt(random.below(64))) - BigInt(random.below(2)),
    0n,
  ]);
}

test(`fuzz: qcow2 cut short, and noise; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let run = 0; run < 300; run++) {
    const image = random.pick(images);
    const cut = image.slice(0, random.below(image.length));
    exercise(cut, false, `cut to ${cut.length}`);
    exercise(cut, true, `cut to ${cut.length}`);
    const from = random.below(image.length);
    const noise = image.slice();
    for (let at = from; at < from + random.below(200) && at < noise.length; at++) {
      noise[at] = random.below(256);
    }
    exercise(noise, false, `SEED=${SEED}, noise at ${from}`);
    exercise(noise, true, `SEED=${SEED}, noise at ${from}`);
  }
});
