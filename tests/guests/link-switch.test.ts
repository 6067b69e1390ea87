/**
 * The switch of a linked image's memory trace: the source `memtrace`, on and off by commands,
 * timers and a variable. Images run in this process, where files, time and standard input are the
 * test's.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { linkGuest } from "../../host/link/link.js";
import { traceGuest } from "../../host/link/traced.js";
import { findDebugFiles } from "../../host/wasi/debug-files.js";
import { ROOT } from "./guest.js";
import { MemoryWasi } from "./memory-wasi.js";
import { NOTHING, STEPS, traceRound, traceRounds, WORK } from "./steps.js";
import { eventsOf, readTrace, samplesOf, type TraceText } from "./traced.js";

const ENV = {
  WMON_MEMTRACE: "/monitor/t.ctf",
  WMON_SAMPLING_RATE: "1",
  WMON_CONTROL: "/monitor/control",
  WMON_PUSH: "/monitor/push",
  WMON_TIMESTAMPS: "none",
};
const OFF = { WMON_METRICS: "memtrace:off" };

const guest = await traceGuest(readFileSync(STEPS), {
  name: "as-steps.wasm",
  findDebug: (original) => findDebugFiles(STEPS, original),
});
const monitor = readFileSync(join(ROOT, "build/link-memtrace.wasm"));
const image = new WebAssembly.Module(linkGuest(guest.bytes, monitor, guest.places));

/** What the guest is told, byte by byte, and what happens meanwhile. */
type Script = (wasi: MemoryWasi) => Generator<string>;

function play(env: Record<string, string>, script: Script): MemoryWasi {
  const wasi = new MemoryWasi({ ...ENV, ...env });
  wasi.run(image, script(wasi));
  assert.doesNotMatch(wasi.text("control.reply"), /error/);
  return wasi;
}

/** Gives commands, which are obeyed at the next look. */
function* command(wasi: MemoryWasi, lines: string): Generator<string> {
  wasi.append("control", `${lines}\n`);
  wasi.advance(1);
  yield NOTHING;
}

const traceOf = (wasi: MemoryWasi, name: string): TraceText =>
  readTrace(wasi.files.get(name) as Uint8Array);

test("between on and off a trace has the events of wmon run, and no others", async (t) => {
  const [one, four] = await Promise.all([traceRound(t, 1), traceRound(t, 4)]);
  const wasi = play(OFF, function* (wasi) {
    yield WORK;
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
    yield* command(wasi, "Mmemtrace:off");
    yield WORK;
    yield WORK;
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
  });
  const [first, second] = ["t.ctf", "t.ctf.2"].map((name) => traceOf(wasi, name));
  assert.ok(first && second && one.length > 0);
  assert.deepEqual(eventsOf(first), one);
  assert.deepEqual(eventsOf(second), four);
  // Blocks of before are freed meanwhile: these are not theirs.
  assert.equal(first.wrongCollects + second.wrongCollects, 0);
});

test("a trace that is switched off is complete at once, and its file is said", () => {
  let bytes: Uint8Array | undefined;
  const wasi = play({}, function* (wasi) {
    yield WORK;
    yield* command(wasi, "Mmemtrace:off");
    bytes = wasi.files.get("t.ctf");
    yield WORK;
  });
  assert.ok(samplesOf(readTrace(bytes as Uint8Array)) > 0);
  assert.deepEqual(wasi.files.get("t.ctf"), bytes);
  const line = `APP   memtrace: trace ended: /monitor/t.ctf has ${bytes?.length} bytes\n`;
  assert.ok(wasi.stderr.endsWith(line), wasi.stderr);
});

test("the source shows the numbers of all traces, and nothing while it is off", () => {
  const wasi = play({ ...OFF, WMON_INTERVAL: "100ms" }, function* (wasi) {
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
    yield* command(wasi, "Mmemtrace:off");
    wasi.files.delete("push");
    yield* command(wasi, "m");
    assert.doesNotMatch(wasi.text("push"), /^memtrace /m);
    assert.match(wasi.text("push"), /^memtrace_dropped,reason=errors events=0i$/m);
    yield* command(wasi, "Mmemtrace:on");
    wasi.advance(1);
    yield NOTHING;
  });
  const size = (wasi.files.get("t.ctf")?.length ?? 0) + (wasi.files.get("t.ctf.2")?.length ?? 0);
  const numbers = `samples=\\d+i,events=\\d+i,bytes=${size}i,sessions=2i,failed_sessions=0i,`;
  assert.match(wasi.text("push"), new RegExp(`^memtrace ${numbers}.*active=1i`, "m"));
  assert.match(wasi.text("control.reply"), /^ok: \*:enabled,memtrace:disabled$/m);
});

