/**
 * `wmon trace`, and `wmon run --memtrace-file`: what they write, what they say, how they exit.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { booksOf, readTrace, samplesOf } from "../guests/traced.js";
import { TraceClient } from "./memtrace-client.js";
import { BUSY, command, ending } from "./memtrace-text.js";
import { until } from "./until.js";
import { guestFile, QUIET, runWmon, temporaryFolder, Wmon } from "./wmon.js";

const EVERYTHING = [...QUIET, "--sampling-rate", "1"];

async function startBusy(t: TestContext, ...options: string[]) {
  const all = [...QUIET, "--memtrace", "tcp:127.0.0.1:0", "--max-samples", "0", ...options];
  const wmon = new Wmon(t, ["run", ...all, guestFile(t, BUSY)]);
  return { wmon, from: `tcp:127.0.0.1:${await wmon.memtrace()}` };
}

/** Listens, and does with each connection what the test says. */
async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `tcp:127.0.0.1:${(server.address() as { port: number }).port}`;
}

for (const stacks of ["engine", "shadow"]) {
  test(`file: every allocation and free of a guest that traps, ${stacks} stacks`, async (t) => {
    const file = join(temporaryFolder(t), "t.ctf");
    const guest = guestFile(t, ending(30_000, "(unreachable)"));
    const args = ["run", ...EVERYTHING, "--stacks", stacks, "--memtrace-file", file, guest];
    const { code, stderr } = await runWmon(t, args, { input: "\n" });
    assert.equal(code, 134);
    assert.match(stderr, /trace ended, the program ended \(.* 30000 sampled .* 0 events dropped\)/);
    const trace = readTrace(readFileSync(file));
    const books = { blocks: 30_000, words: 3_000_000, liveBlocks: 0, liveWords: 0 };
    assert.deepEqual(booksOf(trace), books);
    assert.equal(samplesOf(trace), 3_000_000);
    assert.equal(trace.stacks.length, 1);
  });
}

test("file: a cap that is given holds, and the guest runs on", async (t) => {
  const file = join(temporaryFolder(t), "t.ctf");
  const guest = guestFile(t, ending(10_000, "(call $exit (i32.const 3))"));
  const args = ["run", ...EVERYTHING, "--max-samples", "10", "--memtrace-file", file, guest];
  const { code, stderr } = await runWmon(t, args, { input: "\n" });
  assert.equal(code, 3);
  assert.match(stderr, /trace ended, more than 10 sampled allocations a second/);
  assert.equal(readTrace(readFileSync(file)).blocks.length, 10);
});

test("file: while it is written a client of the port is refused", async (t) => {
  const file = join(temporaryFolder(t), "t.ctf");
  const { wmon, from } = await startBusy(t, "--memtrace-file", file);
  const client = new TraceClient(t, Number(from.split(":")[2]));
  await until("it is closed", () => client.isEnded || client.isClosed);
  assert.equal(client.byteCount, 0);
  wmon.child.kill("SIGINT");
  assert.equal((await wmon.ended).code, 130);
  readTrace(readFileSync(file));
});

test("file: a guest without allocators leaves an empty trace, and a warning", async (t) => {
  const file = join(temporaryFolder(t), "t.ctf");
  const guest = guestFile(t, '(module (memory (export "memory") 1) (func (export "_start")))');
  const ended = await runWmon(t, ["run", ...QUIET, "--memtrace-file", file, guest]);
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /^wmon: warning: memory traces: No allocator was found/m);
  assert.equal(readTrace(readFileSync(file)).blocks.length, 0);
});

test("file: a guest instrumented ahead of time is used as it is", async (t) => {
  const folder = temporaryFolder(t);
  const [hooked, file] = [join(folder, "hooked.wasm"), join(folder, "t.ctf")];
  const plain = guestFile(t, ending(100, ""));
  assert.equal((await runWmon(t, ["instrument", plain, "-o", hooked])).code, 0);
  const args = ["run", ...EVERYTHING, "--memtrace-file", file, hooked];
  assert.equal((await runWmon(t, args, { input: "\n" })).code, 0);
  const trace = readTrace(readFileSync(file));
  assert.equal(trace.blocks.length, 100);
  const names = (trace.stacks[0] ?? []).map(({ definition }) => definition);
  assert.deepEqual(names.slice(-3), ["main", "churn", "take"]);
});

