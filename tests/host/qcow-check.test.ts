/**
 * What a check finds, a damage a row; `tests/peers/qcow-check.test.ts` asks qemu-img the same.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { checkImage } from "../../host/qcow/reader/check.js";
import type { FindingKind } from "../../host/qcow/reader/finding.js";
import { refcountAt } from "../../host/qcow/reader/refcounts.js";
import { REFERENCES_MAX, Role, Tally } from "../../host/qcow/reader/tally.js";
import { MemoryFile } from "./qcow-file.js";
import {
  CLUSTER,
  CLUSTER_COUNT,
  COPIED,
  DATA,
  fileOf,
  L1,
  L2,
  makeImage,
  REFCOUNT_BLOCK,
  REFCOUNT_TABLE,
  setEntry,
  setRefcount,
  type TestImage,
} from "./qcow-image.js";

type Counts = Partial<Record<FindingKind, number>>;
/** What is done to a sound image, and all that is found then. */
type Row = readonly [rule: string, damage: (image: TestImage) => void, Counts, RegExp?];

const COMPRESSED = 1n << 62n;
const FILE_END = BigInt(CLUSTER_COUNT * CLUSTER);
const BITMAPS = 0x23852875;

const FOUND: readonly Row[] = [
  ["nothing in a sound image", () => {}, {}],
  [
    "a refcount that is too low",
    (image) => setRefcount(image, 6, 0),
    { "refcount-too-low": 1, "copied-flag": 1 },
    /^cluster at 0x6000: refcount 0, references 1$/,
  ],
  [
    "a refcount that is too high: a leak, and its cluster shared",
    (image) => setRefcount(image, 6, 2),
    { leak: 1, "copied-flag": 1 },
    /0x6000: refcount 2, references 1$/,
  ],
  [
    "leaks in a row as one line, counted each",
    (image) => {
      setEntry(image, 0, 0n);
      setEntry(image, 1, 0n);
    },
    { leak: 2 },
    /^2 clusters from 0x5000 to 0x7000: refcount 1, references 0$/,
  ],
  [
    "a refcount for a cluster behind the file",
    (image) => setRefcount(image, 100, 3),
    { leak: 1 },
    /^cluster at 0x64000: refcount 3, references 0, behind the file's end$/,
  ],
  [
    "two mappings of one cluster that is counted once",
    (image) => setEntry(image, 1, COPIED | BigInt(DATA)),
    { "refcount-too-low": 1, leak: 1 },
    /^cluster at 0x5000: refcount 1, references 2$/,
  ],
  [
    "nothing in two mappings of one cluster that is counted twice",
    (image) => {
      setEntry(image, 0, BigInt(DATA));
      setEntry(image, 1, BigInt(DATA));
      setRefcount(image, 5, 2);
      setRefcount(image, 6, 0);
    },
    {},
  ],
  [
    "data over a table, though the refcount fits",
    (image) => {
      setEntry(image, 0, BigInt(REFCOUNT_BLOCK));
      setRefcount(image, 2, 2);
      setRefcount(image, 5, 0);
    },
    { overlap: 1 },
    /^cluster at 0x2000 \(refcount block and data\): has 2 users, one is allowed$/,
  ],
  [
    "an L2 table over the header, which is not read as one",
    (image) => image.view.setBigUint64(L1, COPIED),
    { "copied-flag": 1, leak: 4 },
    /^L1 table, entry 0 \(L2 table at 0x0\): flags without a table$/,
  ],
  [
    "an L2 table over the L1 table",
    (image) => image.view.setBigUint64(L1, BigInt(L1)),
    { overlap: 1, "refcount-too-low": 1, "copied-flag": 1, leak: 4 },
    /cluster at 0x3000 \(L1 table and L2 table\): has 2 users/,
  ],
  [
    "data past the end",
    (image) => setEntry(image, 2, COPIED | (FILE_END + BigInt(CLUSTER))),
    { "past-end": 1, leak: 1 },
    /^L2 table at 0x4000, entry 2 \(data at 0x9000\): lies past the file's end, 0x8000$/,
  ],
  [
    "data right behind the end",
    (image) => {
      setEntry(image, 4, COPIED | FILE_END);
      setRefcount(image, CLUSTER_COUNT, 1);
    },
    { "past-end": 1, leak: 1 },
  ],
  [
    "an L2 table past the end",
    (image) => image.view.setBigUint64(L1, COPIED | 0x00ff_ffff_ffff_f000n),
    { "past-end": 1, leak: 4 },
    /^L1 table, entry 0 \(L2 table at 0xfffffffffff000\): lies past the file's end/,
  ],
  [
    "data that begin within a cluster",
    (image) => setEntry(image, 2, COPIED | BigInt(DATA + 512)),
    { misaligned: 1, leak: 1 },
    /entry 2 \(data at 0x5200\): 0x5200 is not the beginning of a cluster$/,
  ],
  [
    "an L2 table that begins within a cluster",
    (image) => image.view.setBigUint64(L1, COPIED | BigInt(L2 + 512)),
    { misaligned: 1, leak: 4 },
  ],
  [
    "a refcount block that begins within a cluster, and so none",
    (image) => image.view.setBigUint64(REFCOUNT_TABLE, BigInt(REFCOUNT_BLOCK + 512)),
    { misaligned: 1, "refcount-too-low": CLUSTER_COUNT - 1, "copied-flag": 4 },
  ],
  [
    "a refcount block past the end",
    (image) => image.view.setBigUint64(REFCOUNT_TABLE + 8, 1n << 62n),
    { "past-end": 1 },
    /^refcount table, entry 1 \(block at 0x4000000000000000\): lies past the file's end/,
  ],
  [
    "a refcount block that serves twice",
    (image) => image.view.setBigUint64(REFCOUNT_TABLE + 8, BigInt(REFCOUNT_BLOCK)),
    { overlap: 1, "refcount-too-low": 1 },
    /cluster at 0x2000 \(refcount block\): has 2 users, one is allowed/,
  ],
  [
    "reserved bits of an L1 entry",
    (image) => image.view.setBigUint64(L1, COPIED | (1n << 60n) | BigInt(L2)),
    { "reserved-bits": 1 },
    /^L1 table, entry 0 \(L2 table at 0x4000\): reserved bits are set$/,
  ],
  [
    "reserved bits of an L2 entry",
    (image) => setEntry(image, 0, COPIED | BigInt(DATA) | 4n),
    { "reserved-bits": 1 },
  ],
  [
    "reserved bits of a refcount table entry",
    (image) => image.view.setBigUint64(REFCOUNT_TABLE, BigInt(REFCOUNT_BLOCK) | 1n),
    { "reserved-bits": 1 },
  ],
  [
    "a copied flag that is missing",
    (image) => setEntry(image, 0, BigInt(DATA)),
    { "copied-flag": 1 },
    /^cluster at 0x5000 \(data\): copied flag is missing$/,
  ],
  [
    "a copied flag of an L2 table that is missing",
    (image) => image.view.setBigUint64(L1, BigInt(L2)),
    { "copied-flag": 1 },
    /^cluster at 0x4000 \(L2 table\): copied flag is missing$/,
  ],
  [
    "a copied flag without a cluster",
    (image) => setEntry(image, 9, COPIED),
    { "copied-flag": 1 },
    /^L2 table at 0x4000, entry 9: copied flag without a cluster$/,
  ],
  [
    "a copied flag of compressed data",
    (image) => setEntry(image, 2, COPIED | COMPRESSED | BigInt(DATA + 2 * CLUSTER)),
    { "copied-flag": 1 },
  ],
  [
    "nothing in compressed data across two clusters",
    (image) => {
      // 8 more sectors, from the middle of the first cluster on.
      setEntry(image, 0, COMPRESSED | (7n << 58n) | BigInt(DATA + CLUSTER / 2));
      setEntry(image, 1, 0n);
    },
    {},
  ],
  [
    "compressed data past the end",
    (image) => setEntry(image, 2, COMPRESSED | (1n << 57n)),
    { "past-end": 1, leak: 1 },
  ],
  [
    "the corrupt bit",
    (image) => image.view.setBigUint64(72, 2n),
    { "corrupt-bit": 1 },
    /^header: an earlier writer found the image corrupt and marked it so$/,
  ],
  [
    "a snapshot table that is no such thing",
    (image) => {
      image.view.setUint32(60, 1);
      image.view.setBigUint64(64, BigInt(DATA));
      image.bytes.fill(0xff, DATA, DATA + CLUSTER);
    },
    { snapshot: 1 },
    /^snapshot table, entry 0: 4294967295 bytes of extra data$/,
  ],
  [
    "a bitmaps extension of a wrong length",
    (image) => setBitmaps(image, { extensionBytes: 16 }),
    { bitmap: 1 },
    /^bitmaps extension: has 16 bytes, not 24$/,
  ],
  [
    "a bitmap directory past the end",
    (image) => setBitmaps(image, { offset: 1n << 40n }),
    { "past-end": 1 },
    /^bitmap directory: lies past the file's end/,
  ],
  [
    "a bitmap whose entry ends behind its directory",
    (image) => {
      setBitmaps(image, { offset: FILE_END - BigInt(CLUSTER) });
      image.view.setUint32(CLUSTER_COUNT * CLUSTER - CLUSTER + 20, 0xffff);
    },
    { bitmap: 1, overlap: 1, "refcount-too-low": 1 },
  ],
  [
    "nothing in bitmaps that nobody keeps up",
    (image) => {
      setBitmaps(image, { offset: 1n << 40n });
      image.view.setBigUint64(88, 0n);
    },
    {},
  ],
];

