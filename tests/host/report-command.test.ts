/**
 * `wmon report`: where traces come from, where reports go, what is said on standard error, and the
 * exit code.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { readVector } from "./trace-vector.js";
import { runWmon, temporaryFolder } from "./wmon.js";

const MAIN = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));
const { trace, hotspots, dump } = readVector("deep");
const PATH = "tests/vectors/memtrace/deep.ctf";
const UNLISTED = /^wmon: \d+\.\d% is in functions not listed: .*\n$/;

/** Writes a file that is gone after the test; its path. */
function file(t: TestContext, bytes: Uint8Array | string): string {
  const path = join(temporaryFolder(t), "t.ctf");
  writeFileSync(path, bytes);
  return path;
}

test("wmon report: hotspots by default, on standard output", async (t) => {
  const { stdout, stderr, code } = await runWmon(t, ["report", PATH]);
  assert.deepEqual([stdout, code], [hotspots, 0]);
  assert.match(stderr, UNLISTED);
});

test("wmon report: - is standard input", () => {
  // Not by runWmon, whose input is text.
  const command = [MAIN, "report", "-", "--format", "dump"];
  const { stdout, status } = spawnSync(process.execPath, command, {
    input: trace,
    maxBuffer: 1 << 24,
  });
  assert.deepEqual([stdout.toString(), status], [dump, 0]);
});

test("wmon report: what gzip packed is unpacked", async (t) => {
  const { stdout, code } = await runWmon(t, ["report", file(t, gzipSync(trace))]);
  assert.deepEqual([stdout, code], [hotspots, 0]);
});

test("wmon report: a cut gzip file gives what is in it", async (t) => {
  const packed = gzipSync(trace);
  const path = file(t, packed.subarray(0, packed.length / 2));
  const { stdout, stderr, code } = await runWmon(t, ["report", path, "--format", "dump"]);
  assert.equal(code, 0);
  assert.ok(stdout.length > 10_000 && dump.startsWith(stdout));
  assert.match(stderr, /^wmon: damaged at byte \d+: the trace ends within a packet; shown are the/);
});

test("wmon report: damaged data of gzip are the damage, behind what is unpacked", async (t) => {
  // Long enough that zlib gives some before it meets the damage.
  const packed = gzipSync(new Uint8Array([...trace, ...Array(4 << 20).fill(0)]), { level: 0 });
  packed.fill(0xff, 3 << 20, (3 << 20) + 70_000);
  const { stderr, code } = await runWmon(t, ["report", file(t, packed)]);
  assert.equal(code, 0);
  assert.match(stderr, /^wmon: damaged at byte 27772: no packet begins here; shown are the/);
});

test("wmon report: -o replaces a file, which is not made for what is no trace", async (t) => {
  const target = join(temporaryFolder(t), "out.txt");
  const refused = await runWmon(t, ["report", file(t, "text"), "-o", target]);
  assert.equal(refused.code, 2);
  assert.ok(!existsSync(target));
  writeFileSync(target, "before".repeat(10_000));
  const { stdout } = await runWmon(t, ["report", PATH, "-o", target]);
  assert.equal(stdout, "");
  assert.equal(readFileSync(target, "utf8"), hotspots);
});

test("wmon report: pprof goes to a pipe as it is", (t) => {
  const target = file(t, "");
  const shell = `"$0" "$1" report ${PATH} --format pprof | gunzip > ${target}`;
  assert.equal(spawnSync("sh", ["-c", shell, process.execPath, MAIN]).status, 0);
  const { sample } = Profile.decode(new Uint8Array(readFileSync(target)));
  assert.ok(sample.length > 100);
});

test("wmon report: html is one page with the data in it", async (t) => {
  const { stdout, code } = await runWmon(t, ["report", PATH, "--format", "html"]);
  assert.equal(code, 0);
  assert.match(stdout, /^<!doctype html>/i);
  assert.ok(stdout.includes("/srv/app.wasm"));
});

test("wmon report: ends quietly when nobody reads any more", () => {
  const shell = `"$0" "$1" report ${PATH} --format dump; echo $? >&2`;
  const { stdout, stderr } = spawnSync("sh", [
    "-c",
    `(${shell}) | head -c 100`,
    process.execPath,
    MAIN,
  ]);
  assert.deepEqual(stdout, Buffer.from(dump).subarray(0, 100));
  assert.equal(stderr.toString(), "0\n");
});

