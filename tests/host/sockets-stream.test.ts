/**
 * Bytes over a guest's sockets: whatever clients do, what comes back is what they sent, no less and
 * in order; and what the host counted is what passed. Seeded; a run prints its seed.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { skipWithout } from "../guests/guest.js";
import { Random, SEED } from "../wasm/random.js";
import { Client, ports, serve } from "./sockets-client.js";
import { temporaryFolder, type Wmon } from "./wmon.js";

const skip = skipWithout("c-echo");
const MEBIBYTE = 1 << 20;

/** Random bytes that are the same for the same number. */
function randomBytes(number: number, byteCount: number): Buffer {
  const random = new Random(SEED + number);
  const words = Uint32Array.from({ length: Math.ceil(byteCount / 4) }, () => random.word());
  return Buffer.from(words.buffer, 0, byteCount);
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Sends in pieces of random size, as fast as the system takes them. */
async function send(client: Client, bytes: Buffer, random: Random): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const piece = bytes.subarray(offset, offset + 1 + random.below(40_000));
    offset += piece.length;
    if (!client.socket.write(piece)) await once(client.socket, "drain");
  }
}

/** The value of a family's only series, or of the one whose labels have this text. */
async function metric(wmon: Wmon, name: string, label = ""): Promise<number> {
  const text = await (await fetch(await wmon.metrics())).text();
  const line = text.split("\n").find((each) => each.startsWith(name) && each.includes(label));
  return Number(line?.split(" ").at(-1));
}

async function metricBecomes(wmon: Wmon, name: string, value: number): Promise<void> {
  for (let tries = 0; (await metric(wmon, name)) !== value; tries++) {
    if (tries > 1000) assert.equal(await metric(wmon, name), value, name);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function echoMany(t: TestContext, options: readonly string[], clientCount: number) {
  t.diagnostic(`seed ${SEED}`);
  const wmon = serve(t, "c-echo", { options });
  const [port = 0] = await ports(wmon);
  let byteCount = 0;
  const exchange = async (number: number) => {
    const random = new Random(SEED ^ number);
    const bytes = randomBytes(number, random.below(MEBIBYTE / 4));
    byteCount += bytes.length;
    const client = new Client(t, port);
    // Some read late, some only at the end.
    if (number % 3 === 0) client.socket.pause();
    const sent = send(client, bytes, random).then(() => client.socket.end());
    if (number % 3 === 0) setImmediate(() => client.socket.resume());
    await sent;
    await client.ended();
    assert.equal(client.failure, undefined);
    assert.equal(hash(client.bytes), hash(bytes), `client ${number} of seed ${SEED}`);
  };
  await Promise.all(Array.from({ length: clientCount }, (_, number) => exchange(number)));
  await metricBecomes(wmon, "tcp_established_state", 0);
  assert.equal(await metric(wmon, "net_wasi_received_bytes_total"), byteCount);
  assert.equal(await metric(wmon, "net_wasi_transmitted_bytes_total"), byteCount);
  assert.equal(await metric(wmon, "wasi_io_read_bytes_total"), byteCount);
  assert.equal(await metric(wmon, "tcp_total_established_total"), clientCount);
  assert.equal(await metric(wmon, "tcp_total_syn_rcvd_total"), clientCount);
  assert.equal(await metric(wmon, "tcp_refused_total"), 0);
  assert.equal(await metric(wmon, "tcp_resets_total"), 0);
}

test("sockets: random bytes of sixty clients come back as they were", { skip }, (t) =>
  echoMany(t, [], 60),
);

test("sockets: the same in the sandbox", { skip }, (t) => echoMany(t, ["--sandbox"], 20));

test("sockets: blocking calls lose nothing either", { skip }, async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const wmon = serve(t, "c-echo", { args: ["one"] });
  const [port = 0] = await ports(wmon);
  for (const number of [1, 2, 3]) {
    const bytes = randomBytes(number, MEBIBYTE + number);
    const client = new Client(t, port);
    await send(client, bytes, new Random(number));
    client.socket.end();
    await client.ended();
    assert.equal(hash(client.bytes), hash(bytes), `client ${number}`);
  }
});

test("sockets: a client that reads nothing holds up nobody else", { skip }, async (t) => {
  const wmon = serve(t, "c-echo");
  const [port = 0] = await ports(wmon);
  const slow = new Client(t, port);
  slow.socket.pause();
  const bytes = randomBytes(1, 16 * MEBIBYTE);
  slow.socket.write(bytes);
  const quick = new Client(t, port);
  for (let round = 0; round < 50; round++) {
    quick.socket.write("ping");
    await quick.received((round + 1) * 4);
  }
  // The guest's memory, the pipes and the system's buffers are full long before all has gone.
  assert.ok((await metric(wmon, "net_wasi_received_bytes_total")) < bytes.length);
  slow.socket.resume();
  slow.socket.end();
  await slow.ended();
  assert.equal(hash(slow.bytes), hash(bytes));
});

test("sockets: clients that break off leave nothing behind", { skip }, async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const random = new Random(SEED);
  const wmon = serve(t, "c-echo");
  const [port = 0] = await ports(wmon);
  const rounds = 200;
  for (let round = 0; round < rounds; round++) {
    const client = new Client(t, port);
    await once(client.socket, "connect");
    client.socket.write(randomBytes(round, random.below(100_000)));
    if (random.below(2) === 0) await client.received(1).catch(() => {});
    if (random.below(3) === 0) client.socket.destroy();
    else client.socket.resetAndDestroy();
  }
  await metricBecomes(wmon, "tcp_total_established_total", rounds);
  await metricBecomes(wmon, "tcp_established_state", 0);
  const client = new Client(t, port);
  client.socket.end("still there");
  await client.ended();
  assert.equal(client.text, "still there");
});

