/**
 * `wmon link --memtrace`: an image's trace is that of `wmon run` with shadow stacks, event for
 * event and frame for frame; what becomes of a file that cannot be written; what is refused.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PACKET_BYTES_MAX } from "../../assembly/memtrace/abi.js";
import { until } from "../host/until.js";
import { runWmon, temporaryFolder } from "../host/wmon.js";
import { booksIn } from "./allocation.js";
import { guestPath, skipWithout } from "./guest.js";
import { Linked, link } from "./linked.js";
import { booksOf, eventsOf, readTrace, samplesOf, type TraceText, traceGuest } from "./traced.js";

const TRACE = { WMON_MEMTRACE: "/monitor/t.ctf", WMON_SAMPLING_RATE: "1" };

const linkTraced = (t: TestContext, name: string) => link(t, guestPath(name), ["--memtrace"]);

const traceOf = ({ directory }: Linked): TraceText =>
  readTrace(readFileSync(join(directory, "t.ctf")));

/** One of each way to hook; the rewriter's other ways have tests of their own. */
const NAMES = [
  ...["as-allocations-O0", "as-allocations-O3", "as-allocations-minimal-O3"],
  ...["as-allocations-stub-O0", "as-growth-O3", "as-growth-minimal-O0"],
  ...["c-allocations", "cpp-allocations", "rust-allocations"],
];

for (const name of NAMES) {
  test(`linked ${name}: at rate 1 its trace has the guest's books, and is that of wmon run`, {
    skip: skipWithout(name),
  }, async (t) => {
    const linked = new Linked(t, await linkTraced(t, name), { env: TRACE });
    assert.equal(await linked.ended, 0, linked.stderr);
    const trace = traceOf(linked);
    // The C library copies variables into blocks: both are given the same ones.
    const options = Object.entries(TRACE).map(([key, value]) => `--env=${key}=${value}`);
    const expected = await traceGuest(t, name, { stacks: "shadow", options });
    assert.equal(expected.run.stdout, linked.stdout);
    assert.deepEqual(booksOf(trace), booksOf(expected));
    assert.equal(samplesOf(trace), booksOf(trace).words);
    assert.deepEqual(eventsOf(trace), eventsOf(expected));
    assert.equal(trace.wrongCollects, 0);
    const books = booksIn(linked.stdout);
    assert.ok(booksOf(trace).words >= books.words);
    if (!name.startsWith("rust")) assert.deepEqual(booksOf(trace), books);
  });
}

test("what an image traced is in its metrics; unasked it writes nothing", async (t) => {
  const image = await linkTraced(t, "as-allocations-O3");
  const env = { WMON_PUSH: "/monitor/push", WMON_TIMESTAMPS: "none" };
  const traced = new Linked(t, image, { env: { ...env, ...TRACE } });
  assert.equal(await traced.ended, 0, traced.stderr);
  const { words } = booksIn(traced.stdout);
  const size = readFileSync(join(traced.directory, "t.ctf")).length;
  const line = new RegExp(
    `^memtrace samples=${words}i,events=\\d+i,bytes=${size}i,sessions=1i,`,
    "m",
  );
  assert.match(traced.read("push"), line);
  assert.match(traced.read("push"), /^memtrace .*failed_sessions=0i.*active=1i/m);
  assert.match(traced.read("push"), /^memtrace .*active=0i,live_blocks=0i$/m);
  const quiet = new Linked(t, image, { env });
  assert.equal(await quiet.ended, 0, quiet.stderr);
  assert.equal(quiet.stdout, traced.stdout);
  assert.match(quiet.read("push"), /^memtrace samples=0i,events=0i,bytes=0i,sessions=0i/m);
  assert.equal(quiet.read("t.ctf"), "");
});