function setBitmaps(image: TestImage, { extensionBytes = 24, offset = 0n }): void {
  const { view } = image;
  view.setBigUint64(88, 1n);
  view.setUint32(104, BITMAPS);
  view.setUint32(108, extensionBytes);
  view.setUint32(112, 1);
  view.setBigUint64(120, 32n);
  view.setBigUint64(128, offset);
}

for (const [rule, damage, counts, message] of FOUND) {
  test(`qcow check finds ${rule}`, () => {
    const image = makeImage();
    damage(image);
    const report = checkImage(fileOf(image));
    assert.deepEqual(report.counts, counts);
    const isSound = Object.keys(counts).length === 0;
    const isLeak = Object.keys(counts).every((kind) => kind === "leak");
    assert.equal(report.verdict, isSound ? "clean" : isLeak ? "leaks" : "corrupt");
    const messages = report.findings.map((finding) => finding.message);
    if (message)
      assert.ok(
        messages.some((text) => message.test(text)),
        messages.join("\n"),
      );
  });
}

test("qcow check finds a zero flag in version 2, which has none", () => {
  const image = makeImage({ version: 2 });
  assert.equal(checkImage(fileOf(image)).verdict, "clean");
  setEntry(image, 3, 1n);
  assert.deepEqual(checkImage(fileOf(image)).counts, { "zero-in-version-2": 1 });
});

