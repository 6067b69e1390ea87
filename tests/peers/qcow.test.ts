/**
 * Our qcow2 images before qemu's own judge, and qemu's images before us: read the same, written by
 * us, and judged again. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createImage, openImage } from "../../host/platforms/node-image.js";
import { createQcow } from "../../host/qcow/create.js";
import { openQcow } from "../../host/qcow/open.js";
import { differenceAt, Model } from "../host/qcow-model.js";
import { Random, SEED } from "../wasm/random.js";
import { missing } from "./program.js";
import { QEMU_PROGRAMS, qemuImg, qemuIo } from "./qemu.js";
import { assertClean, crashQemuIo, readByQemu, withFolder } from "./qemu-image.js";

const skip = missing(...QEMU_PROGRAMS);
const CLUSTERS = [512, 1024, 4096, 65_536, 2 << 20];

/** Random operations on the image at `path`, and what qemu thinks of it then. */
function assertWrites(path: string, random: Random, steps: number, disk?: Uint8Array): void {
  const open = () => openImage(path, { isReadonly: false });
  const model = new Model(open, random, disk, { openBacking: openImage });
  model.assertAll();
  for (let step = 0; step < steps; step++) model.step();
  model.device.close();
  assertClean(path, model.tell());
  const at = differenceAt(readByQemu(path), model.disk);
  assert.equal(at, -1, `qemu reads byte ${at} otherwise\n${model.tell()}`);
}

/** Our reading of all of an image. */
function readAll(path: string): Uint8Array {
  const file = openImage(path, { isReadonly: true });
  const device = openQcow(file, { openBacking: openImage });
  const disk = new Uint8Array(device.capacityBytes);
  device.read(0, disk);
  device.close();
  return disk;
}

for (const clusterBytes of CLUSTERS) {
  for (const version of [2, 3] as const) {
    test(`ours, version ${version}, clusters of ${clusterBytes}; SEED=${SEED}`, {
      skip,
    }, async () => {
      const random = new Random(SEED + clusterBytes + version);
      const runs = clusterBytes < 1 << 20 ? 2 : 1;
      for (let run = 0; run < runs; run++) {
        await withFolder((path) => {
          const most = clusterBytes < 1 << 20 ? 100 : 4;
          const capacityBytes = clusterBytes * (1 + random.below(most)) + 512 * random.below(3);
          const file = createImage(path("disk"));
          createQcow(file, { capacityBytes, clusterBytes, version, lazyRefcounts: version === 3 });
          file.close();
          assertClean(path("disk"));
          assertWrites(path("disk"), random, 40);
        });
      }
    });
  }
}

/** Options of `qemu-img create`, and what qemu-io writes there. */
const THEIRS: readonly (readonly [options: string, ...commands: string[]])[] = [
  ["compat=0.10,cluster_size=512", "write -P 17 1k 30k", "write -P 18 100k 1k"],
  ["compat=0.10,cluster_size=64k", "write -P 17 1k 300k", "discard 64k 64k"],
  ["cluster_size=512", "write -P 17 0 200k", "discard 10k 20k", "write -z 100k 3k"],
  ["cluster_size=4k,refcount_bits=1", "write -P 33 8k 100k", "write -z -u 16k 16k"],
  ["cluster_size=4k,refcount_bits=2", "write -P 33 8k 100k", "write -z 16k 16k"],
  ["cluster_size=4k,refcount_bits=4", "write -P 33 8k 100k"],
  ["cluster_size=4k,refcount_bits=8", "write -P 33 8k 100k"],
  ["cluster_size=4k,refcount_bits=32", "write -P 33 8k 100k"],
  ["cluster_size=512,refcount_bits=64", "write -P 33 8k 1000k"],
  ["cluster_size=64k,lazy_refcounts=on", "write -P 1 0 1M", "write -z 128k 64k"],
  ["cluster_size=64k,preallocation=metadata", "write -P 1 64k 64k"],
  ["cluster_size=64k,preallocation=falloc", "write -P 1 64k 64k", "write -z 128k 64k"],
  ["cluster_size=2M", "write -P 5 1M 2M", "write -z 3M 100k"],
];

for (const [options, ...commands] of THEIRS) {
  test(`theirs, ${options}: read as qemu does, and written; SEED=${SEED}`, { skip }, async () => {
    await withFolder((path) => {
      const disk = path("disk");
      qemuImg("create", "-q", "-f", "qcow2", "-o", options, disk, "4M");
      qemuIo(disk, ...commands);
      assert.equal(differenceAt(readAll(disk), readByQemu(disk)), -1);
      assertWrites(disk, new Random(SEED), 40, readByQemu(disk));
    });
  });
}

test(`theirs, left dirty by a crash: refcounts are rebuilt; SEED=${SEED}`, { skip }, async () => {
  await withFolder((path) => {
    const disk = path("disk");
    const options = "lazy_refcounts=on,cluster_size=4k";
    qemuImg("create", "-q", "-f", "qcow2", "-o", options, disk, "2M");
    crashQemuIo(disk, "write -P 9 0 500k", "flush");
    const before = openImage(disk, { isReadonly: true });
    const device = openQcow(before);
    assert.ok(device.header.isDirty, "qemu left it clean");
    device.close();
    const expected = new Uint8Array(2 << 20).fill(9, 0, 500 << 10);
    assertWrites(disk, new Random(SEED), 40, expected);
  });
});