test("at a rate below 1 some blocks are sampled, and weigh what all of them have", async (t) => {
  const image = await linkTraced(t, "as-allocations-O3");
  const env = { ...TRACE, WMON_SAMPLING_RATE: "1e-2" };
  const linked = new Linked(t, image, { env });
  assert.equal(await linked.ended, 0, linked.stderr);
  const { words, blocks } = booksIn(linked.stdout);
  const trace = traceOf(linked);
  assert.ok(trace.blocks.length < blocks);
  // Twelve standard deviations.
  const mean = words * 0.01;
  assert.ok(Math.abs(samplesOf(trace) - mean) < 12 * Math.sqrt(mean), `${samplesOf(trace)}`);
});

test("while a guest runs packets are flushed that are far from full", async (t) => {
  const image = await linkTraced(t, "as-endless");
  const env = { ...TRACE, WMON_SAMPLING_RATE: "1e-6" };
  const linked = new Linked(t, image, { env });
  const sizes = new Set<number>();
  await until(`it flushes twice; it said ${linked.stderr}`, () => {
    const path = join(linked.directory, "t.ctf");
    if (existsSync(path)) sizes.add(statSync(path).size);
    return sizes.size > 3;
  });
  assert.ok(Math.max(...sizes) < PACKET_BYTES_MAX);
});

test("a trace that cannot be written is said once and counted; the guest runs on", async (t) => {
  const image = await linkTraced(t, "as-allocations-O3");
  const directory = temporaryFolder(t);
  mkdirSync(join(directory, "t.ctf"));
  const env = { ...TRACE, WMON_PUSH: "/monitor/push", WMON_TIMESTAMPS: "none" };
  const linked = new Linked(t, image, { env, directory });
  assert.equal(await linked.ended, 0, linked.stderr);
  booksIn(linked.stdout);
  assert.match(
    linked.stderr,
    /^wmon: WMON_MEMTRACE: \/monitor\/t\.ctf cannot be written, [^\n]*: it is no file\n$/,
  );
  assert.match(linked.read("push"), /^memtrace samples=0i,.*failed_sessions=1i,.*active=0i/m);
});

const WRONG: readonly (readonly [Record<string, string>, RegExp])[] = [
  [{ WMON_MEMTRACE: "/elsewhere/t.ctf" }, /^wmon: WMON_MEMTRACE: \/elsewhere\/t\.ctf is in no dir/],
  ...["0", "2", "often", "1ms", "-1", "1e", "1e-", "e-4", "nan"].map(
    (rate) =>
      [
        { ...TRACE, WMON_SAMPLING_RATE: rate },
        /^wmon: WMON_SAMPLING_RATE: write a number/,
      ] as const,
  ),
];

test("wrong variables are refused before the guest begins", async (t) => {
  const image = await linkTraced(t, "as-allocations-O3");
  for (const [env, message] of WRONG) {
    const linked = new Linked(t, image, { env });
    assert.equal(await linked.ended, 2, JSON.stringify(env));
    assert.match(linked.stderr, message);
    assert.equal(linked.stdout, "");
  }
});

test("a guest in which nothing can be hooked is refused, and says why", async (t) => {
  const output = join(temporaryFolder(t), "image.wasm");
  for (const [name, message] of [
    ["as-nameless", /has no allocators that can be traced/],
    ["go-allocations", /is a program of Go's/],
  ] as const) {
    if (skipWithout(name)) continue;
    const run = await runWmon(t, ["link", "--memtrace", guestPath(name), "-o", output]);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, message);
  }
  const alone = await runWmon(t, ["link", "--memtrace", "--standalone", "-o", output]);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /--memtrace needs a guest/);
});

test("a guest that was instrumented before is linked as its original", async (t) => {
  const folder = temporaryFolder(t);
  const before = join(folder, "before.wasm");
  const path = guestPath("as-allocations-O3");
  const made = await runWmon(t, ["instrument", path, "-o", before]);
  assert.equal(made.code, 0, made.stderr);
  const linked = new Linked(t, await link(t, before, ["--memtrace"]), { env: TRACE });
  assert.equal(await linked.ended, 0, linked.stderr);
  assert.deepEqual(booksOf(traceOf(linked)), booksIn(linked.stdout));
});
