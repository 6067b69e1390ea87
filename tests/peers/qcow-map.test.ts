/**
 * `wmon qcow map` and `info` beside qemu-img's, of images of all flavours and of chains.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runWmon, temporaryFolder } from "../host/wmon.js";
import { missing } from "./program.js";
import { makeImages } from "./qcow-images.js";
import { QEMU_PROGRAMS, qemuImg, qemuIo } from "./qemu.js";

const skip = missing(...QEMU_PROGRAMS);

interface MapEntry {
  readonly start: number;
  readonly length: number;
  readonly depth: number;
  readonly present: boolean;
  readonly zero: boolean;
  readonly data: boolean;
  readonly offset?: number;
  readonly compressed?: boolean;
}

/** qemu looks for holes in the file: data there are zero as well. We do not. */
function withoutHoles(entries: readonly MapEntry[]): MapEntry[] {
  const joined: MapEntry[] = [];
  for (const { compressed: _, ...entry } of entries) {
    const plain = { ...entry, zero: entry.zero && !entry.data };
    const last = joined.at(-1);
    const end = last?.offset === undefined ? undefined : last.offset + last.length;
    const isSame =
      last?.depth === plain.depth &&
      last.present === plain.present &&
      last.zero === plain.zero &&
      end === plain.offset;
    if (isSame) joined[joined.length - 1] = { ...last, length: last.length + plain.length };
    else joined.push(plain);
  }
  return joined;
}

test("qcow map --json: the extents of qemu-img, of all flavours", { skip }, async (t) => {
  for (const { flavour, path } of makeImages(temporaryFolder(t))) {
    const { stdout, stderr } = await runWmon(t, ["qcow", "map", "--json", path]);
    assert.equal(stderr, "", flavour);
    const ours = withoutHoles(JSON.parse(stdout));
    assert.deepEqual(
      ours,
      withoutHoles(JSON.parse(qemuImg("map", "--output=json", path))),
      flavour,
    );
  }
});

test("qcow map --json: the extents of qemu-img through shorter and longer backing files", {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  writeFileSync(path("base.raw"), "x".repeat(100_000));
  const layer = (name: string, behind: string, format: string, size: string) =>
    qemuImg("create", "-q", "-f", "qcow2", "-b", behind, "-F", format, path(name), size);
  layer("one.qcow2", "base.raw", "raw", "400k");
  qemuIo(path("one.qcow2"), "write 64k 10k", "write -z 192k 64k");
  layer("two.qcow2", "one.qcow2", "qcow2", "4M");
  qemuIo(path("two.qcow2"), "write 3M 100k", "write -z 0 64k");
  layer("three.qcow2", "two.qcow2", "qcow2", "1M");
  for (const name of ["one", "two", "three"]) {
    const file = path(`${name}.qcow2`);
    const { stdout } = await runWmon(t, ["qcow", "map", "--json", file]);
    const theirs = JSON.parse(qemuImg("map", "--output=json", file));
    assert.deepEqual(withoutHoles(JSON.parse(stdout)), withoutHoles(theirs), name);
  }
  const { stdout } = await runWmon(t, ["qcow", "map", path("three.qcow2")]);
  const [head, ...lines] = stdout.split("\n");
  assert.match(head ?? "", /^start {5}length {8}kind {8}depth {2}offset {3}file$/);
  assert.deepEqual(
    lines.filter((line) => line !== "").map((line) => line.split(/ {2,}/).slice(0, 5)),
    [
      ["0x0", "64 KiB", "zero", "1", "-"],
      ["0x10000", "64 KiB", "data", "2", "0x50000"],
      ["0x20000", "64 KiB", "none", "2", "-"],
      ["0x30000", "64 KiB", "zero", "2", "-"],
      ["0x40000", "144 KiB", "none", "2", "-"],
      ["0x64000", "624 KiB", "none", "1", "-"],
    ],
  );
});

/** Keys of qemu-img's description that ours has, too. */
const INFO_KEYS = [
  "virtual-size",
  "filename",
  "cluster-size",
  "format",
  "actual-size",
  "dirty-flag",
  "backing-filename",
  "full-backing-filename",
  "backing-filename-format",
] as const;

test("qcow info --json: what qemu-img says, of all flavours", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const images = makeImages(folder).map(({ path }) => path);
  const overlay = join(folder, "overlay.qcow2");
  qemuImg("create", "-q", "-f", "qcow2", "-b", "snapshots.qcow2", "-F", "qcow2", overlay);
  for (const path of [...images, overlay]) {
    const { stdout } = await runWmon(t, ["qcow", "info", "--json", path]);
    const ours = JSON.parse(stdout);
    const theirs = JSON.parse(qemuImg("info", "--output=json", path));
    for (const key of INFO_KEYS) assert.deepEqual(ours[key], theirs[key], `${path}: ${key}`);
    for (const [key, value] of Object.entries(theirs["format-specific"].data)) {
      if (key !== "bitmaps") assert.equal(ours["format-specific"].data[key], value, key);
    }
    const snapshots = theirs.snapshots?.map(
      ({ icount: _, ...snapshot }: { icount?: number }) => snapshot,
    );
    assert.deepEqual(ours.snapshots, snapshots, path);
  }
});
