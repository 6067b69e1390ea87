/**
 * What a guest does with files, on both wires: each number exactly. The same calls over real files
 * and in the sandbox.
 */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CREATE, DIRECTORY, DiskScript, TRUNCATE } from "./disk-guest.js";
import { guestFile, LISTENING, QUIET, runWmon, temporaryFolder, Wmon } from "./wmon.js";

const NOENT = 44;
const BADF = 8;
/** Whatever a runtime answers. */
const ANY = -1;

const MODES = [
  ["real files", []],
  ["sandbox", ["--sandbox"]],
] as const;

/** Runs a guest over a folder that it sees as `/data`; its last push. */
async function push(t: TestContext, script: DiskScript, extra: readonly string[] = []) {
  const file = guestFile(t, script.text("exits"));
  const dir = ["--dir", `${folder(t)}::/data`];
  const wires = ["--push", "-", "--timestamps", "none"];
  const ended = await runWmon(t, ["run", ...QUIET, ...wires, ...extra, ...dir, file]);
  assert.equal(ended.code, 0, `step ${ended.code} of the guest; ${ended.stderr}`);
  return (series: string) => lastLine(ended.stdout, series);
}

/** A folder with a folder, a file of 100 bytes, and a link to it. */
function folder(t: TestContext): string {
  const path = temporaryFolder(t);
  mkdirSync(join(path, "sub"));
  writeFileSync(join(path, "old.bin"), "x".repeat(100));
  symlinkSync("old.bin", join(path, "link.bin"));
  return path;
}

/** Fields of the last line of a series, by key; without the buckets of histograms. */
function lastLine(lines: string, series: string): Record<string, number> {
  const line = lines.split("\n").findLast((text) => text.startsWith(`${series} `)) ?? "";
  const fields = line.slice(series.length + 1).split(",");
  const kept = fields.filter((field) => /^[a-z_\\ ]+=/.test(field) && !field.includes("_sum="));
  return Object.fromEntries(
    kept.map((field) => {
      const [key = "", value = ""] = field.split("=");
      return [key, Number.parseFloat(value)];
    }),
  );
}

/** All fields of a file or mount; those that are not given are 0. */
function numbers(given: Record<string, number>): Record<string, number> {
  const counts = { reads: 0, writes: 0, flushes: 0, ...given };
  return {
    read_bytes: 0,
    written_bytes: 0,
    discarded_bytes: 0,
    discards: 0,
    open: 0,
    ...counts,
    read_duration_count: counts.reads,
    write_duration_count: counts.writes,
    flush_duration_count: counts.flushes,
  };
}

/** Scrapes until the body is as wanted; that body. */
async function scrapeUntil(url: string, wanted: RegExp): Promise<string> {
  const scrape = async () => (await fetch(url)).text();
  for (let tries = 0; tries < 1000; tries++) {
    const body = await scrape();
    if (wanted.test(body)) return body;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`scraped in vain for ${wanted}`);
}

