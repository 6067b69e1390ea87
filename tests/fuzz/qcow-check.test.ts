/**
 * Damaged and hostile images: a check, a map and a description end, throw nothing but a
 * MonitorError, and read no more than a few times the file. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import type { ChainLink } from "../../host/qcow/reader/chain.js";
import { openChain } from "../../host/qcow/reader/chain.js";
import { type CheckReport, checkImage } from "../../host/qcow/reader/check.js";
import { readInfo } from "../../host/qcow/reader/info.js";
import { mapImage } from "../../host/qcow/reader/map.js";
import { MemoryFile } from "../host/qcow-file.js";
import {
  CLUSTER,
  CLUSTER_COUNT,
  COPIED,
  fileOf,
  L1,
  L2,
  makeImage,
  REFCOUNT_BLOCK,
  REFCOUNT_TABLE,
  type TestImage,
} from "../host/qcow-image.js";
import { Random, SEED } from "../wasm/random.js";

const RUNS = 4000;
/** Tables are read at most that often: the L1 table thrice, the others once, the header twice. */
const READS_MAX = 6;
/** What a header may make us read besides: clusters of 2 MiB, of which the file has less. */
const SLACK_BYTES = 8 << 20;

/** Runs all that reads an image; what the check said. */
function readAll(file: MemoryFile, what: string): CheckReport | undefined {
  const report = attempt(() => checkImage(file), what);
  const readsMax = READS_MAX * file.byteCount + SLACK_BYTES;
  assert.ok(file.bytesRead <= readsMax, `${what}: ${file.bytesRead} read`);
  attempt(() => readInfo(file), what);
  attempt(() => {
    const chain = openChain(file, () => {
      throw new MonitorError("OPTION_INVALID", "there is no such file");
    });
    assertCovers(chain, what);
  }, what);
  return report;
}

/** The extents of a map follow each other up to the disk's end. */
function assertCovers(chain: readonly ChainLink[], what: string): void {
  let end = 0;
  for (const extent of mapImage(chain)) {
    assert.equal(extent.start, end, what);
    assert.ok(extent.byteCount > 0, what);
    end += extent.byteCount;
  }
  assert.equal(end, chain[0]?.capacityBytes, what);
}

function attempt<Result>(run: () => Result, what: string): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof MonitorError) return undefined;
    throw new Error(what, { cause: error });
  }
}

/** Where images are damaged: mostly where tables are. */
const PLACES: readonly [number, ...number[]] = [0, 0, REFCOUNT_TABLE, REFCOUNT_BLOCK, L1, L2, L2];

test(`fuzz: a damaged image is judged, or refused; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  const verdicts = { clean: 0, leaks: 0, corrupt: 0, refused: 0 };
  for (let run = 0; run < RUNS; run++) {
    const image = makeImage({ version: random.pick([2, 3]) });
    for (let count = 1 + random.below(3); count > 0; count--) damage(image, random);
    const report = readAll(fileOf(image), `run ${run} of SEED=${SEED}`);
    verdicts[report?.verdict ?? "refused"] += 1;
  }
  for (const [verdict, count] of Object.entries(verdicts))
    assert.ok(count > 5, `${verdict}: ${count}`);
});

function damage({ bytes, view }: TestImage, random: Random): void {
  const at = random.pick(PLACES) + 8 * random.below(14);
  const byte = at + random.below(8);
  const old = view.getBigUint64(at);
  const change = random.below(4);
  if (change === 0) bytes[byte] = (bytes[byte] ?? 0) ^ (1 << random.below(8));
  else if (change === 1) bytes[byte] = random.below(256);
  else if (change === 2) view.setBigUint64(at, old + BigInt(CLUSTER));
  else {
    const offset = BigInt(random.below(CLUSTER_COUNT + 2) * CLUSTER);
    view.setBigUint64(at, offset | (random.below(2) === 1 ? COPIED : 0n));
  }
}

test(`fuzz: noise behind a header is judged, or refused; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let run = 0; run < 500; run++) {
    const image = makeImage();
    const kept = random.pick([8, 72, 104, CLUSTER, L1]);
    for (let at = kept; at < image.bytes.length; at++) image.bytes[at] = random.below(256);
    readAll(fileOf(image), `run ${run} of SEED=${SEED}`);
  }
});

test("fuzz: an image cut anywhere is judged, or refused", () => {
  const { bytes } = makeImage();
  for (let byteCount = 0; byteCount < bytes.length; byteCount += byteCount < 200 ? 1 : 509) {
    readAll(new MemoryFile(bytes.slice(0, byteCount)), `cut at ${byteCount}`);
  }
});

/** Images that claim much: what they claim, and the change. */
const CLAIMS: readonly (readonly [string, (image: TestImage) => void])[] = [
  ["a disk of 2^63 bytes", ({ view }) => view.setBigUint64(24, 1n << 63n)],
  ["an L1 table of 2^32 entries", ({ view }) => view.setUint32(36, 0xffff_ffff)],
  ["an L1 table of 32 MiB", ({ view }) => view.setUint32(36, 1 << 22)],
  ["a refcount table of 2^32 clusters", ({ view }) => view.setUint32(56, 0xffff_ffff)],
  ["65,536 snapshots in what is no table", ({ view }) => setSnapshots(view, 65_536)],
  ["2^32 snapshots", ({ view }) => setSnapshots(view, 0xffff_ffff)],
  ["a header as long as 2^32", ({ view }) => view.setUint32(100, 0xffff_fff8)],
  [
    "a backing file's name of 2^32 bytes",
    ({ view }) => {
      view.setBigUint64(8, 512n);
      view.setUint32(16, 0xffff_ffff);
    },
  ],
  [
    "a bitmap directory of 2^60 bytes",
    ({ view }) => {
      view.setBigUint64(88, 1n);
      view.setUint32(104, 0x23852875);
      view.setUint32(108, 24);
      view.setUint32(112, 1);
      view.setBigUint64(120, 1n << 60n);
    },
  ],
];

function setSnapshots(view: DataView, count: number): void {
  view.setUint32(60, count);
  view.setBigUint64(64, BigInt(L2 + CLUSTER));
}

for (const [claim, change] of CLAIMS) {
  test(`fuzz: ${claim}: judged or refused, from no more than the file has`, () => {
    const image = makeImage();
    change(image);
    assert.notEqual(readAll(fileOf(image), claim)?.verdict, "clean");
  });
}

test("fuzz: every entry of every table leads to one L2 table, which is read once", () => {
  const image = makeImage({ clusterCount: 64 });
  const { view } = image;
  view.setUint32(36, 512);
  for (let index = 0; index < 512; index++) {
    view.setBigUint64(L1 + 8 * index, BigInt(L2));
    view.setBigUint64(L2 + 8 * index, BigInt(L2 + CLUSTER));
  }
  const file = fileOf(image);
  const { counts, findings } = checkImage(file);
  assert.ok((counts["refcount-too-low"] ?? 0) > 0);
  assert.ok(file.bytesRead < 16 * CLUSTER, `${file.bytesRead} bytes read`);
  const messages = findings.map(({ message }) => message).join("\n");
  assert.match(messages, /0x5000: refcount 1, references 262144/);
});
