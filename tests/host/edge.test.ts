/**
 * The edge monitor where it can be watched from close by; what holds in every runtime is in
 * `tests/conformance/`.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { build } from "esbuild";
import { createEdgeMonitor, type EdgeOptions } from "../../host/edge/index.js";
import { openOutbox } from "../../host/edge/outbox.js";
import { answerScrapes, askPage } from "../../host/edge/page.js";
import { push } from "../../host/edge/push.js";
import { openSandbox } from "../../host/edge/sandbox.js";
import { type ServeOptions, type Serving, serve } from "../../host/edge/serve.js";
import { type Connect, tcp } from "../../host/edge/tcp.js";
import type { Wire } from "../../host/edge/wire.js";
import { webPlatform } from "../../host/platforms/web.js";
import { copyReport } from "../../host/push/report.js";
import { reasonOf, type TransportContext } from "../../host/push/transport.js";
import { openReceiver, type Received } from "../conformance/receiver.js";
import { guestPath, ROOT } from "../guests/guest.js";
import { eventually, until } from "./until.js";

const CORE = new URL("../../monitor.wasm", import.meta.url);
const module = new WebAssembly.Module(readFileSync(CORE));
const decoder = new TextDecoder();

function monitorOf<S, P>(options: Omit<EdgeOptions<S, P>, "module"> = {}) {
  return createEdgeMonitor<S, P>({ module, ...options });
}

async function receiverFor(t: TestContext) {
  const receiver = await openReceiver();
  t.after(() => receiver.close());
  const pushes = async (): Promise<readonly Received[]> =>
    (await fetch(`${receiver.origin}/pushed/a`)).json() as Promise<Received[]>;
  return { pushes, url: `${receiver.origin}/write/a?db=x` };
}

const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["a token that fits no header", () => serve({ token: "a b" }), /a token is 1 to 1,024/],
  ["an empty token", () => serve({ token: "" }), /a token is 1 to 1,024/],
  [
    "a token that is no text",
    () => serve({ token: null as unknown as string }),
    /a token is 1 to 1,024/,
  ],
  ["a token without its name", () => serve("t" as ServeOptions), /write serve\(\{ token/],
  [
    "null for what is served",
    () => serve(null as unknown as ServeOptions),
    /write serve\(\{ token/,
  ],
  [
    "serve that is not called",
    () => monitorOf({ serve: serve as unknown as Wire<unknown> }),
    /serve: write serve\(…\) of wasm-monitoring\/edge\/serve/,
  ],
  [
    "a page's monitor that serves nothing",
    () => answerScrapes(monitorOf() as unknown as Serving, new EventTarget()),
    /answerScrapes: the monitor was made without serve\(\)/,
  ],
  [
    "a service binding where its fetch belongs",
    () => push([], { fetch: { fetch } as unknown as typeof fetch }),
    /fetch is no function: write \(url, init\) => env\.STORE\.fetch\(url, init\)/,
  ],
  [
    "a TCP receiver without connect",
    () => tcp("tcp://h:1", undefined as unknown as Connect),
    /write tcp\(URL, connect\)/,
  ],
  [
    "a base path that begins no path",
    () => serve({ basePath: "_m" }),
    /basePath "_m" begins no path/,
  ],
  ["an interval that is none", () => push([], { intervalMs: Number.NaN }), /intervalMs is NaN/],
  ["a buffer of nothing", () => push([], { bufferLinesMax: 0 }), /bufferLinesMax is 0/],
  [
    "an instance that fits no address",
    () => monitorOf({ instance: "a b" }),
    /instance "a b" is no name/,
  ],
  [
    "a format of logs that there is not",
    () => monitorOf({ logs: { format: "xml" as "json" } }),
    /logs: format "xml" is neither text nor json/,
  ],
  ["a time that is none", () => monitorOf({ seriesTtlMs: Number.NaN }), /seriesTtlMs: NaN is no/],
  ["settings that make no sense", () => monitorOf({ metrics: "x:maybe" }), /metrics 'x:maybe'/],
  [
    "a URL where a wire belongs",
    () => monitorOf({ push: "http://h/write?db=x" as unknown as Wire<unknown> }),
    /push: write push\(…\) of wasm-monitoring\/edge\/push/,
  ],
];

for (const [what, make, message] of REFUSED) {
  test(`edge: ${what} is refused`, () => {
    assert.throws(make, { code: "OPTION_INVALID", message });
  });
}

const NULL = null as unknown as string;
const connect = () => assert.fail("nothing is opened");

const UNREACHABLE: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["a datagram receiver", () => push("udp://h:1"), /write http\(s\):\/\/…, or tcp\(…\)/],
  ["a TCP receiver as text", () => push(["tcp://me:s3cret@h:1"]), /or tcp\(…\) of wasm-monitoring/],
  ["standard output", () => push("-"), /write http/],
  ["a URL without a path", () => push("http://h:8086"), /names no path to write to/],
  ["a binding that is not set", () => push([undefined as unknown as string]), /write http/],
  ["a binding that is null", () => push([null as unknown as string]), /write http/],
  ["a token that is null", () => push({ url: "http://h/w", token: NULL }), /a token is printable/],
  ["an empty token", () => push({ url: "http://h/w", token: "" }), /a token is printable/],
  [
    "a token of two lines",
    () => push({ url: "http://h/w", token: "s3cret\n" }),
    /a token is print/,
  ],
  ["a datagram receiver over TCP", () => tcp("udp://h:1", connect), /udp:h:1 is no tcp:/],
  ["a path over TCP", () => tcp("unix:/run/x", connect), /unix:\/run\/x is no tcp:/],
];

for (const [what, make, message] of UNREACHABLE) {
  test(`edge: ${what} is refused at once, without its secrets`, () => {
    assert.throws(make, (error: Error & { code?: string }) => {
      assert.equal(error.code, "ADDRESS_INVALID");
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  });
}

test("edge: null stands for the default, as where a binding is not set", () => {
  const given = { vmName: null, instance: null, seriesTtlMs: null, serve: null, push: null };
  const monitor = monitorOf(given as unknown as EdgeOptions);
  assert.match(monitor.instance, /^[0-9a-f]{8}$/);
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc();
  assert.match(decoder.decode(monitor.influx()), /^jobs_total,vm=edge-/m);
});

test("edge: a base path is found as URLs write it", async () => {
  for (const basePath of ["/ü", "/a b", "/a/../b"]) {
    const monitor = monitorOf({ serve: serve({ basePath }) });
    const request = new Request(`http://h${basePath}/metrics`);
    assert.ok(monitor.owns(request), basePath);
    assert.equal((await monitor.fetch(request)).status, 200);
  }
});

test("edge: a push to nowhere is a monitor without receivers", async () => {
  const monitor = monitorOf({ push: push(undefined) });
  assert.equal(await monitor.flush(), true);
});

test("edge: a fetch that failed says why, and nothing of the URL", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  t.diagnostic(`port ${port}`);
  const error = await fetch(`http://127.0.0.1:${port}/?p=s3cret`).catch((each: unknown) => each);
  assert.equal(reasonOf(error), "fetch failed: ECONNREFUSED");
});

test("edge: replies to the commands of one request end where they are too many", async () => {
  const monitor = monitorOf({ serve: serve({ token: "t" }) });
  for (let i = 0; i < 300; i++) monitor.counter({ name: `jobs_${i}_total`, help: "Jobs." });
  const body = `${"m*\n".repeat(20_000)}L*:debug`;
  const init = { method: "POST", body, headers: { authorization: "Bearer t" } };
  const answer = await monitor.fetch(new Request("http://h/control", init));
  assert.equal(answer.status, 413);
  const text = await answer.text();
  assert.match(text, /^ok: .*jobs_0_total:enabled.*$/m);
  assert.match(text, /\nerror: too much to answer: the rest was not run\n$/);
  assert.ok(text.length < 2 * 1024 * 1024, `${text.length} characters`);
  assert.equal(monitor.command("l*"), "ok: *:info");
});

test("edge: requests without the token warn once until it is shown", async () => {
  const monitor = monitorOf({ serve: serve({ token: "t" }) });
  const warnings = () =>
    /level="warning",src="control"\} (\d+)$/m.exec(decoder.decode(monitor.prometheus()))?.[1];
  const post = (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return monitor.fetch(new Request("http://h/control", { method: "POST", body: "l", headers }));
  };
  for (let i = 0; i < 5; i++) assert.equal((await post("x")).status, 401);
  assert.equal(warnings(), "1");
  assert.equal((await post("t")).status, 200);
  for (let i = 0; i < 5; i++) await post("x");
  assert.equal(warnings(), "2");
  const text = decoder.decode(monitor.prometheus());
  assert.match(text, /^monitor_control_unauthorized_total 10$/m);
});

test("edge: a fetch that leaves the signal out is given up in time all the same", async () => {
  const { post } = webPlatform(() => new Promise(() => {}));
  const request = { url: "http://h/", headers: {}, body: new Uint8Array(1), timeoutMs: 20 };
  await assert.rejects(async () => post?.(request), /no answer within 20 ms/);
});

test("edge: lines beyond the buffer leave oldest first, and are counted", async () => {
  const fetch = async () => new Response("", { status: 503 });
  const monitor = monitorOf({ push: push("http://h/write?db=x", { fetch, bufferLinesMax: 10 }) });
  for (let flush = 0; flush < 5; flush++) assert.equal(await monitor.flush(), false);
  const text = decoder.decode(monitor.prometheus());
  assert.match(text, /^monitor_push_buffered_lines\{[^}]*\} 10$/m);
  assert.match(text, /^monitor_push_dropped_lines_total\{[^}]*\} [1-9]\d*$/m);
});

test("edge: flushes at a time send every line once", async (t) => {
  const { pushes, url } = await receiverFor(t);
  const monitor = monitorOf({ push: push(url) });
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc();
  await Promise.all(Array.from({ length: 8 }, () => monitor.flush()));
  assert.equal(await monitor.flush(), true);
  const lines = (await pushes()).flatMap(({ text }) => text.match(/^jobs_total,.*$/gm) ?? []);
  assert.equal(lines.length, 9);
  assert.equal(new Set(lines).size, 9, "each with a time of its own");
});

test("edge: a flush that never ends holds back others for a while only", async () => {
  let sends = 0;
  const open = ({ buffer }: Pick<TransportContext, "buffer">) => ({
    writtenLine: 0,
    get hasWork() {
      return buffer.lineCount > 0;
    },
    async send() {
      // As when the request that the first flush belonged to is cancelled.
      if (sends++ === 0) return new Promise<undefined>(() => {});
      buffer.releaseBefore(buffer.endLine);
      return undefined;
    },
    finish: async () => true,
    destroy() {},
  });
  const log = () => {};
  const outbox = openOutbox({ label: "x", bytesMax: 1e6, linesMax: 10, turnMs: 500, log, open });
  outbox.enqueue(copyReport(new TextEncoder().encode("a b=1 1\n")));
  void outbox.send();
  assert.equal(await outbox.send(), false, "the first has its turn");
  await eventually("another sends", () => outbox.send());
  assert.equal(sends, 2);
});

test("edge: a series that has not changed for its TTL ends", async () => {
  const monitor = monitorOf({ seriesTtlMs: 30 });
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc();
  const isShown = () => decoder.decode(monitor.prometheus()).includes("jobs_total 1");
  assert.equal(isShown(), true);
  await until("the series has ended", () => !isShown());
  assert.match(decoder.decode(monitor.prometheus()), /^monitor_isolate_info\{/m);
});

test("edge: receivers of one address are told apart", () => {
  const fetch = async () => new Response();
  const monitor = monitorOf({
    push: push(["http://h/write?db=x", "http://h/write?db=x"], { fetch }),
  });
  const text = decoder.decode(monitor.prometheus());
  assert.equal(text.match(/^monitor_push_connected\{/gm)?.length, 2);
});

test("edge: a refusal for good is counted, and nothing waits", async () => {
  const fetch = async () => new Response("bad\n", { status: 400 });
  const monitor = monitorOf({ push: push("http://h/write?db=x", { fetch }) });
  assert.equal(await monitor.flush(), true);
  const text = decoder.decode(monitor.prometheus());
  assert.match(text, /^monitor_push_rejected_lines_total\{[^}]*\} [1-9]/m);
});

test("edge: an answer to HEAD has no body, and a scrape is counted", async () => {
  const monitor = monitorOf({ serve: serve() });
  const url = "http://h/metrics";
  const head = await monitor.fetch(new Request(url, { method: "HEAD" }));
  assert.equal(await head.text(), "");
  const text = await (await monitor.fetch(new Request(url))).text();
  assert.match(text, /^monitor_scrape_scrapes_total 1$/m);
});

test("edge: without an open page its service worker answers 503", async () => {
  const clients = { matchAll: async () => [] };
  const answer = await askPage(new Request("http://h/metrics"), clients);
  assert.equal(answer.status, 503);
});

test("edge: a service worker frees the port that a page has answered on", {
  timeout: 60_000,
}, async () => {
  const body = new TextEncoder().encode("a 1\n").buffer;
  let closed: Promise<unknown> | undefined;
  const page = {
    postMessage(_question: unknown, [port]: MessagePort[]) {
      assert.ok(port);
      closed = once(port, "close");
      // A port that listens keeps the program until it is closed.
      port.onmessage = () => {};
      port.postMessage({ status: 200, headers: [], body });
    },
  };
  const clients = { matchAll: async () => [page] };
  const answer = await askPage(new Request("http://h/metrics"), clients);
  assert.equal(await answer.text(), "a 1\n");
  await closed;
});

test("edge: a sandboxed guest reads its files and its input", async () => {
  const census = new URL("../../examples/census.wasm", import.meta.url);
  const guest = new WebAssembly.Module(readFileSync(census));
  const monitor = monitorOf({ logLevels: "*:quiet" });
  const sandbox = await openSandbox(monitor, { module: guest });
  const files = { "a.txt": "one two two\n", "b.bin": Uint8Array.of(120, 10) };
  const { code, stdout } = sandbox.run({ args: ["census", "--rounds", "1", "/"], files });
  assert.equal(code, 0);
  assert.match(stdout, /^2 lines, 4 words, 3 distinct, 14 bytes/m);
  assert.match(decoder.decode(monitor.prometheus()), /^wasi_io_read_bytes_total 14$/m);
});

test("edge: a second guest of a monitor is refused", async () => {
  const guest = new WebAssembly.Module(readFileSync(guestPath("actor")));
  const monitor = monitorOf();
  await openSandbox(monitor, { module: guest });
  await assert.rejects(openSandbox(monitor, { module: guest }), { code: "NAME_TAKEN" });
});

test("edge: a message that is too long is cut, and counted", () => {
  const monitor = monitorOf({ logLevels: "*:app" });
  monitor.log("long").app("x".repeat(20_000));
  assert.match(decoder.decode(monitor.prometheus()), /^monitor_logs_truncated_total 1$/m);
});

test("edge: a function that cannot wait afterwards pushes before it answers", async (t) => {
  const { pushes, url } = await receiverFor(t);
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}examples/edge/function.js`],
    bundle: true,
    write: false,
    format: "esm",
  });
  const script = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  const { createHandler } = await import(`data:text/javascript;base64,${script}`);
  const handler = createHandler({ module, url });
  assert.equal(await (await handler(new Request("http://h/"))).text(), "done\n");
  const [push] = await pushes();
  assert.match(push?.text ?? "", /^calls_total,vm=function-[0-9a-f]{8} counter=1 \d{19}$/m);
});
