/**
 * Our check of images beside `qemu-img check`: on what qemu makes, and on hundreds of images whose
 * tables are damaged. Where the two differ, a row says why. The seed is fixed, so that a new kind
 * of damage is found by who looks for it, with `SEED=…`, and not by who changes something else.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { type CheckReport, checkImage } from "../../host/qcow/reader/check.js";
import { MemoryFile } from "../host/qcow-file.js";
import { temporaryFolder } from "../host/wmon.js";
import { Random } from "../wasm/random.js";
import { missing } from "./program.js";
import { makeImages, type QemuImage } from "./qcow-images.js";
import { QEMU_PROGRAMS, tryQemuImg } from "./qemu.js";

const skip = missing(...QEMU_PROGRAMS);
const RUNS = 300;
const SEED = Number(process.env.SEED ?? 4);

type Verdict = "clean" | "leaks" | "corrupt" | "refused";

/** qemu-img's exit codes. */
const VERDICTS: Readonly<Record<number, Verdict>> = { 0: "clean", 2: "corrupt", 3: "leaks" };

interface Judged {
  readonly verdict: Verdict;
  readonly report?: CheckReport;
  readonly message: string;
}

interface QemuJudged {
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<string, number>>;
  readonly message: string;
}

function judge(bytes: Uint8Array<ArrayBuffer>): Judged {
  const file = new MemoryFile(bytes);
  file.isReadonly = true;
  try {
    const report = checkImage(file);
    const messages = report.findings.map(({ message }) => message);
    return { verdict: report.verdict, report, message: messages.join("\n") };
  } catch (error) {
    if (!(error instanceof MonitorError)) throw error;
    return { verdict: "refused", message: error.message };
  }
}

function askQemu(path: string): QemuJudged {
  const { status, stdout, stderr } = tryQemuImg("check", "-f", "qcow2", "--output=json", path);
  const counts = stdout.startsWith("{") ? JSON.parse(stdout) : {};
  return { verdict: VERDICTS[status ?? -1] ?? "refused", counts, message: stderr };
}

/** What we say of headers. */
const HEADER_FAULTS: readonly string[] = [
  "not at a cluster within the file",
  "2^53 and more",
  "a header of ",
  "a backing file's name of ",
  "no refcount table",
];

/** What qemu says of parts that we do not look at. */
const UNUSED_FAULTS: readonly string[] = [
  "snapshot table offset invalid",
  "Header extension too large",
  "data-file-raw requires a data file",
  "ompression type",
  "Could not read bitmap",
];

/** Our verdict and qemu's, and why they may differ. */
const EXPLAINED: readonly (readonly [
  reason: string,
  ours: readonly Verdict[],
  qemu: readonly Verdict[],
  holds: (ours: Judged, qemu: QemuJudged) => boolean,
])[] = [
  [
    "a refcount for a cluster behind the file's end: qemu does not look there",
    ["leaks"],
    ["clean"],
    ({ report }) =>
      report?.findings.every(({ message }) => /behind the file's end/.test(message)) ?? false,
  ],
  [
    "uses that exclude each other, with refcounts and flags that fit: qemu compares those alone",
    ["corrupt"],
    ["clean", "leaks"],
    ({ report }) => has(report, "overlap"),
  ],
  [
    "a copied flag without a cluster, or a zero flag in version 2: qemu ignores both",
    ["corrupt"],
    ["clean", "leaks"],
    ({ report, message }) =>
      has(report, "zero-in-version-2") || /copied flag without a cluster/.test(message),
  ],
  [
    "the corrupt bit alone: qemu says so in info only",
    ["corrupt"],
    ["clean", "leaks"],
    ({ report }) => has(report, "corrupt-bit"),
  ],
  [
    "the header leads out of the file, is odd, or needs what we have not: we find no tables",
    ["refused"],
    ["clean", "leaks"],
    ({ message }) => HEADER_FAULTS.some((fault) => message.includes(fault)),
  ],
  [
    "one goes on where the other gives up: no refcount block, a snapshot table that is none",
    ["corrupt", "refused"],
    ["corrupt", "refused"],
    () => true,
  ],
  [
    // Such as a bitmap that is shorter than its disk, which nobody reads here.
    "what nothing depends on: a table without snapshots, a length of no extension, other features",
    ["clean", "leaks"],
    ["refused"],
    (_, { message }) => UNUSED_FAULTS.some((fault) => message.includes(fault)),
  ],
];

function has(report: CheckReport | undefined, kind: keyof CheckReport["counts"]): boolean {
  return (report?.counts[kind] ?? 0) > 0;
}

function isExplained(ours: Judged, qemu: QemuJudged): boolean {
  return EXPLAINED.some(
    ([, our, their, holds]) =>
      our.includes(ours.verdict) && their.includes(qemu.verdict) && holds(ours, qemu),
  );
}

test("qcow check: images of all flavours of qemu are clean, and their clusters as many", {
  skip,
}, (t) => {
  for (const { flavour, path, bytes } of makeImages(temporaryFolder(t))) {
    const { verdict, report, message } = judge(bytes);
    assert.equal(verdict, "clean", `${flavour}: ${message}`);
    const { counts } = askQemu(path);
    assert.deepEqual(
      {
        end: report?.endOffset,
        total: report?.totalClusters,
        allocated: report?.clusters.allocated,
        compressed: report?.clusters.compressed,
        fragmented: report?.clusters.fragmented,
      },
      {
        end: counts["image-end-offset"],
        total: counts["total-clusters"],
        allocated: counts["allocated-clusters"],
        compressed: counts["compressed-clusters"] ?? 0,
        fragmented: counts["fragmented-clusters"] ?? 0,
      },
      flavour,
    );
  }
});

test(`qcow check: damaged tables get qemu's verdict; SEED=${SEED}`, { skip }, (t) => {
  const folder = temporaryFolder(t);
  const images = makeImages(folder);
  const random = new Random(SEED);
  const path = join(folder, "damaged.qcow2");
  const seen = new Map<string, number>();
  let sameCounts = 0;
  for (let run = 0; run < RUNS; run++) {
    const image = random.pick(images);
    const { bytes, changes } = damage(image, random);
    writeFileSync(path, bytes);
    const ours = judge(bytes);
    const qemu = askQemu(path);
    const what = `run ${run} of SEED=${SEED}: ${image.flavour}: ${changes.join("; ")}`;
    const said = `we: ${ours.verdict} ${ours.message}\nqemu: ${qemu.verdict} ${qemu.message}`;
    assert.ok(ours.verdict === qemu.verdict || isExplained(ours, qemu), `${what}\n${said}`);
    const key = ours.verdict === qemu.verdict ? `both ${ours.verdict}` : "explained";
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (ours.report?.leaks === (qemu.counts.leaks ?? 0)) sameCounts += 1;
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(seen)));
  // Neither agrees by saying the same of everything, nor differs as a rule.
  for (const verdict of ["clean", "corrupt", "refused", "leaks"]) {
    assert.ok((seen.get(`both ${verdict}`) ?? 0) > 0, `never both ${verdict}`);
  }
  assert.ok((seen.get("explained") ?? 0) < RUNS / 4, `${seen.get("explained")} explained`);
  assert.ok(sameCounts > RUNS / 2, `${sameCounts} with as many leaks`);
});