test("a trace for a while ends by itself", () => {
  const wasi = play(OFF, function* (wasi) {
    yield* command(wasi, "Mmemtrace:on for 30s");
    yield WORK;
    wasi.advance(28);
    yield NOTHING;
    const { length } = wasi.files.get("t.ctf") as Uint8Array;
    assert.doesNotMatch(wasi.stderr, /trace ended/);
    yield WORK;
    wasi.advance(2);
    yield NOTHING;
    assert.ok((wasi.files.get("t.ctf") as Uint8Array).length > length);
    assert.match(wasi.stderr, /trace ended: \/monitor\/t\.ctf has/);
    yield WORK;
  });
  assert.ok(!wasi.files.has("t.ctf.2"));
});

test("a trace's time is over also for a guest that only allocates", () => {
  const seen: number[] = [];
  const wasi = play(OFF, function* (wasi) {
    yield* command(wasi, "Mmemtrace:on for 30s");
    wasi.tickNs = 1_000_000_000n;
    yield WORK;
    wasi.tickNs = 0n;
  });
  const { blocks } = traceOf(wasi, "t.ctf");
  for (const { timeUs } of blocks) seen.push(timeUs - (blocks[0]?.timeUs ?? 0));
  assert.ok(seen.length > 5);
  assert.ok(Math.max(...seen) <= 30e6, `${Math.max(...seen)}`);
});

test("off for a while interrupts a trace: what follows is in the next file", async (t) => {
  const wasi = play({}, function* (wasi) {
    yield WORK;
    yield* command(wasi, "Mmemtrace:off for 10s");
    yield WORK;
    wasi.advance(10);
    yield NOTHING;
    yield WORK;
  });
  const [first, second] = ["t.ctf", "t.ctf.2"].map((name) => traceOf(wasi, name).blocks.length);
  assert.equal(second, (await traceRound(t, 2)).length);
  assert.equal(first, (await traceRounds(t, 1)).length);
});

test("commands that wait for the image are obeyed before its first trace", () => {
  const wasi = new MemoryWasi(ENV);
  wasi.append("control", "Mmemtrace:off\n");
  wasi.run(image, [WORK]);
  assert.deepEqual([...wasi.files.keys()].sort(), ["control", "control.reply", "push"]);
});

test("all sources off is off, all on is on", () => {
  const wasi = play({ WMON_METRICS: "*:off" }, function* (wasi) {
    yield WORK;
    assert.ok(!wasi.files.has("t.ctf"));
    yield* command(wasi, "M*:on");
    yield WORK;
    yield* command(wasi, "M*:off");
  });
  assert.equal(samplesOf(traceOf(wasi, "t.ctf")) > 0, true);
  assert.match(wasi.stderr, /trace ended/);
});

test("while it is off, the guest's allocations call nothing", () => {
  const reads: number[] = [];
  play(OFF, function* (wasi) {
    const measure = function* () {
      const before = wasi.clockReads;
      yield WORK;
      reads.push(wasi.clockReads - before);
    };
    yield NOTHING;
    yield* measure();
    yield* command(wasi, "Mmemtrace:on");
    yield* measure();
    yield* command(wasi, "Mmemtrace:off");
    yield* measure();
    yield* measure();
  });
  const [never = 0, on = 0, ...off] = reads;
  assert.ok(on > never + 100);
  assert.deepEqual(off, [never, never]);
});

