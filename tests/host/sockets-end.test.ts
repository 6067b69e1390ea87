/**
 * How a guest's sockets begin and end: what is refused before it starts, and what its clients see
 * when it exits, traps or is stopped.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { guestPath, skipWithout } from "../guests/guest.js";
import { ANY, Client, Prompt, ports, serve } from "./sockets-client.js";
import { until } from "./until.js";
import { QUIET, runWmon, temporaryFolder, type Wmon } from "./wmon.js";

const skip = skipWithout("c-prompt");
const NONBLOCK = 4;

/** What keeps `wmon run` from starting, and what it says. */
const REFUSED: readonly (readonly [what: string, options: readonly string[], says: RegExp])[] = [
  ["an address beyond this machine", ["--tcplisten", "tcp:0.0.0.0:0"], /--allow-remote/],
  ["what is no address", ["--tcplisten", "tpc:8080"], /write PORT, tcp:PORT/],
  ["a host without a port", ["--tcplisten", "tcp:127.0.0.1"], /names no port/],
  [
    "more than sixteen listeners",
    Array.from({ length: 17 }, () => ["--tcplisten", ANY]).flat(),
    /at most 16 listeners, not 17/,
  ],
];

for (const [what, options, says] of REFUSED) {
  test(`sockets: ${what} is refused before the guest starts`, { skip }, async (t) => {
    const { code, stderr } = await runWmon(t, ["run", ...QUIET, ...options, guestPath("c-prompt")]);
    assert.equal(code, 2);
    assert.match(stderr, says);
  });
}

test("sockets: an address in use is refused before the guest starts", { skip }, async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await until("the other server listens", () => server.listening);
  const { port } = server.address() as { port: number };
  const path = join(temporaryFolder(t), "first.sock");
  const options = ["--tcplisten", `unix:${path}`, "--tcplisten", `${port}`];
  const { code, stderr } = await runWmon(t, ["run", ...QUIET, ...options, guestPath("c-prompt")]);
  assert.equal(code, 2);
  assert.match(stderr, new RegExp(`tcplisten: tcp:127.0.0.1:${port} is in use already`));
  assert.ok(!existsSync(path), "the first listener is closed again");
});

test("sockets: other machines may be let in", { skip }, async (t) => {
  const options = ["--tcplisten", "tcp:0.0.0.0:0", "--allow-remote"];
  const run = await runWmon(t, ["run", ...QUIET, ...options, guestPath("c-prompt")], {
    input: "fdstat 3\n",
  });
  assert.equal(run.code, 0);
  assert.match(run.stderr, /^wmon: tcplisten tcp:0\.0\.0\.0:[1-9]\d*$/m);
  assert.match(run.stdout, /^0 type 6 /);
});

test("sockets: without listeners a guest has none", { skip }, async (t) => {
  const run = await runWmon(t, ["run", ...QUIET, guestPath("c-prompt")], { input: "fdstat 3\n" });
  assert.equal(run.stdout, "8\n");
  assert.doesNotMatch(run.stderr, /tcplisten/);
});

/** Bytes that wait in one direction of a connection. */
const PIPE_BYTES = 65_536;

/**
 * Sends until the system's buffers and ours are full; how many bytes that were. Full is: all that
 * we hold still waits after the host has twice come round to something else.
 */
async function fill(prompt: Prompt, fd: number): Promise<number> {
  let sent = 0;
  for (let looks = 0; looks < 2; ) {
    const [errno, count] = (await prompt.call(`send ${fd} 1000000`)).split(" ");
    if (errno !== "6") sent += Number(count);
    looks = errno === "6" && sent - (await transmitted(prompt.wmon)) === PIPE_BYTES ? looks + 1 : 0;
  }
  return sent;
}

/** A guest that has written more than its client, which reads nothing, and the system take. */
async function filled(t: TestContext) {
  const wmon = serve(t, "c-prompt");
  const [port = 0] = await ports(wmon);
  const prompt = new Prompt(wmon);
  const client = new Client(t, port);
  client.socket.pause();
  const fd = await prompt.accept();
  await prompt.call(`flags ${fd} ${NONBLOCK}`);
  return { wmon, prompt, client, sent: await fill(prompt, fd) };
}

async function transmitted(wmon: Wmon): Promise<number> {
  const text = await (await fetch(await wmon.metrics())).text();
  return Number(/^net_wasi_transmitted_bytes_total\{.*\} (\d+)$/m.exec(text)?.[1]);
}

