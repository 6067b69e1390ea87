/**
 * A qcow2 device where things go wrong or move: full and failing storage, refused images, the life
 * of clusters in numbers, and what compaction leaves.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockError } from "../../host/block/device.js";
import { type CreateQcowOptions, createQcow } from "../../host/qcow/create.js";
import type { QcowDevice } from "../../host/qcow/device.js";
import { isQcow, openQcow } from "../../host/qcow/open.js";
import { MemoryFile } from "./qcow-file.js";
import { makeForeign } from "./qcow-foreign.js";
import { judge, readDisk } from "./qcow-judge.js";

const CLUSTER = 4096;

function makeFile(options: Partial<CreateQcowOptions> = {}): MemoryFile {
  const file = new MemoryFile();
  createQcow(file, { capacityBytes: 64 * CLUSTER, clusterBytes: CLUSTER, ...options });
  return file;
}

function filled(clusters: number, byte: number): Uint8Array {
  return new Uint8Array(clusters * CLUSTER).fill(byte);
}

test("life of a cluster: root, used; junk at discard; erased and available at flush", () => {
  const file = makeFile();
  const device = openQcow(file);
  const { stats } = device;
  const before = { ...stats };
  assert.deepEqual([before.used, before.size], [0, 4]);
  device.write(0, filled(10, 1));
  // Ten of data, and the L2 table.
  assert.deepEqual([stats.roots, stats.available, stats.used, stats.size], [11, 11, 10, 15]);
  device.discard(0, 4 * CLUSTER);
  assert.deepEqual([stats.junk, stats.erased, stats.used], [4, 0, 6]);
  device.flush();
  assert.deepEqual([stats.junk, stats.erased, stats.available], [4, 4, 15]);
  device.write(20 * CLUSTER, filled(4, 2));
  assert.deepEqual(
    [stats.roots, stats.available, stats.size],
    [15, 15, 15],
    "freed ones are reused",
  );
  device.read(0, new Uint8Array(1024));
  assert.deepEqual([stats.reads, stats.writes, stats.discards], [1024, 14 * CLUSTER, 4 * CLUSTER]);
  device.close();
  assert.deepEqual(judge(file.content()), { errors: [], leaks: 0, dataClusters: 10 });
});

test("compaction: the file ends where its last cluster is, and nothing else changes", () => {
  const file = makeFile();
  const device = openQcow(file);
  for (let i = 0; i < 60; i++) device.write(i * CLUSTER, filled(1, i + 1));
  device.discard(0, 40 * CLUSTER);
  const disk = new Uint8Array(device.capacityBytes);
  device.read(0, disk);
  const { size } = device.stats;
  let steps = 0;
  while (device.compact(7)) steps++;
  const { stats } = device;
  assert.ok(steps >= 20 / 7, `${steps} steps`);
  assert.equal(stats.size, size - 40);
  assert.deepEqual([stats.copied, stats.flushed, stats.referenced], [20, 20, 20]);
  assert.equal(file.byteCount, stats.size * CLUSTER);
  assert.deepEqual(readDisk(file.content()), disk);
  assert.equal(device.compact(7), false, "there is nothing more to do");
  device.close();
  assert.deepEqual(judge(file.content()), { errors: [], leaks: 0, dataClusters: 20 });
});

test("a full storage: the error says so, and what was there stays", () => {
  const file = makeFile();
  const device = openQcow(file);
  device.write(0, filled(4, 1));
  device.flush();
  file.byteCountMax = file.byteCount + 2 * CLUSTER;
  assert.throws(() => device.write(8 * CLUSTER, filled(8, 2)), { fault: "no-space" });
  device.write(0, filled(4, 3));
  device.flush();
  file.byteCountMax = Number.POSITIVE_INFINITY;
  device.write(8 * CLUSTER, filled(8, 4));
  device.close();
  const { errors, leaks } = judge(file.content());
  assert.deepEqual([errors, leaks], [[], 0]);
  const disk = readDisk(file.content());
  assert.deepEqual([disk[0], disk[8 * CLUSTER]], [3, 4]);
});

test("a flush that failed: nothing may be written any more, reads go on", () => {
  const file = makeFile();
  const device = openQcow(file);
  device.write(0, filled(1, 1));
  file.sync = () => {
    throw new BlockError("io", "the medium is gone");
  };
  assert.throws(() => device.flush(), /the medium is gone/);
  for (const act of [
    () => device.write(0, filled(1, 1)),
    () => device.discard(0, CLUSTER),
    () => device.flush(),
    () => device.compact(1),
  ]) {
    assert.throws(act, { fault: "io", message: /not written any more, for a flush failed/ });
  }
  device.read(0, new Uint8Array(512));
  device.close();
});

test("a read-only file: reads, and writes nothing at close", () => {
  const file = makeFile();
  openAndWrite(file);
  file.isReadonly = true;
  const device = openQcow(file);
  assert.equal(device.isReadonly, true);
  assert.equal(device.compact(10), false);
  device.flush();
  device.close();
});

function openAndWrite(file: MemoryFile): void {
  const device = openQcow(file);
  device.write(0, filled(2, 1));
  device.close();
}

/** What a header says, and why it is refused: bytes at an offset, as hexadecimal digits. */
const REFUSED: readonly (readonly [rule: string, at: number, hex: string, message: RegExp])[] = [
  ["version 4", 4, "00000004", /version 4; versions 2 and 3/],
  ["clusters of 256 bytes", 20, "00000008", /2\^8 bytes/],
  ["clusters of 4 MiB", 20, "00000016", /2\^22 bytes/],
  ["encryption", 32, "00000001", /encrypted.*qemu-img convert/],
  ["a short L1 table", 36, "00000000", /L1 table of 0 entries; its capacity needs 1/],
  ["a huge L1 table", 36, "ffffffff", /L1 table of \d+ bytes/],
  ["an L1 table between clusters", 40, "0000000000003001", /L1 table at byte 12289/],
  ["an L1 table past the end", 40, "0000000100000000", /L1 table at byte 4294967296/],
  ["no refcount table", 56, "00000000", /no refcount table/],
  ["a huge refcount table", 56, "10000000", /refcount table of \d+ bytes/],
  ["a refcount table past the end", 48, "0000000100000000", /refcount table at byte/],
  ["a million snapshots", 60, "00100000", /1048576 snapshots/],
  ["a backing file's name outside", 8, "0000000000010000", /name of 0 bytes at byte 65536/],
  ["a capacity of 2^60", 24, "1000000000000000", /capacity: 2\^53/],
  ["an external data file", 72, "0000000000000004", /external file.*qemu-img convert/],
  ["extended L2 entries", 72, "0000000000000010", /extended L2 entries.*qemu-img convert/],
  ["an unknown feature", 72, "0000000000000040", /features.*0x40.*qemu-img convert/],
  ["marked corrupt", 72, "0000000000000002", /marked corrupt.*read-only/],
  ["refcounts of 128 bits", 96, "00000007", /2\^7 bits/],
  ["a header of 3 bytes", 100, "00000003", /header of 3 bytes/],
  ["an endless extension", 104, "12345678ffffffff", /extension of 4294967295 bytes/],
];

