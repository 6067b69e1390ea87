/**
 * `wmon run --block`: a real guest on real images, and what is there however a run ends.
 */
import assert from "node:assert/strict";
import { readFileSync, truncateSync } from "node:fs";
import { test } from "node:test";
import { guestPath, skipWithout } from "../guests/guest.js";
import {
  blockArgs,
  checkQcow,
  compareWithRaw,
  linesOf,
  makeImage,
  readLine,
  runBlock,
} from "./block-image.js";
import { until } from "./until.js";
import { guestFile, QUIET, runWmon, Wmon } from "./wmon.js";

const KINDS = ["raw", "qcow2"] as const;
const CAPACITY = 8 * 1024 * 1024;
/** What `churn` leaves alone. */
const LAST_SPAN = CAPACITY - 65536;

for (const kind of KINDS) {
  test(`block: what one run writes to a ${kind} image, the next reads`, async (t) => {
    const image = makeImage(t, kind);
    const first = ["info", "write:65536:131072:7", "read:65536:131072", "discard:131072:512"];
    assert.deepEqual(linesOf(await runBlock(t, image, first)), [
      `info 0 ${CAPACITY} 512 rw`,
      ...["write 0", readLine(131072, 7), "discard 0"],
    ]);
    if (kind === "qcow2") checkQcow(image, "no leaks");
    const second = ["read:65536:65536", "read:0:65536", "read:131072:512", "read:131584:512"];
    assert.deepEqual(linesOf(await runBlock(t, image, [...second, "discard:0:8388608"])), [
      ...[readLine(65536, 7), readLine(65536, 0), readLine(512, 0), readLine(512, 7)],
      "discard 0",
    ]);
    if (kind === "qcow2") checkQcow(image, "no leaks");
    const third = await runBlock(t, image, [`read:0:${CAPACITY}`]);
    assert.deepEqual(linesOf(third), [readLine(CAPACITY, 0)]);
  });

  test(`block: a guest gets a status for what a ${kind} image cannot do`, async (t) => {
    const image = makeImage(t, kind);
    const wrong = ["read:1:512", "read:0:513", `read:${CAPACITY}:512`, "write:-512:512:1"];
    const ended = await runBlock(t, image, [...wrong, `read:${CAPACITY}:0`, "write:0:512:1"]);
    const statuses = linesOf(ended).map((line) => line.split(" ")[1]);
    assert.deepEqual(statuses, ["-21", "-21", "-22", "-22", "0", "0"]);
    const before = readFileSync(image);
    const operations = ["info", "write:0:512:9", "discard:0:512", "flush", "read:0:512"];
    assert.deepEqual(linesOf(await runBlock(t, `${image},readonly`, operations)), [
      `info 0 ${CAPACITY} 512 ro`,
      ...["write -23", "discard -23", "flush 0"],
      readLine(512, 1),
    ]);
    assert.ok(before.equals(readFileSync(image)), "a readonly image was written");
  });
}

test("block: the same operations make the same disk of any image", async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9);
  const operations = [...drawOperations(seed, 60), `read:0:${CAPACITY}`];
  const raw = makeImage(t, "raw");
  const expected = linesOf(await runBlock(t, raw, operations));
  for (const option of ["", ",compact"]) {
    const image = makeImage(t, "qcow2");
    const ended = await runBlock(t, `${image}${option}`, operations);
    assert.deepEqual(linesOf(ended), expected, `SEED=${seed}`);
    checkQcow(image, "no leaks");
    compareWithRaw(image, raw, `SEED=${seed}`);
  }
});

/** Operations on whole sectors, of every kind and up to 256 KiB long. */
function drawOperations(seed: number, count: number): string[] {
  // Lehmer's generator with the constants of Park and Miller.
  let state = (seed % 2147483646) + 1;
  const draw = (below: number) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  return Array.from({ length: count }, (_, index) => {
    const verb = ["write", "write", "write", "discard", "discard", "flush", "read"][draw(7)];
    const byteCount = draw(512) * 512;
    const offset = draw((CAPACITY - byteCount) / 512 + 1) * 512;
    return verb === "flush" ? verb : `${verb}:${offset}:${byteCount}:${(index % 255) + 1}`;
  });
}

test("block: a raw image is the device, byte by byte", async (t) => {
  const image = makeImage(t, "raw");
  await runBlock(t, image, ["write:512:1024:7", "write:8388096:512:9"]);
  const expected = Buffer.alloc(CAPACITY)
    .fill(7, 512, 1536)
    .fill(9, CAPACITY - 512);
  assert.ok(expected.equals(readFileSync(image)));
});

test("block: a guest without --block, or with another name, gets no device", async (t) => {
  const operations = ["--", "disk", "info", "read:0:512", "write:0:512:1", "discard:0:512"];
  const image = makeImage(t, "raw");
  for (const options of [[], ["--block", `other=${image}`]]) {
    const args = ["run", ...QUIET, ...options, guestPath("block"), ...operations, "flush"];
    const ended = await runWmon(t, args);
    const statuses = linesOf(ended).map((line) => line.split(" ")[1]);
    assert.deepEqual([ended.code, statuses], [0, ["-20", "-20", "-20", "-20", "-20"]]);
  }
});

test("block: with ,raw the bytes of a qcow2 image are the disk", async (t) => {
  const image = makeImage(t, "qcow2");
  const whole = Math.ceil(readFileSync(image).length / 512) * 512;
  truncateSync(image, whole);
  const ended = await runBlock(t, `${image},raw,readonly`, ["info"]);
  assert.deepEqual(linesOf(ended), [`info 0 ${whole} 512 ro`]);
});

