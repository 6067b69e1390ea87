/**
 * The control server against clients that do harm: too many, too slow, too much, nonsense.
 * After each of them it still answers, and what it held is bounded.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, serve, type TestServer, until } from "./control-client.js";

const TIMEOUT = { timeout: 60_000 };

async function assertAnswers(context: Parameters<typeof serve>[0], server: TestServer) {
  const client = await Client.open(context, server.address);
  assert.equal(await client.send("l\n").end().rest(), "ok: *:info\n");
}

for (const strict of [false, true]) {
  const mode = strict ? "strict" : "default";
  const end = strict ? "" : "\n";

  test(`control, ${mode}: the connection over the limit is told so`, TIMEOUT, async (context) => {
    const server = await serve(context, { strict });
    const open = Array.from({ length: 64 }, () => Client.open(context, server.address));
    await Promise.all(open);
    await until(() => server.stats.open === 64);
    const late = await Client.open(context, server.address);
    assert.equal(await late.rest(), `error: too many connections: at most 64${end}`);
    assert.equal(server.stats.refused, 1);
    assert.equal(server.stats.accepted, 64);
  });

  test(`control, ${mode}: an idle connection is told so`, TIMEOUT, async (context) => {
    const server = await serve(context, { strict, idleMs: 50 });
    const client = await Client.open(context, server.address);
    const told = `error: no complete command in time: connection closed${end}`;
    assert.equal(await client.rest(), told);
    assert.equal(server.stats.idle, 1);
  });
}

test("control: 1,000 connections at once, then it answers again", TIMEOUT, async (context) => {
  const server = await serve(context);
  const { address } = server;
  const open = Array.from({ length: 1000 }, async () => {
    const client = await Client.open(context, address);
    client.send("l\n");
    return client;
  });
  const clients = await Promise.all(open);
  await until(() => server.stats.accepted + server.stats.refused === 1000);
  assert.equal(server.stats.refused, 936);
  assert.ok(server.stats.open <= 64);
  for (const client of clients) client.socket.destroy();
  await until(() => server.stats.open === 0);
  await assertAnswers(context, server);
});

test("control: 10 MB without a newline is refused after 64 KiB", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  client.send(new Uint8Array(10_000_000).fill(0x61));
  assert.equal(await client.rest(), "error: command too long: at most 65536 bytes\n");
  assert.equal(server.stats.oversized, 1);
  assert.deepEqual(server.executed, []);
  await assertAnswers(context, server);
});

test("control, strict: 10 MB are one command and a close", TIMEOUT, async (context) => {
  const server = await serve(context, { strict: true });
  const client = await Client.open(context, server.address);
  client.send(new Uint8Array(10_000_000).fill(0x61));
  assert.equal(await client.rest(), "error: unknown command");
  assert.equal(server.executed.length, 1);
});

test("control: bytes that trickle without end run out of time", TIMEOUT, async (context) => {
  const server = await serve(context, { idleMs: 400 });
  const client = await Client.open(context, server.address);
  const trickle = setInterval(() => client.send("x"), 30);
  context.after(() => clearInterval(trickle));
  assert.match(await client.rest(), /^error: no complete command in time/);
  assert.equal(server.stats.idle, 1);
});

test("control: a byte now and then is a command by itself", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  const drip = setInterval(() => client.send("L"), 300);
  context.after(() => clearInterval(drip));
  assert.equal(await client.rest(), "ok");
  assert.deepEqual(server.executed, ["L"]);
});

test("control: a client that does not read stops being executed", TIMEOUT, async (context) => {
  const server = await serve(context, { idleMs: 400 });
  const client = await Client.open(context, server.address);
  client.socket.pause();
  client.send("big\n".repeat(10_000));
  await until(() => server.stats.stalled === 1);
  // Half a megabyte each: what fits the system's socket buffers, and one more.
  assert.ok(server.executed.length < 100, `${server.executed.length} replies were queued`);
  await assertAnswers(context, server);
});

test("control: a slow reader gets every reply whole and in order", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  client.socket.pause();
  client.send("big\nl\n".repeat(20)).end();
  await until(() => server.executed.length > 1);
  client.socket.resume();
  const replies = (await client.rest()).split("\n");
  assert.equal(replies.length, 41);
  for (let i = 0; i < 40; i += 2) {
    assert.equal(replies[i]?.length, 500_004);
    assert.equal(replies[i + 1], "ok: *:info");
  }
});

test("control: a command cut where reading stopped is put together", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  client.socket.pause();
  client.send(`${"big\n".repeat(30)}L*:de`);
  await until(() => server.executed.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 250));
  client.send("bug\n");
  client.socket.resume();
  assert.equal((await client.lines(31)).at(-1), "ok");
  assert.equal(server.executed.at(-1), "L*:debug");
});

test("control: one client's long list of commands lets others in", TIMEOUT, async (context) => {
  const server = await serve(context);
  const greedy = await Client.open(context, server.address);
  greedy.send("l\n".repeat(200_000));
  await until(() => server.executed.length > 0);
  await assertAnswers(context, server);
  assert.ok(server.stats.commands < 200_000, "answered before the list was through");
});

test("control: random bytes are answered or refused, never fatal", TIMEOUT, async (context) => {
  const server = await serve(context);
  let seed = 20261122;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  };
  for (let round = 0; round < 40; round++) {
    const bytes = Uint8Array.from({ length: 1 + random() * 40 }, random);
    const client = await Client.open(context, server.address);
    client.send(bytes).end();
    assert.match(`${await client.rest()}\n`, /^(?:(?:ok|error)\b[^\n]*\n)*\n?$/);
  }
  await assertAnswers(context, server);
});