for (const [mode, extra] of MODES) {
  test(`disk (${mode}): bytes, operations, flushes of each file, and their sum`, async (t) => {
    const script = new DiskScript()
      .open(0, "a.txt", CREATE)
      .move("fd_write", 0, 5, 0, 3)
      .moveAt("fd_pread", 0, 10, 0)
      .moveAt("fd_pwrite", 0, 5, 15)
      .on("fd_sync", 0)
      .on("fd_datasync", 0)
      .open(1, "old.bin")
      .move("fd_read", 1, 64)
      .move("fd_read", 1, 64)
      .move("fd_read", 1, 64);
    const line = await push(t, script, extra);
    const a = { reads: 1, read_bytes: 10, writes: 4, written_bytes: 20, flushes: 2 };
    assert.deepEqual(line("disk,id=/data/a.txt"), numbers(a));
    assert.deepEqual(line("disk,id=/data/old.bin"), numbers({ reads: 3, read_bytes: 100 }));
    assert.deepEqual(line("mount,id=/data"), numbers({ ...a, reads: 4, read_bytes: 110 }));
    assert.deepEqual(line("wasi_io"), { read: 110, written: 20 });
    assert.equal(line("wasi,call=fd_read").calls, 3);
  });

  test(`disk (${mode}): bytes given up by shrinking, truncating, deleting`, async (t) => {
    const script = new DiskScript()
      .open(0, "a.txt", CREATE)
      .move("fd_write", 0, 30)
      .on("fd_filestat_set_size", 0, "(i64.const 20)")
      .on("fd_filestat_set_size", 0, "(i64.const 20)")
      .open(1, "a.txt", TRUNCATE)
      .open(2, "a.txt", TRUNCATE)
      .unlink("a.txt")
      .open(3, "b.txt", CREATE)
      .move("fd_write", 3, 7)
      .unlink("b.txt")
      .unlink("old.bin")
      .unlink("missing", NOENT);
    const line = await push(t, script, extra);
    const a = { writes: 1, written_bytes: 30, discards: 2, discarded_bytes: 30 };
    assert.deepEqual(line("disk,id=/data/a.txt"), numbers(a));
    const b = { writes: 1, written_bytes: 7, discards: 1, discarded_bytes: 7 };
    assert.deepEqual(line("disk,id=/data/b.txt"), numbers(b));
    const all = { writes: 2, written_bytes: 37, discards: 4, discarded_bytes: 137 };
    assert.deepEqual(line("mount,id=/data"), numbers(all));
    assert.deepEqual(line("disk,id=/data/old.bin"), {}, "it was never opened");
  });

  test(`disk (${mode}): a path's dots are resolved, from any directory`, async (t) => {
    const script = new DiskScript()
      .open(0, "sub", DIRECTORY)
      .open(1, "deep.txt", CREATE, 0, 0)
      .move("fd_write", 1, 1)
      .open(2, "./sub/../sub/deep.txt")
      .move("fd_write", 2, 2);
    const line = await push(t, script, extra);
    const deep = { writes: 2, written_bytes: 3 };
    assert.deepEqual(line("disk,id=/data/sub/deep.txt"), numbers(deep));
    assert.deepEqual(line("mount,id=/data"), numbers(deep));
  });

  test(`disk (${mode}): errors by errno, of a file or else of its mount`, async (t) => {
    const script = new DiskScript()
      .open(0, "missing", 0, NOENT)
      .open(0, "missing too", 0, NOENT)
      .raw(`(call $fd_sync (i32.const 77))`, BADF);
    const line = await push(t, script, extra);
    assert.deepEqual(line("disk_errors,errno=ENOENT,id=/data"), { errors: 2 });
    assert.deepEqual(line("disk_errors,errno=EBADF,id=/data"), {}, "it is nobody's");
    assert.equal(line("wasi,call=path_open").errors, 2);
  });
}

test("disk: a link is what the guest calls it, and a renamed file what it was", async (t) => {
  const script = new DiskScript()
    .open(0, "link.bin")
    .move("fd_read", 0, 10)
    .open(1, "a.txt", CREATE)
    .rename("a.txt", "b.txt")
    .move("fd_write", 1, 3)
    .open(2, "b.txt")
    .move("fd_write", 2, 4);
  const line = await push(t, script);
  assert.deepEqual(line("disk,id=/data/link.bin"), numbers({ reads: 1, read_bytes: 10 }));
  assert.deepEqual(line("disk,id=/data/a.txt"), numbers({ writes: 1, written_bytes: 3 }));
  assert.deepEqual(line("disk,id=/data/b.txt"), numbers({ writes: 1, written_bytes: 4 }));
});

test("disk: a million short reads are counted one by one, timed or not", async (t) => {
  const script = new DiskScript()
    .open(0, "old.bin")
    .move("fd_read", 0, 1, 0, 100)
    .move("fd_read", 0, 1, 0, 999_900);
  const line = await push(t, script);
  const reads = { reads: 1_000_000, read_bytes: 100 };
  assert.deepEqual(line("disk,id=/data/old.bin"), numbers(reads));
  assert.deepEqual(line("mount,id=/data"), numbers(reads));
  assert.equal(line("wasi,call=fd_read").calls, 1_000_000);
});