test("block: what is wrong with an option is said in one line, with exit code 2", async (t) => {
  const image = makeImage(t, "raw");
  const vectors = [
    [["--block", "disk"], /NAME=FILE/],
    [["--block", `a=${image}`, "--block", `a=${image}`], /a device a already/],
    [["--block", `a=${image}.none`], /^wmon: --block a: \S+: no such file/],
  ] as const;
  for (const [options, said] of vectors) {
    const ended = await runWmon(t, ["run", ...QUIET, ...options, guestPath("block")]);
    assert.deepEqual([ended.code, ended.stdout], [2, ""]);
    assert.match(ended.stderr, said);
    assert.match(ended.stderr, /^wmon: [^\n]*\n$/);
  }
});

test("block: an image that a run has is refused to another", async (t) => {
  const image = makeImage(t, "qcow2");
  const holder = new Wmon(t, blockArgs(image, ["info", "wait"]));
  await until("the guest has its disk", () => linesOf(holder).length === 1);
  const other = await runWmon(t, blockArgs(image, ["info"]));
  assert.equal(other.code, 2);
  assert.match(other.stderr, /^wmon: --block disk: \S+ is in use by process \d+[^\n]*\n$/);
  holder.child.stdin.end("x");
  assert.deepEqual(await holder.ended, { code: 0, signal: null });
});

/** How a run ends, the operations after the discard, the exit code. */
const ENDINGS = [
  ["exit", "exit:5", 5],
  ["a trap", "trap", 134],
] as const;

for (const [what, operation, code] of ENDINGS) {
  test(`block: ${what} leaves an image whole and free, with all that was written`, async (t) => {
    const image = makeImage(t, "qcow2");
    const writing = blockArgs(image, ["write:0:65536:3", "discard:0:512", operation]);
    assert.equal((await runWmon(t, writing)).code, code);
    checkQcow(image, "no leaks");
    const ended = await runBlock(t, image, ["read:512:512"]);
    assert.deepEqual(linesOf(ended), [readLine(512, 3)]);
  });
}

const SIGNALS = [
  ["SIGTERM", "raw"],
  ["SIGTERM", "qcow2"],
  ["SIGINT", "qcow2"],
  ["SIGKILL", "qcow2"],
] as const;

for (const [signal, kind] of SIGNALS) {
  test(`block: ${signal} leaves a ${kind} image free, with what was flushed`, async (t) => {
    const image = makeImage(t, kind);
    const wmon = new Wmon(t, blockArgs(image, [`write:${LAST_SPAN}:65536:5`, "flush", "churn"]));
    await until("the flush is done", () => linesOf(wmon).includes("flush 0"));
    wmon.child.kill(signal);
    await wmon.ended;
    if (kind === "qcow2") checkQcow(image, "leaks");
    const ended = await runBlock(t, image, [`read:${LAST_SPAN}:65536`, "write:0:512:1"]);
    assert.deepEqual(linesOf(ended), [readLine(65536, 5), "write 0"]);
    assert.equal(ended.stderr, "");
    if (kind === "qcow2") checkQcow(image, "no leaks");
  });
}

/** Writes another cluster at every 16th depth of an endless recursion, and flushes some. */
const SINKING = `(module
  (import "monitor" "block_write" (func $write (param i32 i64 i32 i32) (result i32)))
  (import "monitor" "block_flush" (func $flush (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $work (param $step i64)
    (drop (call $write (i32.const 0)
      (i64.mul (i64.rem_u (local.get $step) (i64.const 4096)) (i64.const 65536))
      (i32.const 0) (i32.const 512)))
    (if (i64.eqz (i64.and (local.get $step) (i64.const 127)))
      (then (drop (call $flush (i32.const 0))))))
  (func $sink (param $depth i64) (result i32)
    (if (i64.eqz (i64.and (local.get $depth) (i64.const 15)))
      (then (call $work (i64.shr_u (local.get $depth) (i64.const 4)))))
    (i32.add (i32.const 1) (call $sink (i64.add (local.get $depth) (i64.const 1)))))
  (func (export "_start") (drop (call $sink (i64.const 1)))))`;

test("block: a guest whose stack ends in the midst of a write harms no image", async (t) => {
  const image = makeImage(t, "qcow2", 4096 * 65536);
  const args = ["run", ...QUIET, "--block", `disk=${image}`, guestFile(t, SINKING)];
  const ended = await runWmon(t, args);
  assert.equal(ended.code, 134);
  assert.match(ended.stderr, /Maximum call stack size exceeded/);
  checkQcow(image, "leaks");
  assert.deepEqual(linesOf(await runBlock(t, image, ["write:0:512:1"])), ["write 0"]);
  checkQcow(image, "no leaks");
});

test("block: wmon.h: the store of the example keeps its records", {
  skip: skipWithout("c-store"),
}, async (t) => {
  const image = makeImage(t, "qcow2", 65536);
  const args = ["run", ...QUIET, "--block", `d=${image}`, guestPath("c-store"), "--", "d"];
  const store = async (...words: string[]) => {
    const { code, stdout, stderr } = await runWmon(t, [...args, ...words]);
    assert.equal(stderr, "");
    return [code, stdout];
  };
  assert.deepEqual(await store("get", "colour"), [1, ""]);
  assert.deepEqual(await store("set", "colour", "blue"), [0, ""]);
  assert.deepEqual(await store("set", "colour", "red"), [0, ""]);
  assert.deepEqual(await store("get", "colour"), [0, "red\n"]);
  assert.deepEqual(await store("list"), [0, "colour=red\n"]);
  assert.deepEqual(await store("clear"), [0, ""]);
  assert.deepEqual(await store("list"), [0, ""]);
  checkQcow(image, "no leaks");
});