test("trace: records until its time is over, shows how it goes, exits with 0", async (t) => {
  const { wmon, from } = await startBusy(t, "--prometheus", "tcp:127.0.0.1:0");
  const file = join(temporaryFolder(t), "t.ctf");
  const metrics = await wmon.metrics();
  const args = ["trace", "--from", from, "-o", file, "--seconds", "1.5", "--metrics", metrics];
  const { code, stderr } = await runWmon(t, args);
  assert.equal(code, 0);
  const trace = readTrace(readFileSync(file));
  assert.ok(trace.blocks.length > 0);
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  const events = trace.blocks.filter(({ collectedUs }) => collectedUs !== undefined).length;
  const counts = `${readFileSync(file).length} bytes, ${trace.blocks.length + events} events`;
  assert.match(last, new RegExp(`^wmon: ${counts}, \\d+ events/s, 0 dropped$`));
});

test("trace: Ctrl-C ends it in good order, to standard output too", async (t) => {
  const { from } = await startBusy(t);
  const trace = new Wmon(t, ["trace", "--from", from, "-o", "-"]);
  const chunks: Buffer[] = [];
  trace.child.stdout.removeAllListeners("data").setEncoding("latin1");
  trace.child.stdout.on("data", (text: string) => chunks.push(Buffer.from(text, "latin1")));
  await trace.printed(/^wmon: ([1-9]\d*) bytes/m);
  trace.child.kill("SIGINT");
  assert.equal((await trace.ended).code, 0);
  assert.ok(readTrace(Buffer.concat(chunks)).summary.packetCount > 0);
});

test("trace: refused while another client has one, it says so and exits with 1", async (t) => {
  const { from } = await startBusy(t);
  const client = new TraceClient(t, Number(from.split(":")[2]));
  await client.has(1);
  const file = join(temporaryFolder(t), "t.ctf");
  const { code, stderr } = await runWmon(t, ["trace", "--from", from, "-o", file]);
  assert.equal(code, 1);
  assert.match(stderr, /^wmon: tcp:\S+: closed without a trace: it has another client/m);
});

test("trace: a program that ends says so, and the trace is whole", async (t) => {
  const guest = guestFile(t, ending(100, ""));
  const all = [...EVERYTHING, "--memtrace", "tcp:127.0.0.1:0", guest];
  const wmon = new Wmon(t, ["run", ...all]);
  const from = `tcp:127.0.0.1:${await wmon.memtrace()}`;
  const file = join(temporaryFolder(t), "t.ctf");
  const trace = new Wmon(t, ["trace", "--from", from, "-o", file]);
  await trace.printed(/^wmon: ([1-9]\d*) bytes/m);
  wmon.child.stdin.write("\n");
  assert.equal((await trace.ended).code, 0);
  assert.match(trace.stderr, /^wmon: the program ended the trace/m);
  assert.equal(readTrace(readFileSync(file)).blocks.length, 100);
});

test("trace: what is no memory trace is named, with exit code 1", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(10));
  });
  const from = await listen(t, server);
  const file = join(temporaryFolder(t), "t.ctf");
  const { code, stderr } = await runWmon(t, ["trace", "--from", from, "-o", file]);
  assert.equal(code, 1);
  assert.match(stderr, /no memory trace/);
});

test("trace: where nothing listens, and what makes no sense, exits with 2", async (t) => {
  const server = createServer();
  const from = await listen(t, server);
  server.close();
  const file = join(temporaryFolder(t), "t.ctf");
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--from", from, "-o", file], /nothing listens there/],
    [["--from", from, "-o", "/no/such/t.ctf"], /-o \/no\/such\/t\.ctf/],
    [["--seconds", "0"], /number of seconds/],
    [["--from", "tpc:1"], /is no address/],
  ];
  for (const [args, said] of cases) {
    const { code, stderr } = await runWmon(t, ["trace", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
  assert.equal(existsSync(file), false);
});

test("run: a guest that does not allocate runs the same, traced or not", async (t) => {
  const guest = guestFile(t, command("(call $exit (i32.const 9))"));
  const file = join(temporaryFolder(t), "t.ctf");
  for (const options of [[], ["--memtrace-file", file]]) {
    assert.equal((await runWmon(t, ["run", ...QUIET, ...options, guest])).code, 9);
  }
});