test("sockets: what was sent before the exit arrives, then the end", { skip }, async (t) => {
  const { wmon, prompt, client, sent } = await filled(t);
  prompt.tell("exit 7");
  client.socket.resume();
  await client.ended();
  assert.equal(client.failure, undefined);
  assert.equal(client.byteCount, sent);
  assert.deepEqual(await wmon.ended, { code: 7, signal: null });
});

test("sockets: a client that reads nothing delays the end, and is told of", { skip }, async (t) => {
  const { wmon, prompt, client, sent } = await filled(t);
  prompt.tell("exit 7");
  assert.deepEqual(await wmon.ended, { code: 7, signal: null });
  assert.match(wmon.stderr, /clients were too slow for [1-9]\d* bytes/);
  client.socket.resume();
  await client.ended();
  assert.ok(client.byteCount < sent, `${client.byteCount} of ${sent}`);
});

test("sockets: a trap resets connections", { skip }, async (t) => {
  const wmon = serve(t, "c-prompt");
  const [port = 0] = await ports(wmon);
  const prompt = new Prompt(wmon);
  const accepted = new Client(t, port);
  await prompt.accept();
  const waiting = new Client(t, port);
  assert.equal(await prompt.call("poll r3"), "0 0r0:1");
  prompt.tell("trap");
  assert.deepEqual(await wmon.ended, { code: 134, signal: null });
  for (const client of [accepted, waiting]) {
    await client.closed();
    assert.equal(client.failure, "ECONNRESET");
  }
});

/** Where a guest may be blocked: L is the listener, C a connection. */
const BLOCKED = [
  "accept L 0",
  "recv C 10",
  "recv C 10 2",
  "send C 1000000",
  "poll rC",
  "poll rL rC c3600000",
  "poll r0 rC",
] as const;

for (const call of BLOCKED) {
  test(`sockets: SIGTERM ends a guest in ${call}`, { skip }, async (t) => {
    const wmon = serve(t, "c-prompt");
    const [port = 0] = await ports(wmon);
    const prompt = new Prompt(wmon);
    const client = new Client(t, port);
    const fd = await prompt.accept();
    client.socket.pause();
    const isSend = call.startsWith("send");
    // More than all buffers take.
    for (let round = 0; round < (isSend ? 12 : 0); round++) {
      prompt.tell(`send ${fd} 1000000`);
    }
    prompt.tell(call.replaceAll("L", "3").replaceAll("C", String(fd)));
    await until("the guest reads its call", () => wmon.child.stdin.writableLength === 0);
    wmon.child.kill("SIGTERM");
    client.socket.resume();
    assert.deepEqual(await wmon.ended, { code: 143, signal: null });
    await client.ended();
    if (!isSend) assert.equal(client.failure, undefined);
  });
}

test("sockets: a Unix socket is gone after the end", { skip }, async (t) => {
  const path = join(temporaryFolder(t), "guest.sock");
  const wmon = serve(t, "c-prompt", { listeners: [`unix:${path}`] });
  await wmon.printed(/^wmon: (tcplisten unix:.*)$/m);
  const client = new Client(t, { path });
  await new Prompt(wmon).accept();
  wmon.child.stdin.end();
  assert.deepEqual(await wmon.ended, { code: 0, signal: null });
  await client.ended();
  assert.equal(client.failure, undefined);
  assert.ok(!existsSync(path));
});

test("sockets: who finds no room is reset, and counted", { skip }, async (t) => {
  const wmon = serve(t, "c-prompt");
  const [port = 0] = await ports(wmon);
  // A listener has 128 ready for a guest that never accepts, and 1,024 wait for a place.
  const room = 128 + 1024;
  const clients = Array.from({ length: room + 8 }, () => new Client(t, port));
  const isReset = ({ failure }: Client) => failure === "ECONNRESET";
  await until("eight are reset", () => clients.filter(isReset).length === 8);
  const text = await (await fetch(await wmon.metrics())).text();
  assert.match(text, /^tcp_refused_total 8$/m);
  assert.match(text, new RegExp(`^tcp_syn_rcvd_state ${room}$`, "m"));
  assert.match(text, new RegExp(`^tcp_total_syn_rcvd_total ${room + 8}$`, "m"));
  assert.match(text, /^tcp_established_state 0$/m);
  const prompt = new Prompt(wmon);
  for (let count = 0; count < 200; count++) assert.equal(await prompt.accept(), 4 + count);
  prompt.tell("exit 0");
  await wmon.ended;
});