test("sockets: a storm of connections is served to the last", { skip }, async (t) => {
  const wmon = serve(t, "c-echo");
  const [port = 0] = await ports(wmon);
  const clients = Array.from({ length: 1200 }, () => new Client(t, port));
  for (const [index, client] of clients.entries()) client.socket.end(`client ${index}`);
  await Promise.all(clients.map((client) => client.ended()));
  assert.deepEqual(
    clients.map(({ text }) => text),
    clients.map((_, index) => `client ${index}`),
  );
  await metricBecomes(wmon, "tcp_total_established_total", clients.length);
  assert.equal(await metric(wmon, "tcp_refused_total"), 0);
});

test("sockets: unix sockets carry the same", { skip }, async (t) => {
  const path = join(temporaryFolder(t), "echo.sock");
  const wmon = serve(t, "c-echo", { listeners: [`unix:${path}`] });
  await wmon.printed(/^wmon: (tcplisten unix:.*)$/m);
  const bytes = randomBytes(7, MEBIBYTE);
  const client = new Client(t, { path });
  await send(client, bytes, new Random(7));
  client.socket.end();
  await client.ended();
  assert.equal(hash(client.bytes), hash(bytes));
  assert.equal(await metric(wmon, "net_wasi_received_bytes_total", path), bytes.length);
});

test("sockets: Go's net package runs on them", { skip: skipWithout("go-server") }, async (t) => {
  const wmon = serve(t, "go-server", { args: ["3"] });
  const [port = 0] = await ports(wmon);
  const exchange = async (number: number) => {
    const bytes = randomBytes(number, 200_000);
    const client = new Client(t, port);
    await send(client, bytes, new Random(number));
    client.socket.end();
    await client.ended();
    const report = `\n${bytes.length} bytes\n`;
    assert.equal(hash(client.bytes.subarray(0, -report.length)), hash(bytes));
    assert.equal(client.text.slice(-report.length), report);
  };
  await Promise.all(Array.from({ length: 12 }, (_, number) => exchange(number)));
});

test("sockets: Rust's std runs on them", { skip: skipWithout("rust-server") }, async (t) => {
  const wmon = serve(t, "rust-server", { args: ["3"] });
  const [port = 0] = await ports(wmon);
  const request = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await response.text(), "Hello from Rust\n");
  };
  await Promise.all(Array.from({ length: 50 }, request));
});
