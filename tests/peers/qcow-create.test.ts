/**
 * Images that `wmon qcow create` makes, and sizes as it takes them, beside qemu-img's.
 */
import assert from "node:assert/strict";
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseByteSize, wholeSectors } from "../../host/cli/byte-size.js";
import { runWmon, temporaryFolder } from "../host/wmon.js";
import { missing } from "./program.js";
import { QEMU_PROGRAMS, qemuImg, tryQemuImg } from "./qemu.js";

const skip = missing(...QEMU_PROGRAMS);

const SIZES: readonly string[] = [
  ...["0", "1", "511", "512", "513", "4096", "00010", "+12", " 12", "9007199254740991"],
  ...["1b", "1B", "1k", "1K", "1m", "1M", "1g", "1G", "1t", "1T", "1p", "1P", "1e", "2E"],
  ...["1.5k", "1.5M", "1.1M", "2.3G", "0.7k", "1.M", "1.0000001G", "3.3333333333T", "0.5E"],
  ...["0.0001k", "0.00048k", "0.0005k", "0.5004k", "0.5006k", "1.0b", "1.0", "0.0"],
  ...["0x100", "0X20", "0x10k", "0x1.8k", "0x", "1.5", "1.5b", "1.1B", ".5M", "1e3", "12kk"],
  ...["", " ", "12 ", "1 k", "-12", "12KiB", "1kB", "1,5k", "1_0", "inf", "nan", "1.2.3k", "k"],
  ...["8E", "9223372036854775808", "18446744073709551616", "99999999999999999999E"],
];

test("qcow create: sizes are what qemu-img makes of them, or refused as there", { skip }, (t) => {
  const path = join(temporaryFolder(t), "size.qcow2");
  for (const size of SIZES) {
    rmSync(path, { force: true });
    const args = ["create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", path, "--", size];
    // Its options come first: a size may begin with a minus.
    const { status } = tryQemuImg(...args.slice(0, 6), "--", path, size);
    const parsed = parseByteSize(size);
    const ours = parsed === undefined ? undefined : wholeSectors(parsed);
    assert.equal(ours, status === 0 ? virtualSize(path) : undefined, JSON.stringify(size));
  }
});

function virtualSize(path: string): number {
  return JSON.parse(qemuImg("info", "--output=json", path))["virtual-size"];
}

interface Made {
  readonly options: readonly string[];
  readonly size: string;
  /** What qemu-img says of it. */
  readonly clusterBytes: number;
  readonly compat: string;
  readonly isLazy?: boolean;
}

const MADE: readonly Made[] = [
  { options: [], size: "1.5G", clusterBytes: 65_536, compat: "1.1" },
  { options: ["--cluster-size", "512"], size: "10G", clusterBytes: 512, compat: "1.1" },
  { options: ["--cluster-size", "2M"], size: "1P", clusterBytes: 1 << 21, compat: "1.1" },
  { options: ["--compat", "0.10"], size: "64k", clusterBytes: 65_536, compat: "0.10" },
  { options: ["--compat", "v2"], size: "0", clusterBytes: 65_536, compat: "0.10" },
  {
    options: ["--lazy-refcounts", "--cluster-size", "4k"],
    size: "513",
    clusterBytes: 4096,
    compat: "1.1",
    isLazy: true,
  },
];

for (const { options, size, clusterBytes, compat, isLazy = false } of MADE) {
  const title = `qcow create ${[...options, size].join(" ")}: qemu-img finds what was asked for`;
  test(title, { skip }, async (t) => {
    const path = join(temporaryFolder(t), "made.qcow2");
    const { code, stderr } = await runWmon(t, ["qcow", "create", ...options, path, size]);
    assert.deepEqual([code, stderr], [0, ""]);
    const info = JSON.parse(qemuImg("info", "--output=json", path));
    assert.deepEqual(
      {
        size: info["virtual-size"],
        clusterBytes: info["cluster-size"],
        compat: info["format-specific"].data.compat,
        isLazy: info["format-specific"].data["lazy-refcounts"] ?? false,
      },
      { size: wholeSectors(parseByteSize(size) ?? 0n), clusterBytes, compat, isLazy },
    );
    qemuImg("check", path);
    const theirs = `${path}.qemu`;
    const qemuOptions = `cluster_size=${clusterBytes},compat=${compat}`;
    qemuImg("create", "-q", "-f", "qcow2", "-o", qemuOptions, theirs, size);
    assert.match(qemuImg("compare", path, theirs), /Images are identical/);
    // A gibibyte of tables would be ours alone.
    assert.ok(statSync(path).blocks <= statSync(theirs).blocks + 64, "takes as little of the disk");
  });
}

test("qcow create --backing: qemu-img reads the backing file through it", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const base = join(folder, "base.raw");
  writeFileSync(base, "x".repeat(100_000));
  for (const [name, format] of [["one.qcow2"], ["two.qcow2", "raw"]] as const) {
    const path = join(folder, name);
    const options = format === undefined ? [] : ["--backing-format", format];
    const args = ["qcow", "create", path, "--backing", "base.raw", ...options];
    const { stdout, stderr } = await runWmon(t, args);
    assert.equal(stderr, "");
    assert.match(stdout, /on base\.raw \(raw\)\n$/);
    const info = JSON.parse(qemuImg("info", "--output=json", path));
    assert.equal(info["backing-filename"], "base.raw");
    assert.equal(info["backing-filename-format"], "raw");
    assert.equal(info["virtual-size"], 100_352);
    assert.match(qemuImg("compare", path, "-F", "raw", base), /Images are identical/);
  }
});

test("qcow create: too large for its clusters is refused as qemu-img does, and no file left", {
  skip,
}, async (t) => {
  const path = join(temporaryFolder(t), "large.qcow2");
  for (const [clusterSize, size] of [
    ["512", "129G"],
    ["4k", "9T"],
    ["64k", "3P"],
  ] as const) {
    const args = ["qcow", "create", "--cluster-size", clusterSize, path, size];
    const { code, stderr } = await runWmon(t, args);
    assert.equal(code, 1);
    assert.match(stderr, /is too large: with clusters of .* is the most \(--cluster-size\)/);
    assert.ok(!existsSync(path));
    const options = `cluster_size=${clusterSize}`;
    const { status } = tryQemuImg("create", "-f", "qcow2", "-o", options, path, size);
    assert.equal(status, 1);
    rmSync(path, { force: true });
  }
});