test(`theirs, with snapshots: what they share is copied; SEED=${SEED}`, { skip }, async () => {
  for (const cluster of ["512", "4k", "64k"]) {
    await withFolder((path) => {
      const disk = path("disk");
      qemuImg("create", "-q", "-f", "qcow2", "-o", `cluster_size=${cluster}`, disk, "1M");
      qemuIo(disk, "write -P 1 0 300k", "write -P 2 500k 100k");
      qemuImg("snapshot", "-c", "one", disk);
      qemuIo(disk, "write -P 3 100k 50k");
      qemuImg("snapshot", "-c", "two", disk);
      const two = readByQemu(disk);
      assertWrites(disk, new Random(SEED), 40, two);
      qemuImg("snapshot", "-a", "two", disk);
      assert.equal(differenceAt(readByQemu(disk), two), -1, "snapshot two has changed");
      qemuImg("snapshot", "-a", "one", disk);
      const one = new Uint8Array(1 << 20).fill(1, 0, 300 << 10).fill(2, 500 << 10, 600 << 10);
      assert.equal(differenceAt(readByQemu(disk), one), -1, "snapshot one has changed");
      qemuImg("snapshot", "-d", "two", disk);
      assertWrites(disk, new Random(SEED + 1), 30, one);
    });
  }
});

test("a copy for a snapshot's sake is counted, flushed and referenced", { skip }, async () => {
  await withFolder((path) => {
    const disk = path("disk");
    qemuImg("create", "-q", "-f", "qcow2", disk, "1M");
    qemuIo(disk, "write -P 1 0 128k");
    qemuImg("snapshot", "-c", "one", disk);
    const device = openQcow(openImage(disk, { isReadonly: false }));
    device.write(512, new Uint8Array(512));
    // The cluster, and the table that leads to it.
    assert.deepEqual([device.stats.copied, device.stats.flushed], [2, 0]);
    device.flush();
    const { copied, flushed, referenced } = device.stats;
    assert.deepEqual([copied, flushed, referenced], [2, 2, 2]);
    device.close();
    assertClean(disk);
  });
});

test(`theirs, resized: read and written to the new end; SEED=${SEED}`, { skip }, async () => {
  await withFolder((path) => {
    const disk = path("disk");
    qemuImg("create", "-q", "-f", "qcow2", "-o", "cluster_size=512", disk, "64k");
    qemuIo(disk, "write -P 8 0 64k");
    qemuImg("resize", "-q", disk, "3M");
    qemuIo(disk, "write -P 9 2M 64k");
    assertWrites(disk, new Random(SEED), 40, readByQemu(disk));
    qemuImg("resize", "-q", "--shrink", disk, "500k");
    assertWrites(disk, new Random(SEED), 40, readByQemu(disk));
  });
});

test(`chains over raw and qcow2, shorter and longer; SEED=${SEED}`, { skip }, async () => {
  for (const [format, lowerSize] of [
    ["raw", "300k"],
    ["raw", "2M"],
    ["qcow2", "300k"],
    ["qcow2", "2M"],
  ] as const) {
    await withFolder((path) => {
      qemuImg("create", "-q", "-f", format, path("lower"), lowerSize);
      const patterns = ["write -P 7 0 100k", "write -P 8 200k 50k"];
      if (format === "qcow2") qemuIo(path("lower"), ...patterns);
      const middle = ["-o", "cluster_size=4k", "-b", "lower", "-F", format, path("middle"), "700k"];
      qemuImg("create", "-q", "-f", "qcow2", ...middle);
      qemuIo(path("middle"), "write -P 3 50k 100k", "write -z 200k 20k");
      const upper = createImage(path("upper"));
      const backing = { backing: "middle", backingFormat: "qcow2" as const };
      createQcow(upper, { capacityBytes: 1 << 20, clusterBytes: 512, ...backing });
      upper.close();
      assert.match(qemuImg("info", "--backing-chain", path("upper")), /backing file format: qcow2/);
      assertWrites(path("upper"), new Random(SEED), 40, readByQemu(path("upper")));
    });
  }
});

test("bitmaps of others are out of date once we write, and nothing else", { skip }, async () => {
  await withFolder((path) => {
    const disk = path("disk");
    qemuImg("create", "-q", "-f", "qcow2", disk, "1M");
    qemuImg("bitmap", "--add", disk, "seen");
    assertClean(disk);
    const device = openQcow(openImage(disk, { isReadonly: false }));
    assert.notEqual(device.header.autoclear, 0n);
    device.write(0, new Uint8Array(512).fill(1));
    device.close();
    assert.equal(readByQemu(disk)[0], 1);
    const again = openQcow(openImage(disk, { isReadonly: true }));
    assert.equal(again.header.autoclear, 0n);
    again.close();
  });
});

const REFUSED: readonly (readonly [options: string, message: RegExp])[] = [
  ["extended_l2=on,cluster_size=64k", /extended L2 entries.*qemu-img convert/],
  ["data_file=other,data_file_raw=on", /external file.*qemu-img convert/],
];

for (const [options, message] of REFUSED) {
  test(`refused, with what to do: ${options}`, { skip }, async () => {
    await withFolder((path) => {
      const where = options.replace("=other", `=${path("other")}`);
      qemuImg("create", "-q", "-f", "qcow2", "-o", where, path("disk"), "1M");
      const file = openImage(path("disk"), { isReadonly: true });
      assert.throws(() => openQcow(file), { code: "OPTION_INVALID", message });
      file.close();
    });
  });
}

test("refused, with what to do: compressed clusters", { skip }, async () => {
  await withFolder((path) => {
    qemuImg("create", "-q", "-f", "qcow2", path("plain"), "1M");
    qemuIo(path("plain"), "write -P 1 0 500k");
    qemuImg("convert", "-c", "-O", "qcow2", path("plain"), path("disk"));
    const file = openImage(path("disk"), { isReadonly: true });
    const message = /compressed.*qemu-img convert -O qcow2/;
    assert.throws(() => openQcow(file), { code: "OPTION_INVALID", message });
    file.close();
  });
});