for (const [rule, at, hex, message] of REFUSED) {
  test(`refused: ${rule}`, () => {
    const file = makeFile();
    file.write(at, Buffer.from(hex, "hex"));
    const before = file.content();
    assert.throws(() => openQcow(file), { name: "MonitorError", message });
    assert.deepEqual(file.content(), before, "a refusal changes nothing");
  });
}

test("what does not begin as qcow2 is none, and is told from broken ones", () => {
  for (const content of [new Uint8Array(0), new Uint8Array(5000), Buffer.from("QFI")]) {
    const file = new MemoryFile(content);
    assert.equal(isQcow(file), false);
    assert.throws(() => openQcow(file), { code: "MALFORMED", message: /is no qcow2 image/ });
  }
});

test("marked corrupt: read all the same", () => {
  const file = makeFile();
  openAndWrite(file);
  file.write(72, Buffer.from("0000000000000002", "hex"));
  file.isReadonly = true;
  const target = new Uint8Array(512);
  openQcow(file).read(0, target);
  assert.equal(target[0], 1);
});

/** Tables that lie: an entry of the L2 table, of the only refcount block or table. */
const DAMAGED: readonly (readonly [rule: string, where: "l1" | "l2" | "refcounts", hex: string])[] =
  [
    ["data over the refcount table", "l2", "8000000000001000"],
    ["data between clusters", "l2", "8000000000004200"],
    ["data past the end", "l2", "8000000010000000"],
    ["unknown flags", "l2", "8100000000004000"],
    ["an L2 table over the L1 table", "l1", "8000000000003000"],
    ["a cluster in use that counts as free", "refcounts", "0000000000000000"],
  ];

