/**
 * The scrape server over real HTTP: methods, paths, types, encodings, token, limits, and bodies
 * that stay whole while their buffer's origin is written again.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Address } from "../../host/address.js";
import { nodePlatform } from "../../host/platforms/node.js";
import { OPENMETRICS_TYPE, TEXT_TYPE } from "../../host/scrape/negotiation.js";
import { Ring } from "../../host/scrape/ring.js";
import { openScrape, type ScrapeOptions, type ScrapeServer } from "../../host/scrape/server.js";

const ANYWHERE: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };
const TIMEOUT = { timeout: 30_000 };
const TEXT = `# TYPE up gauge\n${"up 1\n".repeat(400)}`;
const OPENMETRICS = `${TEXT}# EOF\n`;

async function serve(context: TestContext, options: Partial<ScrapeOptions> = {}) {
  const server = await openScrape({
    platform: nodePlatform,
    address: ANYWHERE,
    encode: (openMetrics) => Buffer.from(openMetrics ? OPENMETRICS : TEXT),
    ...options,
  });
  context.after(() => server.close());
  return server;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

async function ask(
  { address }: ScrapeServer,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const where =
    address.kind === "unix"
      ? { socketPath: address.path }
      : { host: address.host, port: address.port };
  const asking = request({ ...where, path, headers, method, agent: false });
  asking.end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

test("scrape: GET /metrics answers text", TIMEOUT, async (context) => {
  const server = await serve(context);
  const { status, headers, body } = await ask(server, "/metrics");
  assert.equal(status, 200);
  assert.equal(headers["content-type"], TEXT_TYPE);
  assert.equal(headers["content-length"], String(TEXT.length));
  assert.equal(headers.vary, "Accept, Accept-Encoding");
  assert.equal(headers["content-encoding"], undefined);
  assert.equal(body.toString(), TEXT);
  assert.equal(server.stats.scrapes, 1);
  assert.equal(server.stats.bytes, TEXT.length);
});

test("scrape: OpenMetrics and gzip where they are asked for", TIMEOUT, async (context) => {
  const server = await serve(context);
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
  const asked = { accept, "accept-encoding": "gzip" };
  const { headers, body } = await ask(server, "/metrics", asked);
  assert.equal(headers["content-type"], OPENMETRICS_TYPE);
  assert.equal(headers["content-encoding"], "gzip");
  assert.equal(headers["content-length"], String(body.length));
  assert.equal(gunzipSync(body).toString(), OPENMETRICS);
  assert.equal(server.stats.compressed, 1);
  assert.equal(server.stats.bytes, body.length);
});

test("scrape: gzip;q=0 is heeded, and small bodies are left alone", TIMEOUT, async (context) => {
  const server = await serve(context);
  const refused = await ask(server, "/metrics", { "accept-encoding": "gzip;q=0" });
  assert.equal(refused.headers["content-encoding"], undefined);
  const small = await serve(context, { encode: () => Buffer.from("up 1\n") });
  const { body } = await ask(small, "/metrics", { "accept-encoding": "gzip" });
  assert.equal(body.toString(), "up 1\n");
});

test("scrape: HEAD has the headers of GET and no body", TIMEOUT, async (context) => {
  const server = await serve(context);
  for (const encoding of ["identity", "gzip"]) {
    const get = await ask(server, "/metrics", { "accept-encoding": encoding });
    const head = await ask(server, "/metrics", { "accept-encoding": encoding }, "HEAD");
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    for (const name of ["content-type", "content-length", "content-encoding", "vary"]) {
      assert.equal(head.headers[name], get.headers[name], name);
    }
  }
});

const REFUSALS: readonly (readonly [method: string, path: string, status: number])[] = [
  ["GET", "/metrics?name[]=up", 200],
  ["GET", "/metrics?", 200],
  ["HEAD", "/metrics?x", 200],
  ["GET", "http://host.example/metrics", 200],
  ["GET", "/", 404],
  ["GET", "/metrics/", 404],
  ["GET", "/metricsx", 404],
  ["GET", "/Metrics", 404],
  ["GET", "http://host.example/x/metrics", 404],
  ["GET", "/../metrics", 404],
  ["POST", "/", 404],
  ["POST", "/metrics", 405],
  ["PUT", "/metrics", 405],
  ["DELETE", "/metrics", 405],
  ["OPTIONS", "/metrics", 405],
];

for (const [method, path, expected] of REFUSALS) {
  test(`scrape: ${method} ${path} is ${expected}`, TIMEOUT, async (context) => {
    const server = await serve(context);
    const { status, headers, body } = await ask(server, path, {}, method);
    assert.equal(status, expected);
    assert.equal(headers.allow, expected === 405 ? "GET, HEAD" : undefined);
    if (expected === 404) assert.match(body.toString(), /metrics are at \/metrics/);
    assert.equal(server.stats.notFound, expected === 404 ? 1 : 0);
    assert.equal(server.stats.methodRefused, expected === 405 ? 1 : 0);
  });
}

const TOKENS: readonly (readonly [header: string | undefined, status: number])[] = [
  ["Bearer s3cret", 200],
  ["bearer s3cret", 200],
  ["Bearer s3cres", 401],
  ["Bearer s3cret2", 401],
  ["Basic s3cret", 401],
  ["s3cret", 401],
  [undefined, 401],
];

for (const [authorization, expected] of TOKENS) {
  test(`scrape token: ${authorization ?? "none"} is ${expected}`, TIMEOUT, async (context) => {
    const server = await serve(context, { token: "s3cret" });
    const sent = authorization === undefined ? {} : { authorization };
    const { status, headers, body } = await ask(server, "/metrics", sent);
    assert.equal(status, expected);
    const challenge = expected === 401 ? 'Bearer realm="metrics"' : undefined;
    assert.equal(headers["www-authenticate"], challenge);
    assert.equal(server.stats.unauthorized, expected === 401 ? 1 : 0);
    assert.ok(expected === 200 || !body.toString().includes("up 1"));
  });
}

test(
  "scrape: hooks run before each encoding, and may take their time",
  TIMEOUT,
  async (context) => {
    let gathered = 0;
    const gather = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      gathered++;
    };
    const encode = () => Buffer.from(`gathered ${gathered}\n`);
    const server = await serve(context, { gather, encode });
    assert.equal((await ask(server, "/metrics")).body.toString(), "gathered 1\n");
    assert.equal((await ask(server, "/metrics")).body.toString(), "gathered 2\n");
    assert.equal(server.stats.open, 0);
  },
);

test("scrape: what throws is a 500, counted, and ends nothing", TIMEOUT, async (context) => {
  let fault: "gather" | "reject" | "encode" | "promise" | undefined;
  const gather = () => {
    if (fault === "gather") throw new Error("gather");
    return fault === "reject" ? Promise.reject(new Error("reject")) : undefined;
  };
  const encode = () => {
    if (fault === "encode") throw new Error("encode");
    return fault === "promise" ? Promise.reject(new Error("promise")) : Buffer.from(TEXT);
  };
  const server = await serve(context, { gather, encode });
  for (fault of ["gather", "reject", "encode", "promise"] as const) {
    const { status, body } = await ask(server, "/metrics");
    assert.equal(status, 500);
    assert.ok(body.toString().includes(fault));
  }
  fault = undefined;
  assert.equal((await ask(server, "/metrics")).status, 200);
  assert.equal(server.stats.failed, 4);
  assert.equal(server.stats.open, 0);
});

test("scrape: over the limit it is 503, and recovers", TIMEOUT, async (context) => {
  let release = () => {};
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = await serve(context, { scrapesMax: 2, gather: () => waiting });
  const first = [ask(server, "/metrics"), ask(server, "/metrics")];
  while (server.stats.open < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  const refused = await ask(server, "/metrics");
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "1");
  release();
  for (const { status } of await Promise.all(first)) assert.equal(status, 200);
  assert.equal((await ask(server, "/metrics")).status, 200);
  assert.equal(server.stats.refused, 1);
});

test("scrape: a slow reader sees no torn bytes", TIMEOUT, async (context) => {
  // The core's output: one memory, written again by every scrape.
  const memory = new Uint8Array(4_000_000);
  let letter = 0x61;
  const encode = () => memory.fill(letter++);
  const server = await serve(context, { encode });
  assert.ok(server.address.kind === "tcp");
  const slow = connect({ host: server.address.host, port: server.address.port });
  context.after(() => slow.destroy());
  slow.pause();
  slow.write("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  while (server.stats.open < 1) await new Promise((resolve) => setTimeout(resolve, 2));
  for (let i = 0; i < 10; i++) {
    const { body } = await ask(server, "/metrics");
    assert.equal(new Set(body).size, 1);
  }
  assert.ok(server.stats.open >= 1, "the slow one is still on its way");
  const chunks: Buffer[] = [];
  slow.on("data", (chunk: Buffer) => chunks.push(chunk));
  slow.resume();
  await once(slow, "close");
  const whole = Buffer.concat(chunks);
  const body = whole.subarray(whole.indexOf("\r\n\r\n") + 4);
  assert.equal(body.length, memory.length);
  assert.deepEqual([...new Set(body)], [0x61]);
});

test("scrape: a reader that goes away frees its place", TIMEOUT, async (context) => {
  const server = await serve(context, { encode: () => new Uint8Array(20_000_000) });
  assert.ok(server.address.kind === "tcp");
  const leaver = connect({ host: server.address.host, port: server.address.port });
  leaver.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(leaver, "data");
  assert.equal(server.stats.open, 1);
  leaver.destroy();
  while (server.stats.open > 0) await new Promise((resolve) => setTimeout(resolve, 2));
});

test("ring: a buffer out is never handed out again, one given back is", () => {
  const ring = new Ring();
  const first = ring.copy(new Uint8Array(100_000).fill(1));
  const second = ring.copy(new Uint8Array(100_000).fill(2));
  assert.notEqual(first.bytes.buffer, second.bytes.buffer);
  assert.ok(first.bytes.every((byte) => byte === 1));
  first.release();
  first.release();
  const third = ring.copy(new Uint8Array(100_000).fill(3));
  const fourth = ring.copy(new Uint8Array(100_000).fill(4));
  assert.equal(third.bytes.buffer, first.bytes.buffer);
  assert.notEqual(fourth.bytes.buffer, third.bytes.buffer, "released twice, handed out once");
  assert.ok(second.bytes.every((byte) => byte === 2));
});

test("ring: grows with the body and lets a far too large buffer go", () => {
  const ring = new Ring();
  const large = ring.copy(new Uint8Array(10_000_000));
  large.release();
  const small = ring.copy(new Uint8Array(10).fill(7));
  assert.deepEqual([...small.bytes], Array(10).fill(7));
  assert.ok(small.bytes.buffer.byteLength < 100_000);
});

test(
  "scrape: unix sockets, addresses in use and runtimes without HTTP",
  TIMEOUT,
  async (context) => {
    const server = await serve(context);
    await assert.rejects(serve(context, { address: server.address }), { code: "ADDRESS_IN_USE" });
    await assert.rejects(serve(context, { platform: {} }), { code: "OPTION_INVALID" });
    await assert.rejects(serve(context, { token: "" }), { code: "OPTION_INVALID" });
    const folder = await mkdtemp(join(tmpdir(), "scrape-"));
    context.after(() => rm(folder, { recursive: true }));
    const unix = await serve(context, { address: { kind: "unix", path: join(folder, "s") } });
    assert.equal((await ask(unix, "/metrics")).body.toString(), TEXT);
  },
);
