/**
 * qcow2 images against a plain array: random sequences of all operations, in every cluster size and
 * both versions, and after each what a second reader thinks of the file. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { OpenImageFile } from "../../host/block/image-file.js";
import { type CreateQcowOptions, createQcow } from "../../host/qcow/create.js";
import { openQcow } from "../../host/qcow/open.js";
import { Random, SEED } from "../wasm/random.js";
import { MemoryFile } from "./qcow-file.js";
import { makeForeign } from "./qcow-foreign.js";
import { judge, readDisk } from "./qcow-judge.js";
import { differenceAt, Model } from "./qcow-model.js";

interface Shape {
  readonly clusterBytes: number;
  /** Disk of that many clusters, and a part of one. */
  readonly clusters: number;
  readonly sequences: number;
  readonly steps: number;
}

const SHAPES: readonly Shape[] = [
  { clusterBytes: 512, clusters: 300, sequences: 400, steps: 60 },
  { clusterBytes: 1024, clusters: 200, sequences: 200, steps: 60 },
  { clusterBytes: 4096, clusters: 60, sequences: 120, steps: 50 },
  { clusterBytes: 65_536, clusters: 12, sequences: 30, steps: 40 },
  { clusterBytes: 2 << 20, clusters: 3, sequences: 2, steps: 20 },
];

function runSequence(shape: Shape, options: Partial<CreateQcowOptions>, random: Random): void {
  const { clusterBytes, clusters, steps } = shape;
  const extra = random.below(clusterBytes / 512) * 512;
  const capacityBytes = clusterBytes * (1 + random.below(clusters)) + extra;
  const lower = makeLower(options, capacityBytes, random);
  const file = new MemoryFile();
  createQcow(file, { capacityBytes, clusterBytes, ...options });
  const model = new Model(file, random, lower?.disk, { openBacking: lower?.open });
  for (let step = 0; step < steps; step++) model.step();
  model.assertAll();
  model.device.flush();
  assertSound(model, file, lower?.disk);
}

/** What lies beneath: often shorter than the disk, sometimes longer. */
function makeLower(options: Partial<CreateQcowOptions>, capacityBytes: number, random: Random) {
  if (options.backing === undefined) return undefined;
  const sectors = Math.max(1, Math.ceil((capacityBytes / 512) * (random.below(12) / 10)));
  const disk = new Uint8Array(sectors * 512);
  for (let at = 0; at < disk.length; at += 100) disk[at] = random.below(256);
  const open: OpenImageFile = (path, { isReadonly, from }) => {
    assert.deepEqual([path, isReadonly, from], ["lower", true, "memory.qcow2"]);
    const file = options.backingFormat === "raw" ? new MemoryFile(disk) : lowerImage(disk);
    file.isReadonly = true;
    return file;
  };
  return { disk, open };
}

function lowerImage(disk: Uint8Array): MemoryFile {
  const file = new MemoryFile();
  createQcow(file, { capacityBytes: disk.length, clusterBytes: 4096 });
  const device = openQcow(file);
  device.write(0, disk);
  device.close();
  return file;
}

/** Images of others: refcounts of any width, in a table that grows. */
for (let refcountOrder = 0; refcountOrder <= 6; refcountOrder++) {
  test(`qcow2 with refcounts of ${1 << refcountOrder} bits: written as any; SEED=${SEED}`, () => {
    for (let i = 0; i < 12; i++) {
      const random = new Random(SEED + i);
      const clusterBytes = random.pick([512, 1024]);
      const capacityBytes = (1 + random.below(4500)) * 512;
      const file = new MemoryFile(makeForeign({ clusterBytes, capacityBytes, refcountOrder }));
      const model = new Model(file, random);
      model.spanMax = Math.ceil(capacityBytes / 2);
      for (let step = 0; step < 30; step++) model.step();
      model.assertAll();
      model.device.flush();
      assertSound(model, file);
    }
  });
}

function assertSound(model: Model, file: MemoryFile, lower?: Uint8Array): void {
  const content = file.content();
  const { errors, leaks, dataClusters } = judge(content);
  assert.deepEqual(errors, [], model.tell());
  assert.equal(leaks, 0, `leaks\n${model.tell()}`);
  assert.equal(differenceAt(readDisk(content, lower), model.disk), -1, model.tell());
  const { stats, header } = model.device;
  assert.equal(stats.used, dataClusters, `used\n${model.tell()}`);
  assert.equal(stats.size, Math.ceil(content.length / header.clusterBytes), "size");
  assert.ok(stats.erased <= stats.junk && stats.roots <= stats.available, "life of clusters");
  assert.equal(stats.flushed, stats.copied, "every copy is flushed");
  assert.equal(stats.referenced, stats.copied, "every copy is referenced");
}

const KINDS: Readonly<Record<string, Partial<CreateQcowOptions>>> = {
  "version 3": {},
  "version 2": { version: 2 },
  "version 3 over raw": { backing: "lower", backingFormat: "raw" },
  "version 2 over qcow2": { version: 2, backing: "lower", backingFormat: "qcow2" },
};

for (const shape of SHAPES) {
  for (const [kind, options] of Object.entries(KINDS)) {
    const { clusterBytes, sequences } = shape;
    test(`qcow2 ${kind}, clusters of ${clusterBytes}: reads what was written; SEED=${SEED}`, () => {
      for (let i = 0; i < sequences; i++) {
        runSequence(shape, options, new Random(SEED + i));
      }
    });
  }
}