for (const [rule, where, hex] of DAMAGED) {
  test(`damaged, and not written: ${rule}`, () => {
    const file = makeFile();
    openAndWrite(file);
    const view = new DataView(file.content().buffer);
    const l1 = Number(view.getBigUint64(40));
    const l2 = Number(view.getBigUint64(l1) & 0xff_ffff_ffff_ffffn);
    const refcounts = Number(view.getBigUint64(Number(view.getBigUint64(48))));
    file.write({ l1, l2, refcounts }[where], Buffer.from(hex, "hex"));
    const message = /qemu-img check -r all may repair it/;
    assert.throws(() => openQcow(file), { code: "MALFORMED", message });
    file.isReadonly = true;
    openQcow(file).close();
  });
}

test("refcounts that are too high, as a crash leaves them: lowered at the next writer", () => {
  const file = makeFile();
  openAndWrite(file);
  const content = file.content();
  const view = new DataView(content.buffer);
  const table = Number(view.getBigUint64(48));
  const refcounts = Number(view.getBigUint64(table));
  const l2 = Number(view.getBigUint64(Number(view.getBigUint64(40))) & 0xff_ffff_ffff_ffffn);
  const data = Number(view.getBigUint64(l2) & 0xff_ffff_ffff_ffffn);
  const clusters = content.length / CLUSTER;
  // One that nothing refers to, one behind the end, and one of data, with a flag that fits.
  file.truncate(content.length + CLUSTER);
  for (const cluster of [clusters, clusters + 5]) {
    file.write(refcounts + cluster * 2, Buffer.from("0001", "hex"));
  }
  file.write(refcounts + (data / CLUSTER) * 2, Buffer.from("0002", "hex"));
  file.write(l2, Buffer.from([0]));
  assert.equal(judge(file.content()).leaks, 2);
  openQcow(file).close();
  assert.deepEqual(judge(file.content()), { errors: [], leaks: 0, dataClusters: 2 });
  const after = new DataView(file.content().buffer);
  assert.equal(after.getUint16(refcounts + (clusters + 5) * 2), 0);
  assert.equal(after.getUint16(refcounts + data / (CLUSTER / 2)), 1);
});

/** A disk that takes more clusters than a refcount table of one cluster counts. */
function makeWide(clusters: number): { file: MemoryFile; disk: Uint8Array } {
  const capacityBytes = clusters * 512;
  const file = new MemoryFile(makeForeign({ clusterBytes: 512, capacityBytes, refcountOrder: 6 }));
  const device = openQcow(file);
  const disk = new Uint8Array(capacityBytes).map((_, index) => index >> 9);
  device.write(0, disk);
  device.close();
  return { file, disk };
}