test("a file that cannot be opened is said and counted; the guest goes on", () => {
  const wasi = play(OFF, function* (wasi) {
    wasi.refused.add("t.ctf");
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
    yield* command(wasi, "Mmemtrace:off");
    yield* command(wasi, "Mmemtrace:on");
    yield* command(wasi, "Mmemtrace:off");
    wasi.refused.clear();
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
  });
  assert.equal(wasi.stdout, ".w....w");
  const notes = wasi.stderr.match(/^wmon: .*/gm) ?? [];
  const what = "/monitor/t.ctf cannot be written, the trace ends here: WASI error number 2";
  const note = `wmon: WMON_MEMTRACE: ${what}`;
  assert.deepEqual(notes, [note, note]);
  assert.match(wasi.text("push"), /^memtrace .*sessions=3i,failed_sessions=2i,.*active=0i/m);
  assert.equal(traceOf(wasi, "t.ctf").wrongCollects, 0);
  assert.ok(!wasi.files.has("t.ctf.2"));
});

test("a full disk ends a trace: what is there reads, the next has its own file", () => {
  const wasi = play({ WMON_PUSH: "" }, function* (wasi) {
    yield WORK;
    wasi.roomBytes = 0;
    for (let round = 0; round < 20; round++) yield WORK;
    wasi.roomBytes = Number.POSITIVE_INFINITY;
    yield* command(wasi, "Mmemtrace:off");
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
  });
  assert.equal(wasi.stderr.match(/^wmon: .*cannot be written/gm)?.length, 1);
  assert.equal(traceOf(wasi, "t.ctf").wrongCollects, 0);
  assert.equal(traceOf(wasi, "t.ctf.2").wrongCollects, 0);
  assert.ok(samplesOf(traceOf(wasi, "t.ctf.2")) > 0);
});

test("a pipe is refused unopened, so that no reader is waited for", () => {
  const wasi = play(OFF, function* (wasi) {
    wasi.pipes.add("t.ctf");
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
  });
  assert.ok(!wasi.opened.includes("t.ctf"));
  assert.match(wasi.stderr, /WMON_MEMTRACE: \/monitor\/t\.ctf cannot .*: it is no file$/m);
  assert.match(wasi.text("push"), /^memtrace .*failed_sessions=1i,.*active=0i/m);
});

test("a thousand traces take no more memory than the first", () => {
  const sizes = new Set<number>();
  const wasi = play({ ...OFF, WMON_PUSH: "" }, function* (wasi) {
    for (let cycle = 0; cycle < 1000; cycle++) {
      yield* command(wasi, "Mmemtrace:on");
      yield WORK;
      yield* command(wasi, "Mmemtrace:off");
      if (cycle > 10) sizes.add(wasi.memoryBytes);
    }
  });
  assert.equal(sizes.size, 1);
  const names = [...wasi.files.keys()].filter((name) => name.startsWith("t.ctf"));
  assert.equal(names.length, 1000);
  const traces = ["t.ctf.2", "t.ctf.500", "t.ctf.1000"].map((name) => traceOf(wasi, name));
  assert.deepEqual(new Set(traces.map(({ wrongCollects }) => wrongCollects)), new Set([0]));
  assert.equal(new Set(traces.map(({ blocks }) => blocks.length)).size, 1);
});

test("the variable may keep it off for a while, or for good", () => {
  const script: Script = function* (wasi) {
    yield WORK;
    assert.ok(!wasi.files.has("t.ctf"));
    wasi.advance(31);
    yield NOTHING;
    yield WORK;
  };
  const late = play({ WMON_METRICS: "memtrace:off for 30s" }, script);
  assert.ok(samplesOf(traceOf(late, "t.ctf")) > 0);
  assert.ok(!play(OFF, script).files.has("t.ctf"));
});

test("a path that is longer than a line is cut where it is quoted", () => {
  const wasi = play({ WMON_MEMTRACE: `/else${"\x01".repeat(100_000)}` }, function* () {});
  assert.match(wasi.stderr, /^wmon: WMON_MEMTRACE: \/else(\\x01)+ is in no directory [^\n]*\n$/);
  assert.ok(wasi.stderr.length < 68_000);
});

test("without a file for traces the switch only shows numbers", () => {
  const wasi = play({ WMON_MEMTRACE: "" }, function* (wasi) {
    yield* command(wasi, "Mmemtrace:off");
    yield* command(wasi, "Mmemtrace:on");
    yield WORK;
  });
  assert.equal(wasi.stderr.includes("memtrace: trace"), false);
  assert.match(wasi.text("push"), /^memtrace samples=0i,.*sessions=0i/m);
});