test("qcow check: keeps the first findings of each kind, and counts all", () => {
  const image = makeImage();
  for (let index = 0; index < 400; index++) setEntry(image, 20 + index, COPIED);
  setRefcount(image, 100, 1);
  const report = checkImage(fileOf(image), { keptMax: 3 });
  assert.deepEqual(report.counts, { "copied-flag": 400, leak: 1 });
  assert.equal(report.findings.length, 4);
  assert.equal(report.corruptions, 400);
  assert.equal(report.leaks, 1);
});

test("qcow check: a last cluster that is cut reads as zeros there, and is no finding", () => {
  const { bytes } = makeImage();
  assert.equal(checkImage(new MemoryFile(bytes.slice(0, -CLUSTER + 1))).verdict, "clean");
  assert.equal(checkImage(new MemoryFile(bytes.slice(0, -CLUSTER))).verdict, "corrupt");
});

test("qcow check: a dirty image is only noted", () => {
  const image = makeImage();
  image.view.setBigUint64(72, 1n);
  const { verdict, notes } = checkImage(fileOf(image));
  assert.equal(verdict, "clean");
  assert.match(notes.join(), /^dirty: its writer did not close it/);
});

test("qcow check: counts the clusters of the disk and where the file's last one ends", () => {
  const { clusters, totalClusters, endOffset } = checkImage(fileOf(makeImage()));
  assert.deepEqual(clusters, { allocated: 3, compressed: 0, fragmented: 0, zero: 1 });
  assert.deepEqual([totalClusters, endOffset], [256, CLUSTER_COUNT * CLUSTER]);
});

