/**
 * The memory trace port of a real `wmon run`: who is served, what ends a trace, and that whatever
 * arrived decodes.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { samplesOf } from "../guests/traced.js";
import { TraceClient } from "./memtrace-client.js";
import { BUSY, command, ending, QUIET_AFTER } from "./memtrace-text.js";
import { until } from "./until.js";
import { guestFile, QUIET, temporaryFolder, Wmon } from "./wmon.js";

/** Bytes of the first packet, and some of an event. */
const SOME_BYTES = 1000;

const PORT = [...QUIET, "--memtrace", "tcp:127.0.0.1:0", "--max-samples", "0"];

async function start(t: TestContext, guest: string, ...options: string[]) {
  const wmon = new Wmon(t, ["run", ...PORT, ...options, guestFile(t, guest)]);
  return { wmon, port: await wmon.memtrace() };
}

/** A client of a guest that waits for it; the trace has every allocation. */
async function traceAll(t: TestContext, guest: string) {
  const { wmon, port } = await start(t, guest, "--sampling-rate", "1");
  const client = new TraceClient(t, port);
  await client.has(1);
  wmon.child.stdin.write("\n");
  return { wmon, client };
}

/** How a client ends its trace. */
const STOPS: readonly (readonly [string, (client: TraceClient) => void])[] = [
  ["half-closes", ({ socket }) => socket.end()],
  ["sends a byte", ({ socket }) => socket.write("x")],
];

for (const [how, stop] of STOPS) {
  test(`port: a client that ${how} is sent the end of its trace`, async (t) => {
    const { wmon, port } = await start(t, BUSY);
    for (let round = 0; round < 3; round++) {
      const client = new TraceClient(t, port);
      await client.has(SOME_BYTES);
      stop(client);
      const trace = await client.finish();
      assert.ok(trace.blocks.length > 0);
      assert.ok(trace.blocks.every(({ words }) => words === 100));
      assert.equal(trace.wrongCollects, 0);
      const names = (trace.stacks[0] ?? []).map(({ definition }) => definition);
      assert.deepEqual(names, ["_start", "main", "churn", "take"].slice(-names.length));
      assert.equal(trace.summary.info.samplingRate, 1e-4);
      assert.equal(trace.summary.info.program, "guest.wasm");
      assert.match(trace.summary.info.context, /^engine=v8 \S+ stacks=engine hooked=malloc,free$/);
    }
    assert.equal(wmon.child.exitCode, null);
  });
}

test("port: a second client is closed at once, is sent nothing, and a warning tells", async (t) => {
  const { wmon, port } = await start(t, BUSY);
  const first = new TraceClient(t, port);
  await first.has(SOME_BYTES);
  const second = new TraceClient(t, port);
  await until("it is closed", () => second.isClosed || second.isEnded);
  assert.equal(second.byteCount, 0);
  await wmon.printed(/WARN +memtrace: (127\.0\.0\.1:\d+) refused/);
  const before = first.byteCount;
  await until("the first one goes on", () => first.byteCount > before);
});

test("port: clients that come and go, also without a word, leave nothing behind", async (t) => {
  const options = ["--prometheus", "tcp:127.0.0.1:0"];
  const { wmon, port } = await start(t, BUSY, ...options);
  const rounds = 30;
  for (let round = 1; round <= rounds; round++) {
    const client = new TraceClient(t, port);
    await client.has(1);
    if (round % 3 === 0) client.socket.resetAndDestroy();
    else if (round % 3 === 1) client.socket.destroy();
    else client.socket.end();
    await until("it has ended", () => wmon.stderr.split("trace ended").length > round);
  }
  const metrics = await (await fetch(await wmon.metrics())).text();
  assert.match(metrics, new RegExp(`^memtrace_sessions_total ${rounds}$`, "m"));
  assert.match(metrics, /^memtrace_active 0$/m);
  const handles = /^nodejs_active_resources\{type="TCPSocketWrap"\} (\d+)$/m.exec(metrics)?.[1];
  assert.ok(Number(handles ?? 0) <= 2, `${handles} sockets are open`);
});

test("port: what was recorded comes, though the guest never calls us again", async (t) => {
  const { client } = await traceAll(t, QUIET_AFTER);
  await until(
    "all has come",
    () => client.byteCount > SOME_BYTES && client.read().blocks.length > 999,
  );
  const trace = client.read();
  assert.deepEqual([trace.blocks.length, samplesOf(trace)], [1000, 100_000]);
  assert.equal(trace.blocks.filter(({ collectedUs }) => collectedUs === undefined).length, 0);
});

test("port: a client of a guest that does nothing gets the start of a trace", async (t) => {
  const { port } = await start(t, command("(loop $again (br $again))"));
  const client = new TraceClient(t, port);
  await client.has(150);
  client.socket.end();
  assert.equal((await client.finish()).blocks.length, 0);
});