/** Arguments, with FILE for a text file and FOLDER for a folder; what is said. */
const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [["/nonexistent"], /^wmon: \/nonexistent: there is no such file\n$/],
  [["FOLDER"], /: a directory; wanted is the file of one trace\n$/],
  [["FILE"], /: no memory trace: it looks like text; wanted is what wmon trace or memtrace writes/],
  [[], /missing required argument 'trace'/],
  [[PATH, "--format", "svg"], /Allowed choices are hotspots, collapsed, pprof, /],
  [[PATH, "--since", "soon"], /wanted is a time since the trace's start: 500ms, 10s, 1\.5m/],
  [[PATH, "--min", "1q"], /wanted is a share, 1%, or bytes: 4096, 64KiB, 1\.5MB/],
  [[PATH, "--since", "2s", "--until", "1s"], /--since has to be before --until/],
  [[PATH, "--format", "dump", "--live"], /neither --live nor --min/],
  [[PATH, "-o", "/nonexistent/out"], /-o .*: its folder does not exist/],
];

for (const [args, message] of REFUSED) {
  test(`wmon report: exit code 2 for ${args.join(" ") || "no argument"}`, async (t) => {
    const folder = join(temporaryFolder(t), "folder");
    mkdirSync(folder);
    const places: Readonly<Record<string, string>> = { FOLDER: folder, FILE: file(t, "Hello.\n") };
    const real = args.map((argument) => places[argument] ?? argument);
    const { stdout, stderr, code } = await runWmon(t, ["report", ...real]);
    assert.deepEqual([stdout, code], ["", 2]);
    assert.match(stderr, message);
  });
}

test("wmon report: does not write over the trace that it reads", async (t) => {
  const path = file(t, trace);
  const alias = join(temporaryFolder(t), "alias");
  symlinkSync(path, alias);
  const { stderr, code } = await runWmon(t, ["report", path, "--format", "dump", "-o", alias]);
  assert.equal(code, 2);
  assert.match(stderr, /is the trace itself/);
  assert.deepEqual(new Uint8Array(readFileSync(path)), trace);
});

test("wmon report: moments are since the trace's start", async (t) => {
  const guest = "tests/vectors/memtrace/guest.ctf";
  const args = ["report", guest, "--format", "dump", "--since", "19.5s", "--until", ".5m"];
  const { stdout } = await runWmon(t, args);
  const within = readVector("guest")
    .dump.split(/(?<=\n)/)
    .filter((line) => Number(line.slice(0, 10)) >= 19.5e6 && Number(line.slice(0, 10)) < 30e6);
  assert.ok(within.length > 10);
  assert.equal(stdout, within.join(""));
});

/** A trace whose only function has an escape sequence in its name. */
function hostileTrace(): Buffer {
  const lines = [
    ["I", "1", "32", "program", "host", "", "7", "1000000", ""],
    ["L", "1", "a.c", "1", "1", "2", "a\x1b[31mb"],
    ["A", "1000001", "4", "4", "2", "1"],
  ];
  const input = lines.map((fields) => `${fields.join("\t")}\n`).join("");
  return spawnSync(process.execPath, [MAIN, "encode-trace"], { input }).stdout;
}

test("wmon report: names do not speak to a terminal; a pipe gets them as they are", async (t) => {
  const path = file(t, hostileTrace());
  const args = ["report", path, "--format", "collapsed"];
  assert.equal((await runWmon(t, args)).stdout, "a\x1b[31mb 16\n");
  const command = [process.execPath, MAIN, ...args].join(" ");
  const terminal = spawnSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8" });
  if (terminal.error) return t.skip("script (of util-linux) is missing");
  assert.equal(terminal.stdout, "a\\x1b[31mb 16\r\n");
});

test("wmon report: where it cannot write, it says so of -o", async (t) => {
  const path = join(temporaryFolder(t), "missing", "r");
  const { code, stderr } = await runWmon(t, ["report", PATH, "-o", path]);
  assert.deepEqual([code, stderr], [2, `wmon: -o ${path}: its folder does not exist\n`]);
});
