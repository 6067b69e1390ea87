/**
 * The push over HTTP, against a server that answers by a script.
 */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { nodePlatform } from "../../host/platforms/node.js";
import { parseRetryAfter } from "../../host/push/http.js";
import { createPush, type Push, type PushOptions } from "../../host/push/push.js";
import type { ReceiverStats } from "../../host/push/transport.js";
import { ReportSource } from "./report-source.js";
import { until } from "./until.js";

interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A write endpoint that answers by a script, its last answer for ever; `undefined` is silence. */
class WriteEndpoint {
  readonly seen: Seen[] = [];
  private readonly server: Server;

  constructor(private readonly script: (Answer | undefined)[]) {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { url = "", headers } = request;
        const body = Buffer.concat(chunks);
        const isZipped = headers["content-encoding"] === "gzip";
        this.seen.push({ url, headers, text: String(isZipped ? gunzipSync(body) : body) });
        const answer = this.script.length > 1 ? this.script.shift() : this.script[0];
        if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const QUICK = { platform: nodePlatform, intervalMs: 60_000, backoffMinMs: 5, backoffMaxMs: 10 };

async function pushOnce(
  script: (Answer | undefined)[],
  source: ReportSource,
  options: Partial<PushOptions> & { path?: string; token?: string } = {},
): Promise<{ endpoint: WriteEndpoint; push: Push; stats: ReceiverStats; log: string[] }> {
  const endpoint = await new WriteEndpoint(script).start();
  const log: string[] = [];
  const { path = "/write?db=test", token, ...rest } = options;
  const push = createPush({
    ...QUICK,
    encode: source.encode,
    log: (level, text) => log.push(`${level} ${text.replace(endpoint.origin, "http://h")}`),
    receivers: [{ url: endpoint.origin + path, token }],
    ...rest,
  });
  await push.push();
  const [stats] = push.stats;
  assert.ok(stats);
  return { endpoint, push, stats, log };
}

async function stop(push: Push, endpoint: WriteEndpoint): Promise<void> {
  await push.close(100);
  endpoint.stop();
}

test("http: 2xx confirms, at once", async () => {
  const source = new ReportSource(5);
  const { endpoint, push, stats } = await pushOnce([{ status: 204 }], source);
  assert.equal(endpoint.seen[0]?.text, `${source.lines.join("\n")}\n`);
  assert.equal(endpoint.seen[0]?.url, "/write?db=test");
  assert.deepEqual([stats.sentLines, stats.bufferedLines, stats.connected], [5, 0, 1]);
  await stop(push, endpoint);
  assert.equal(stats.unconfirmedLines, 0);
});

test("http: a small body is plain, a large one gzip", async () => {
  const small = await pushOnce([{ status: 204 }], new ReportSource(1));
  assert.equal(small.endpoint.seen[0]?.headers["content-encoding"], undefined);
  const source = new ReportSource(500);
  const large = await pushOnce([{ status: 204 }], source);
  assert.equal(large.endpoint.seen[0]?.headers["content-encoding"], "gzip");
  assert.equal(large.endpoint.seen[0]?.text, `${source.lines.join("\n")}\n`);
  await Promise.all([stop(small.push, small.endpoint), stop(large.push, large.endpoint)]);
});

test("http: v2 sends the token in its header; URL and log never show it", async () => {
  for (const [path, token] of [
    ["/api/v2/write?org=o&bucket=b&token=topsecret", undefined],
    ["/api/v2/write?org=o&bucket=b", "topsecret"],
  ] as const) {
    const script = [{ status: 401, body: "unauthorized" }];
    const options = { path, ...(token && { token }) };
    const { endpoint, push, log } = await pushOnce(script, new ReportSource(1), options);
    assert.equal(endpoint.seen[0]?.headers.authorization, "Token topsecret");
    assert.equal(endpoint.seen[0]?.url, "/api/v2/write?org=o&bucket=b");
    await stop(push, endpoint);
    assert.doesNotMatch([...log, ...push.labels].join("\n"), /topsecret/);
  }
});

test("http: 4xx rejects for good: counted, and logged once with the receiver's words", async () => {
  const body = '{"error":"unable to parse\n \u001b[31mload"}';
  const source = new ReportSource(3);
  const { endpoint, push, stats, log } = await pushOnce([{ status: 400, body }], source);
  await push.push();
  assert.deepEqual([stats.rejectedLines, stats.bufferedLines, stats.failures], [6, 0, 0]);
  assert.deepEqual(log, [
    "error push http://h/write?db=test: rejected 3 lines: " +
      'HTTP 400: {"error":"unable to parse [31mload"}; more are only counted',
  ]);
  await stop(push, endpoint);
});

for (const status of [408, 429, 500, 503]) {
  test(`http: ${status} is tried again with the same lines until they are taken`, async () => {
    const source = new ReportSource(2);
    const script = [{ status }, { status }, { status: 204 }];
    const { endpoint, push, stats, log } = await pushOnce(script, source);
    await until("they are taken", () => stats.sentLines === 2);
    assert.equal(endpoint.seen.length, 3);
    assert.equal(endpoint.seen[2]?.text, endpoint.seen[0]?.text);
    assert.deepEqual([stats.failures, stats.bufferedLines], [2, 0]);
    assert.equal(log.length, 2);
    assert.match(log[0] ?? "", new RegExp(`HTTP ${status}; 2 lines wait, retrying`));
    assert.match(log[1] ?? "", /delivers again/);
    await stop(push, endpoint);
  });
}

test("http: a silent receiver is given up in time, and tried again", async () => {
  // Long enough for the answer of a busy machine: one attempt is given up, no more.
  const options = { writeTimeoutMs: 1_000 };
  const script = [undefined, { status: 204 }];
  const { endpoint, push, stats } = await pushOnce(script, new ReportSource(2), options);
  await until("it is taken", () => stats.sentLines === 2);
  assert.equal(stats.failures, 1);
  await stop(push, endpoint);
});

test("http: Retry-After holds further attempts, and close cuts it short", async () => {
  const script = [{ status: 429, headers: { "retry-after": "200" } }, { status: 204 }];
  const { endpoint, push, stats } = await pushOnce(script, new ReportSource(2));
  await push.push();
  assert.deepEqual([endpoint.seen.length, stats.bufferedLines], [1, 4]);
  await push.close();
  assert.deepEqual([endpoint.seen.length, stats.sentLines], [2, 6]);
  endpoint.stop();
});

test("http: close gives a silent receiver up at its deadline and counts what is lost", async () => {
  const endpoint = await new WriteEndpoint([undefined]).start();
  const push = createPush({
    ...QUICK,
    encode: new ReportSource(2).encode,
    receivers: [{ url: `${endpoint.origin}/write` }],
  });
  await push.close(30);
  assert.deepEqual([push.stats[0]?.droppedLines, push.stats[0]?.bufferedLines], [2, 0]);
  endpoint.stop();
});

test("http: a backlog goes out in bodies of at most 1 MiB", async () => {
  const source = new ReportSource(1_000, 500);
  const options = { backoffMinMs: 60_000, backoffMaxMs: 60_000, random: () => 0.999 };
  const script = [{ status: 500 }, { status: 204 }];
  const { endpoint, push, stats } = await pushOnce(script, source, options);
  for (let i = 0; i < 4; i++) await push.push();
  assert.equal(endpoint.seen.length, 1, "it waits before it tries again");
  await push.close();
  assert.equal(stats.sentLines, source.lines.length);
  const bodies = endpoint.seen.slice(1).map(({ text }) => text);
  assert.equal(bodies.join(""), `${source.lines.join("\n")}\n`);
  assert.ok(bodies.length < 6);
  for (const text of bodies) assert.ok(text.length <= 1024 * 1024);
  endpoint.stop();
});

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const RETRY_AFTER: readonly [text: string | undefined, ms: number | undefined][] = [
  [undefined, undefined],
  ["0", 0],
  ["120", 120_000],
  ["999999", 300_000],
  ["Thu, 01 Jan 2026 00:00:05 GMT", 5_000],
  ["Wed, 31 Dec 2025 00:00:05 GMT", 0],
  ["soon", undefined],
];

for (const [text, ms] of RETRY_AFTER) {
  test(`http: Retry-After ${text} is ${ms} ms`, () => {
    assert.equal(parseRetryAfter(text, NOW_MS), ms);
  });
}