/** Features at byte 72 of the header that a check cannot judge. */
const REFUSED: readonly (readonly [string, bigint, RegExp])[] = [
  ["an external data file", 4n, /external file/],
  ["extended L2 entries", 16n, /extended L2 entries/],
  ["a feature that nobody knows", 1n << 40n, /not known here/],
];

for (const [what, bit, message] of REFUSED) {
  test(`qcow check refuses ${what}`, () => {
    const image = makeImage();
    image.view.setBigUint64(72, bit);
    assert.throws(
      () => checkImage(fileOf(image)),
      (error) => error instanceof MonitorError && message.test(error.message),
    );
  });
}

test("qcow check: an L2 table that snapshots share is read once, and counts for each", () => {
  const snapshotCount = 100;
  const image = makeImage({ clusterCount: 16 });
  const { view } = image;
  const table = CLUSTER_COUNT * CLUSTER;
  view.setUint32(60, snapshotCount);
  view.setBigUint64(64, BigInt(table));
  // All have one L1 table, which is a fault; the first that has it counts.
  for (let index = 0; index < snapshotCount; index++) {
    const at = table + index * 56;
    view.setBigUint64(at, BigInt(15 * CLUSTER));
    view.setUint32(at + 8, 512);
    view.setUint32(at + 36, 16);
  }
  view.setBigUint64(15 * CLUSTER, BigInt(L2));
  const file = fileOf(image);
  const { findings } = checkImage(file);
  const messages = findings.map(({ message }) => message).join("\n");
  assert.match(messages, /4 clusters from 0x4000 to 0x8000: refcount 1, references 2/);
  assert.match(messages, /L1 table of snapshot "" at 0xf000: runs into another at 0xf000/);
  assert.ok(file.bytesRead < 40 * CLUSTER, `${file.bytesRead} bytes read`);
});

test("qcow check: refcounts of less than a byte begin at its lowest bit", () => {
  const block = Uint8Array.of(0b1110_0001, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde);
  const bits = (order: number, count: number) =>
    Array.from({ length: count }, (_, entry) => refcountAt(block, order, entry));
  assert.deepEqual(bits(0, 9), [1, 0, 0, 0, 0, 1, 1, 1, 0]);
  assert.deepEqual(bits(1, 5), [1, 0, 2, 3, 2]);
  assert.deepEqual(bits(2, 3), [1, 14, 2]);
  assert.deepEqual(bits(3, 2), [0xe1, 0x12]);
  assert.deepEqual(bits(4, 2), [0xe112, 0x3456]);
  assert.deepEqual(bits(5, 2), [0xe1123456, 0x789abcde]);
});

test("tally: counts stop at their most and keep their roles", () => {
  const tally = new Tally("disk");
  tally.add(2 ** 40, Role.Data | Role.Copied, REFERENCES_MAX - 1);
  tally.add(2 ** 40, Role.L2, 5);
  assert.equal(tally.references(2 ** 40), REFERENCES_MAX);
  assert.equal(tally.roles(2 ** 40), Role.Data | Role.Copied | Role.L2);
  assert.deepEqual([tally.references(7), tally.clusterCount], [0, 2 ** 40 + 1]);
  const seen: number[] = [];
  tally.add(3, Role.Data);
  tally.each((cluster) => seen.push(cluster));
  assert.deepEqual(seen, [3, 2 ** 40]);
});