test("disk: a scrape sees open files live, under their families' names", async (t) => {
  const script = new DiskScript()
    .open(0, "old.bin")
    .open(1, "old.bin")
    .open(2, "a.txt", CREATE)
    .open(3, "gone.txt", CREATE)
    .move("fd_read", 0, 60)
    .on("fd_close", 3)
    .renumber(2, 1)
    .on("fd_tell", 1, "(i32.const 8)");
  const args = [...LISTENING, "--dir", `${folder(t)}::/data`];
  const wmon = new Wmon(t, ["run", ...args, guestFile(t, script.text("spins"))]);
  const url = await wmon.metrics();
  // A call is counted as it begins: by then those before it have ended.
  const body = await scrapeUntil(url, /^wasi_calls_total\{call="fd_tell"\} 1$/m);
  const expected = [
    'wasm_disk_open{id="/data/old.bin"} 1',
    'wasm_disk_open{id="/data/a.txt"} 1',
    'wasm_disk_open{id="/data/gone.txt"} 0',
    'wasm_mount_open{id="/data"} 2',
    'wasm_disk_read_bytes_total{id="/data/old.bin"} 60',
    'wasm_disk_reads_total{id="/data/old.bin"} 1',
    'wasm_disk_read_duration_seconds_count{id="/data/old.bin"} 1',
    'wasm_disk_read_duration_seconds_bucket{id="/data/old.bin",le="+Inf"} 1',
    'wasm_mount_read_bytes_total{id="/data"} 60',
    "guest_folded_files_total 0",
  ];
  for (const line of expected) assert.ok(body.split("\n").includes(line), line);
});

test("disk: a disabled source records nothing, and its mount goes on", async (t) => {
  const script = new DiskScript().open(0, "old.bin").move("fd_read", 0, 60);
  const line = await push(t, script, ["--metrics", "disk:off"]);
  assert.deepEqual(line("disk,id=/data/old.bin"), {});
  assert.deepEqual(line("mount,id=/data"), numbers({ reads: 1, read_bytes: 60 }));
});

test("disk: a hostile guest changes nothing that is not so", async (t) => {
  const beyond = "(i32.const 0xfffffff0)";
  const script = new DiskScript()
    .open(0, "old.bin")
    .raw(`(call $fd_close (i32.const -1))`, ANY)
    .raw(`(call $fd_close (i32.const 0x7fffffff))`, ANY)
    .raw(`(call $fd_read (i32.const -1) (i32.const 0) (i32.const 1) (i32.const 8))`, ANY)
    .on("fd_read", 0, `${beyond} (i32.const 1) (i32.const 8)`, ANY)
    .on("fd_read", 0, `(i32.const 0) (i32.const 0) ${beyond}`, ANY)
    .raw(`(call $path_unlink_file (i32.const 3) ${beyond} (i32.const -1))`, ANY)
    .raw(
      `(call $path_open (i32.const 3) (i32.const 0) ${beyond} (i32.const 99) (i32.const 9)
        (i64.const 2) (i64.const 0) (i32.const 0) ${beyond})`,
      ANY,
    )
    .raw(`(call $fd_renumber (i32.const 3) (i32.const 0x7fffffff))`, ANY)
    .raw(`(call $fd_renumber (i32.const 3) (i32.const 3))`, ANY)
    .move("fd_read", 0, 60)
    .renumber(0, 0, ANY)
    .raw(`(call $fd_renumber (i32.load (i32.const 16)) (i32.const 3))`)
    .open(1, "old.bin", 0, ANY)
    .raw(`(call $fd_read (i32.const 3) (call $vector (i32.const 60)) (i32.const 1) (i32.const 8))`)
    .raw(`(call $fd_close (i32.const 3))`)
    .open(1, "old.bin", 0, BADF);
  const line = await push(t, script);
  const reads = { reads: 2, read_bytes: 100 };
  assert.deepEqual(line("disk,id=/data/old.bin"), numbers(reads));
  assert.deepEqual(line("mount,id=/data"), numbers(reads));
});

test("disk: past 256 files they share an id, which is said", async (t) => {
  const script = new DiskScript();
  for (let index = 0; index < 258; index++) {
    script.open(0, `file${index}`, CREATE).move("fd_write", 0, 2).on("fd_close", 0);
  }
  const line = await push(t, script.open(0, "file0").move("fd_read", 0, 2));
  assert.deepEqual(line("disk,id=/data/file255"), numbers({ writes: 1, written_bytes: 2 }));
  assert.deepEqual(line("disk,id=/data/file256"), {});
  assert.deepEqual(line("disk,id=_overflow"), numbers({ writes: 2, written_bytes: 4 }));
  assert.equal(line("guest")["folded\\ files"], 2);
  const file0 = { writes: 1, written_bytes: 2, reads: 1, read_bytes: 2 };
  assert.deepEqual(line("disk,id=/data/file0"), numbers(file0));
  const all = { writes: 258, written_bytes: 516, reads: 1, read_bytes: 2 };
  assert.deepEqual(line("mount,id=/data"), numbers(all));
});