for (const [rule, clusters] of [
  ["in the table that there is", 500],
  ["in a longer table", 4300],
] as const) {
  test(`left dirty, without any refcounts: all are made anew, ${rule}`, () => {
    const { file, disk } = makeWide(clusters);
    const table = new DataView(new ArrayBuffer(12));
    table.setBigUint64(0, 512n);
    table.setUint32(8, 1);
    file.write(48, new Uint8Array(table.buffer));
    file.write(512, new Uint8Array(512));
    file.write(72, Buffer.from("0000000000000001", "hex"));
    const reader = openQcow(Object.assign(new MemoryFile(file.content()), { isReadonly: true }));
    assert.ok(reader.header.isDirty);
    openQcow(file).close();
    assert.deepEqual(judge(file.content()), { errors: [], leaks: 0, dataClusters: clusters });
    assert.deepEqual(readDisk(file.content()), disk);
    assert.equal(openQcow(file).header.isDirty, false);
  });
}

test("a COPIED flag that lies: what is referred to twice is copied all the same", () => {
  const file = makeFile();
  openAndWrite(file);
  const view = new DataView(file.content().buffer);
  const refcounts = Number(view.getBigUint64(Number(view.getBigUint64(48))));
  const l2 = Number(view.getBigUint64(Number(view.getBigUint64(40))) & 0xff_ffff_ffff_ffffn);
  const data = Number(view.getBigUint64(l2) & 0xff_ffff_ffff_ffffn);
  file.write(l2 + 5 * 8, file.content().subarray(l2, l2 + 8));
  file.write(refcounts + (data / CLUSTER) * 2, Buffer.from("0002", "hex"));
  const device = openQcow(file);
  device.write(0, new Uint8Array(512).fill(9));
  const target = new Uint8Array(512);
  device.read(5 * CLUSTER, target);
  assert.equal(target[0], 1);
  device.close();
});

test("what a header extension that is not known may refer to is left alone", () => {
  const file = makeFile();
  openAndWrite(file);
  const view = new DataView(file.content().buffer);
  const refcounts = Number(view.getBigUint64(Number(view.getBigUint64(48))));
  const cluster = file.byteCount / CLUSTER;
  file.truncate(file.byteCount + CLUSTER);
  file.write(refcounts + cluster * 2, Buffer.from("0001", "hex"));
  file.write(104, Buffer.from("2385287500000008", "hex"));
  const device = openQcow(file);
  device.write(30 * CLUSTER, filled(4, 1));
  device.close();
  assert.equal(new DataView(file.content().buffer).getUint16(refcounts + cluster * 2), 1);
  assert.deepEqual([judge(file.content()).errors, judge(file.content()).leaks], [[], 1]);
});

const UNUSABLE: readonly (readonly [rule: string, options: Partial<CreateQcowOptions>])[] = [
  ["a capacity of half a sector", { capacityBytes: 256 }],
  ["a capacity below zero", { capacityBytes: -512 }],
  ["clusters of 1000 bytes", { clusterBytes: 1000 }],
  ["clusters of 4 MiB", { clusterBytes: 4 << 20 }],
  ["more than an L1 table maps", { capacityBytes: 2 ** 38, clusterBytes: 512 }],
  ["lazy refcounts in version 2", { version: 2, lazyRefcounts: true }],
  ["a backing file without a name", { backing: "" }],
  ["a long name in a small cluster", { backing: "x".repeat(500), clusterBytes: 512 }],
];

for (const [rule, options] of UNUSABLE) {
  test(`not created: ${rule}`, () => {
    const file = new MemoryFile();
    const all = { capacityBytes: 64 * CLUSTER, ...options };
    assert.throws(() => createQcow(file, all), { code: "OPTION_INVALID" });
    assert.equal(file.byteCount, 0);
  });
}

test("backing files: a chain ends somewhere, and a protocol is no path", () => {
  const open = (backing: string): QcowDevice => {
    const file = makeFile({ backing, backingFormat: "qcow2" });
    return openQcow(file, {
      openBacking: () => Object.assign(makeFile({ backing }), { isReadonly: true }),
    });
  };
  assert.throws(() => open("self"), { code: "OPTION_INVALID", message: /too long a chain/ });
  assert.throws(() => open("nbd://host"), { code: "OPTION_INVALID", message: /is no path/ });
  const alone = makeFile({ backing: "lower" });
  assert.throws(() => openQcow(alone), {
    code: "OPTION_INVALID",
    message: /cannot be opened here/,
  });
});
