/**
 * `wmon qcow compact` beside qemu-img: the disk is the same before and behind, the file as short as
 * what is in use, and a kill at any moment leaves no corruption.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../host/until.js";
import { runWmon, temporaryFolder, Wmon } from "../host/wmon.js";
import { Random, SEED } from "../wasm/random.js";
import { missing, needProgram } from "./program.js";
import { QEMU_PROGRAMS, qemuImg, qemuIo, tryQemuImg } from "./qemu.js";

const skip = missing(...QEMU_PROGRAMS);

const CLUSTER = 4096;
const DISK_CLUSTERS = 6144;
const KILLS = 10;
const ATTEMPTS_MAX = 60;
/** qemu-img check: whole, or leaks. */
const SOUND: readonly (number | null)[] = [0, 3];

interface Fragmented {
  readonly path: string;
  /** Clusters of data. */
  readonly usedCount: number;
}

/** An image all of whose clusters were written, and of which most were discarded at random. */
function makeFragmented(folder: string, random: Random): Fragmented {
  const path = join(folder, "fragmented.qcow2");
  const diskBytes = DISK_CLUSTERS * CLUSTER;
  qemuImg("create", "-q", "-f", "qcow2", "-o", `cluster_size=${CLUSTER}`, path, `${diskBytes}`);
  const writes: string[] = [];
  const spans = 16;
  for (let span = 0; span < spans; span++) {
    const bytes = diskBytes / spans;
    writes.push(`write -P ${span + 1} ${span * bytes} ${bytes}`);
  }
  let usedCount = DISK_CLUSTERS;
  const discards: string[] = [];
  for (let cluster = 0; cluster < DISK_CLUSTERS; ) {
    const count = Math.min(1 + random.below(24), DISK_CLUSTERS - cluster);
    if (random.below(3) > 0) {
      discards.push(`discard ${cluster * CLUSTER} ${count * CLUSTER}`);
      usedCount -= count;
    }
    cluster += count;
  }
  qemuIo(path, ...writes, ...discards);
  return { path, usedCount };
}

test(`qcow compact: as short as what is in use, the disk unchanged; SEED=${SEED}`, {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const { path, usedCount } = makeFragmented(folder, new Random(SEED));
  const original = join(folder, "original.qcow2");
  copyFileSync(path, original);
  const { code, stdout, stderr } = await runWmon(t, ["qcow", "compact", path]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /fragmented\.qcow2: \S+ MiB -> \S+ MiB \(\d+ bytes\), \d+ clusters moved\n$/,
  );
  qemuImg("check", path);
  assert.match(qemuImg("compare", path, original), /Images are identical/);
  // An L2 table has 512 entries here, a refcount block 2048.
  const tables = DISK_CLUSTERS / 512 + DISK_CLUSTERS / 2048 + 8;
  const clusters = statSync(path).size / CLUSTER;
  assert.ok(clusters <= usedCount + tables, `${clusters} clusters, ${usedCount} of data`);
  const again = await runWmon(t, ["qcow", "compact", path]);
  assert.match(again.stdout, / 0 clusters moved\n$/);
});

test("qcow compact: snapshots and backing files are as before", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  qemuImg("create", "-q", "-f", "qcow2", path("base.qcow2"), "8M");
  qemuIo(path("base.qcow2"), "write -P 3 0 8M");
  const behind = ["-b", "base.qcow2", "-F", "qcow2"];
  const create = ["create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", ...behind];
  qemuImg(...create, path("top.qcow2"));
  qemuIo(path("top.qcow2"), "write -P 4 0 2M");
  qemuImg("snapshot", "-c", "kept", path("top.qcow2"));
  qemuIo(path("top.qcow2"), "write -P 5 1M 3M", "discard 2M 1M", "write -P 6 7M 512k");
  copyFileSync(path("top.qcow2"), path("original.qcow2"));
  const { code, stderr } = await runWmon(t, ["qcow", "compact", path("top.qcow2")]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const snapshot of [[], ["kept"]]) {
    for (const name of ["top.qcow2", "original.qcow2"]) {
      for (const applied of snapshot) qemuImg("snapshot", "-a", applied, path(name));
      qemuImg("check", path(name));
    }
    assert.match(qemuImg("compare", path("top.qcow2"), path("original.qcow2")), /identical/);
  }
  assert.ok(statSync(path("top.qcow2")).size < statSync(path("original.qcow2")).size);
});