/** A number of the image: where, how many bytes, and what it is. */
type Place = readonly [at: number, byteCount: 1 | 4 | 8, what: string];

const HEADER: readonly Place[] = [
  [8, 8, "backing file offset"],
  [16, 4, "backing file length"],
  [24, 8, "disk size"],
  [36, 4, "L1 entries"],
  [40, 8, "L1 offset"],
  [48, 8, "refcount table offset"],
  [56, 4, "refcount table clusters"],
  [60, 4, "snapshot count"],
  [64, 8, "snapshot table offset"],
  [72, 8, "incompatible features"],
  [88, 8, "autoclear features"],
  [96, 4, "refcount order"],
  [100, 4, "header length"],
];

/** Numbers of an image's tables, those that say something, each kind about as often. */
function placesOf({ bytes }: QemuImage, random: Random): Place[] {
  const view = new DataView(bytes.buffer);
  const clusterBytes = 2 ** view.getUint32(20);
  const places: Place[] = [...HEADER];
  const tableAt = (entry: number) => Number(view.getBigUint64(entry) & 0x00ff_ffff_ffff_fe00n);
  const l1 = tableAt(40);
  for (let index = 0; index < Math.min(view.getUint32(36), 8); index++) {
    places.push([l1 + 8 * index, 8, "L1 entry"]);
    const l2 = tableAt(l1 + 8 * index);
    for (let count = l2 === 0 ? 0 : 20; count > 0; count--) {
      places.push([l2 + 8 * random.below(Math.min(clusterBytes / 8, 170)), 8, "L2 entry"]);
    }
  }
  for (let index = 0; index < 3; index++) {
    places.push([tableAt(48) + 8 * index, 8, "refcount table entry"]);
    const block = tableAt(tableAt(48) + 8 * index);
    for (let count = block === 0 ? 0 : 30; count > 0; count--) {
      places.push([block + random.below(Math.min(96, clusterBytes)), 1, "refcount"]);
    }
  }
  const snapshots = tableAt(64);
  for (let count = snapshots === 0 ? 0 : 40; count > 0; count--) {
    places.push([snapshots + random.below(120), 1, "snapshot table"]);
  }
  for (let count = 8; count > 0; count--) places.push([104 + random.below(80), 1, "extension"]);
  return places;
}

function damage(
  image: QemuImage,
  random: Random,
): { bytes: Uint8Array<ArrayBuffer>; changes: string[] } {
  const bytes = image.bytes.slice();
  const view = new DataView(bytes.buffer);
  const places = placesOf(image, random) as [Place, ...Place[]];
  const changes: string[] = [];
  for (let count = 1 + random.below(2); count > 0; count--) {
    const [at, byteCount, what] = random.pick(places);
    if (at + byteCount > bytes.length) continue;
    const old = readNumber(view, at, byteCount);
    const changed = BigInt.asUintN(8 * byteCount, change(old, view, random));
    if (byteCount === 8) view.setBigUint64(at, changed);
    else if (byteCount === 4) view.setUint32(at, Number(changed));
    else view.setUint8(at, Number(changed));
    changes.push(
      `${what} at 0x${at.toString(16)}: 0x${old.toString(16)} -> 0x${changed.toString(16)}`,
    );
  }
  return { bytes, changes };
}

function readNumber(view: DataView, at: number, byteCount: 1 | 4 | 8): bigint {
  if (byteCount === 8) return view.getBigUint64(at);
  return BigInt(byteCount === 4 ? view.getUint32(at) : view.getUint8(at));
}

function change(old: bigint, view: DataView, random: Random): bigint {
  const clusterBytes = 2 ** view.getUint32(20);
  const offset = BigInt(random.below(view.byteLength / clusterBytes + 3) * clusterBytes);
  return random.pick([
    0n,
    1n,
    old + 1n,
    old - 1n,
    old ^ (1n << BigInt(random.below(64))),
    old ^ (1n << 63n),
    old + BigInt(clusterBytes),
    offset,
    offset | (1n << 63n),
    BigInt(view.byteLength),
    (1n << 64n) - 1n,
  ]);
}