/** How a guest ends, and the exit code. */
const ENDINGS: readonly (readonly [string, string, number])[] = [
  ["returns", "", 0],
  ["exits", "(call $exit (i32.const 7))", 7],
  ["traps", "(unreachable)", 134],
];

for (const [how, end, code] of ENDINGS) {
  test(`port: a guest that ${how} leaves a trace to its last event`, async (t) => {
    const { wmon, client } = await traceAll(t, ending(5000, end));
    const trace = await client.finish();
    assert.equal(trace.blocks.length, 5000);
    assert.equal(trace.wrongCollects, 0);
    assert.equal((await wmon.ended).code, code);
  });
}

test("port: a signal ends the guest, and its trace decodes", async (t) => {
  const { wmon, port } = await start(t, BUSY);
  const client = new TraceClient(t, port);
  await client.has(SOME_BYTES);
  wmon.child.kill("SIGTERM");
  assert.ok((await client.finish()).blocks.length > 0);
  assert.equal((await wmon.ended).code, 143);
});

test("port: past the cap the trace ends, whole, and a warning says so", async (t) => {
  const { wmon, port } = await start(t, BUSY, "--sampling-rate", "0.01", "--max-samples", "50");
  const client = new TraceClient(t, port);
  assert.equal((await client.finish()).blocks.length, 50);
  await wmon.printed(/WARN +memtrace: trace ended, (more than 50 sampled allocations a second)/);
});

test("port: a client that stops reading costs bounded memory; what it has decodes", async (t) => {
  // A Unix socket: the system keeps less of what nobody reads.
  const path = join(temporaryFolder(t), "s");
  const options = ["--prometheus", "tcp:127.0.0.1:0", "--memtrace", `unix:${path}`];
  const all = [...QUIET, ...options, "--sampling-rate", "1", "--max-samples", "0"];
  const wmon = new Wmon(t, ["run", ...all, guestFile(t, BUSY)]);
  await wmon.printed(/^wmon: memtrace (unix:.*)$/m);
  const client = new TraceClient(t, path);
  await client.has(SOME_BYTES);
  client.socket.pause();
  const url = await wmon.metrics();
  const dropped = /^memtrace_dropped_events_total\{reason="backlog"\} ([1-9]\d*)$/m;
  const scrape = async () => (await fetch(url)).text();
  let metrics = "";
  for (let tries = 0; tries < 600 && !dropped.test(metrics); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    metrics = await scrape();
  }
  assert.match(metrics, dropped);
  const bytes = Number(/^memtrace_bytes_total (\d+)$/m.exec(metrics)?.[1]);
  assert.ok(bytes < 4 << 20, `${bytes} bytes wait`);
  client.socket.resume();
  client.socket.end();
  const trace = await client.finish();
  assert.ok(trace.blocks.length > 1000);
  assert.equal(trace.wrongCollects, 0);
});

test("port: a run without it leaves the guest's bytes alone", async (t) => {
  const guest = guestFile(t, command("(unreachable)"));
  const plain = new Wmon(t, ["run", ...QUIET, guest]);
  await plain.ended;
  const hooked = new Wmon(t, ["run", ...PORT, guest]);
  await hooked.ended;
  // The engine names code by a hash of its bytes.
  const frame = /main \((wasm:\/\/\S+):wasm-function/;
  const [before, after] = [frame.exec(plain.stderr)?.[1], frame.exec(hooked.stderr)?.[1]];
  assert.ok(before !== undefined && after !== undefined);
  assert.notEqual(before, after);
});

test("port: a guest without allocators sends an empty trace; the log says why", async (t) => {
  const spinning = `(module (memory (export "memory") 1)
    (func (export "_start") (loop $again (br $again))))`;
  const { wmon, port } = await start(t, spinning);
  for (let round = 0; round < 2; round++) {
    const client = new TraceClient(t, port);
    const trace = await client.finish();
    assert.equal(trace.blocks.length, 0);
    assert.match(trace.summary.info.context, /hooked=nothing$/);
  }
  await wmon.printed(/WARN +memtrace: nothing to trace, the trace is empty: (No allocator)/);
});

test("port: a crowd that connects at once gets one trace and costs no more", async (t) => {
  const { wmon, port } = await start(t, BUSY);
  const clients = Array.from({ length: 200 }, () => new TraceClient(t, port));
  const isDone = ({ isClosed, isEnded }: TraceClient) => isClosed || isEnded;
  await until("all others are closed", () => clients.filter(isDone).length === 199);
  const served = clients.filter((client) => !isDone(client));
  assert.equal(served.length, 1);
  await served[0]?.has(SOME_BYTES);
  assert.equal(wmon.child.exitCode, null);
});

test("port: whoever comes as soon as another client has gone is served", async (t) => {
  const { wmon, port } = await start(t, BUSY);
  for (let round = 0; round < 30; round++) {
    const client = new TraceClient(t, port);
    await client.has(1);
    client.socket.resetAndDestroy();
  }
  const last = new TraceClient(t, port);
  await last.has(SOME_BYTES);
  assert.doesNotMatch(wmon.stderr, /refused/);
});