test(`qcow compact: killed ${KILLS} times, never corrupt, never a byte lost; SEED=${SEED}`, {
  skip,
}, async (t) => {
  const random = new Random(SEED);
  const folder = temporaryFolder(t);
  const { path } = makeFragmented(folder, random);
  const original = join(folder, "original.qcow2");
  copyFileSync(path, original);
  // How long one takes here and now, so that kills come at all its moments.
  const durationMs = await timeCompaction(t, path);
  copyFileSync(original, path);
  const halfway = new Set<string>();
  let kills = 0;
  for (let attempt = 0; kills < KILLS; attempt++) {
    assert.ok(attempt < ATTEMPTS_MAX, `${kills} of ${attempt} compactions were killed`);
    const isKilled = await killCompaction(t, path, random.below(durationMs + 1));
    const { status, stderr, stdout } = tryQemuImg("check", path);
    assert.ok(SOUND.includes(status), `attempt ${attempt} of SEED=${SEED}: ${stdout}${stderr}`);
    assert.match(qemuImg("compare", path, original), /Images are identical/);
    if (isKilled) kills += 1;
    else copyFileSync(original, path);
    halfway.add(`${status} ${statSync(path).size}`);
  }
  t.diagnostic(`states of the image: ${[...halfway].join(", ")}`);
  const last = await runWmon(t, ["qcow", "compact", path]);
  assert.deepEqual([last.code, last.stderr], [0, ""]);
  qemuImg("check", path);
  assert.match(qemuImg("compare", path, original), /Images are identical/);
});

/** Resolves once the compaction has begun to write. */
async function startCompaction(t: TestContext, path: string): Promise<Wmon> {
  const before = statSync(path).mtimeMs;
  const wmon = new Wmon(t, ["qcow", "compact", path]);
  const isBegun = () => statSync(path).mtimeMs !== before || hasEnded(wmon.child);
  await until("the image is written", isBegun);
  return wmon;
}

async function timeCompaction(t: TestContext, path: string): Promise<number> {
  const wmon = await startCompaction(t, path);
  const startMs = performance.now();
  await wmon.ended;
  return Math.ceil(performance.now() - startMs);
}

/** Kills a compaction so long after it began to write; whether it still ran. */
async function killCompaction(t: TestContext, path: string, delayMs: number): Promise<boolean> {
  const wmon = await startCompaction(t, path);
  const timer = setTimeout(() => wmon.child.kill("SIGKILL"), delayMs);
  const { signal } = await wmon.ended;
  clearTimeout(timer);
  return signal === "SIGKILL";
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

test("qcow: an image that qemu-io writes is refused by compact, create and check", {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "used.qcow2");
  qemuImg("create", "-q", "-f", "qcow2", path, "1M");
  const before = statSync(path).size;
  const qemu = spawn(needProgram("qemu-io"), [path], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => qemu.on("close", resolve));
  t.after(async () => {
    qemu.kill("SIGKILL");
    await ended;
  });
  let output = "";
  qemu.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  qemu.stdin.write("write 0 64k\n");
  await until("qemu-io has written", () => output.includes("wrote 65536/65536"));
  for (const args of [
    ["compact", path],
    ["check", path],
    ["create", "--force", path, "1M"],
  ]) {
    const { code, stderr, stdout } = await runWmon(t, ["qcow", ...args]);
    assert.deepEqual([code, stdout], [1, ""], args[0]);
    assert.match(stderr, /used\.qcow2 is in use by .*/, args[0]);
  }
  assert.ok(statSync(path).size >= before);
  for (const args of [["info"], ["map"], ["check", "-U"]]) {
    const { stderr } = await runWmon(t, ["qcow", ...args, path]);
    assert.equal(stderr, "", args[0]);
  }
});
