/**
 * Syslog over real UDP and TCP receivers, read back by a parser of RFC 5424 that shares no code
 * with the writer; and what happens when the receiver is absent, slow or gone.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Level } from "../../assembly/abi.js";
import { Backlog } from "../../host/logs/backlog.js";
import { retryDelayMs } from "../../host/logs/delay.js";
import { createLogSink, type LogSinkOptions } from "../../host/logs/sink.js";
import { DATAGRAM_BYTES_MAX, formatSyslog } from "../../host/logs/syslog.js";
import { nodePlatform } from "../../host/platforms/node.js";

const TIMEOUT = { timeout: 30_000 };
const TIME_NS = 1_795_377_000_123_456_789n;
const IDENTITY = { appName: "wmon", hostName: "box", processId: "42" };

/** RFC 5424 §6: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG. */
const MESSAGE =
  /^<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - (.*)$/s;

function parse(message: string) {
  const match = MESSAGE.exec(message);
  assert.ok(match, `no RFC 5424 message: ${message}`);
  const [, priority, time, hostName, appName, processId, messageId, text] = match;
  const [facility, severity] = [Number(priority) >> 3, Number(priority) & 7];
  return { facility, severity, time, hostName, appName, processId, messageId, text };
}

function record(message: string, level = Level.Warning, source = "dns") {
  return { timeNs: TIME_NS, level, source, message };
}

function format(message: string, source = "dns", level = Level.Info) {
  const { bytes } = formatSyslog(record(message, level, source), IDENTITY, DATAGRAM_BYTES_MAX);
  return parse(Buffer.from(bytes).toString("utf8"));
}

const SEVERITIES: readonly (readonly [Level, number])[] = [
  [Level.App, 5],
  [Level.Error, 3],
  [Level.Warning, 4],
  [Level.Info, 6],
  [Level.Debug, 7],
];

for (const [level, severity] of SEVERITIES) {
  test(`syslog: level ${Level[level]} is severity ${severity}`, () => {
    assert.deepEqual(format("text", "dns", level), {
      facility: 1,
      severity,
      time: "2026-11-22T19:50:00.123Z",
      hostName: "box",
      appName: "wmon",
      processId: "42",
      messageId: "dns",
      text: "text",
    });
  });
}

const SOURCES: readonly (readonly [source: string, messageId: string, text: string])[] = [
  ["net.tcp-1", "net.tcp-1", "text"],
  ["two words", "two_words", "two words: text"],
  ["größe", "gr__e", "größe: text"],
  ["a\nb", "a_b", "a\\nb: text"],
  ["x".repeat(33), "x".repeat(32), `${"x".repeat(33)}: text`],
  ["", "-", ": text"],
];

for (const [source, messageId, text] of SOURCES) {
  test(`syslog: source ${JSON.stringify(source)} is sanitized and not lost`, () => {
    const parsed = format("text", source);
    assert.equal(parsed.messageId, messageId);
    assert.equal(parsed.text, text);
  });
}

test("syslog: control characters cannot forge a second message", () => {
  assert.equal(format("a\n<14>1 forged\x1b[2J").text, "a\\n<14>1 forged\\x1b[2J");
});

test("syslog: a long text is cut on a character boundary at every length", () => {
  for (let length = 300; length < 330; length++) {
    const text = "a".repeat(length % 4) + "\u{1f600}é日".repeat(200);
    const { bytes, isTruncated } = formatSyslog(record(text), IDENTITY, length);
    assert.ok(isTruncated && bytes.length <= length && bytes.length > length - 4);
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  }
});

test("syslog over UDP: a record is a datagram, at most 1,400 bytes", TIMEOUT, async (context) => {
  const receiver = createSocket("udp4");
  context.after(() => receiver.close());
  const received: string[] = [];
  receiver.on("message", (datagram) => {
    assert.ok(datagram.length <= DATAGRAM_BYTES_MAX);
    received.push(datagram.toString("utf8"));
  });
  receiver.bind(0, "127.0.0.1");
  await once(receiver, "listening");
  const to = `syslog+udp://127.0.0.1:${receiver.address().port}`;
  const sink = createLogSink({ platform: nodePlatform, to, identity: IDENTITY });
  for (let i = 0; i < 50; i++) sink.write(record(`message ${i}`));
  sink.write(record("é".repeat(2000)));
  await sink.close(5000);
  while (received.length < 51) await once(receiver, "message");
  assert.deepEqual(
    received.slice(0, 50).map((message) => parse(message).text),
    Array.from({ length: 50 }, (_, i) => `message ${i}`),
  );
  assert.match(parse(received[50] ?? "").text ?? "", /^é+$/);
  const { written, dropped, truncated } = sink.stats;
  assert.deepEqual({ written, dropped, truncated }, { written: 51, dropped: 0, truncated: 1 });
});

/** A receiver that takes octet-counted messages (RFC 6587 §3.4.1). */
class Receiver {
  readonly messages: string[] = [];
  readonly sockets: Socket[] = [];
  readonly server: Server;

  constructor(context: TestContext) {
    this.server = createServer((socket) => this.#accept(socket));
    context.after(() => this.stop());
  }

  async start(port = 0): Promise<number> {
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.splice(0)) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, "close");
  }

  #accept(socket: Socket): void {
    this.sockets.push(socket);
    socket.on("error", () => {});
    let pending = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const space = pending.indexOf(" ");
        if (space < 0) break;
        const until = space + 1 + Number(pending.subarray(0, space).toString());
        assert.ok(until > space, "an octet count comes first");
        if (pending.length < until) break;
        this.messages.push(pending.subarray(space + 1, until).toString("utf8"));
        pending = pending.subarray(until);
      }
    });
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function openSink(port: number, options: Partial<LogSinkOptions> = {}) {
  const complaints: string[] = [];
  const writeStderr = (text: string) => void complaints.push(text);
  const platform = { ...nodePlatform, writeStderr };
  const to = `syslog+tcp://127.0.0.1:${port}`;
  return { sink: createLogSink({ platform, to, identity: IDENTITY, ...options }), complaints };
}

test("syslog over TCP: records arrive whole, counted, in order", TIMEOUT, async (context) => {
  const receiver = new Receiver(context);
  const { sink, complaints } = openSink(await receiver.start());
  for (let i = 0; i < 500; i++) sink.write(record(`é ${i}`));
  await sink.close(5000);
  await until(() => receiver.messages.length === 500);
  receiver.messages.forEach((message, i) => {
    assert.equal(parse(message).text, `é ${i}`);
  });
  assert.equal(sink.stats.dropped, 0);
  assert.equal(sink.stats.connects, 1);
  assert.deepEqual(complaints, []);
});

test("syslog over TCP: what is written before the receiver is there waits", TIMEOUT, async (t) => {
  const receiver = new Receiver(t);
  const port = await receiver.start();
  await receiver.stop();
  const { sink, complaints } = openSink(port);
  for (let i = 0; i < 20; i++) sink.write(record(`early ${i}`));
  await until(() => complaints.length > 0);
  await receiver.start(port);
  await until(() => receiver.messages.length === 20);
  await sink.close(1000);
  assert.equal(sink.stats.dropped, 0);
  assert.equal(sink.stats.outages, 1);
  assert.equal(complaints.length, 1, "one line an outage");
  assert.match(complaints[0] ?? "", /WARN {2}logs: syslog\+tcp:\S+ cannot be reached: .*REFUSED/);
});

test("syslog over TCP: a receiver that comes back gets what follows", TIMEOUT, async (context) => {
  const receiver = new Receiver(context);
  const port = await receiver.start();
  const { sink } = openSink(port);
  sink.write(record("before"));
  await until(() => receiver.messages.length === 1);
  await receiver.stop();
  await until(() => sink.stats.outages === 1);
  sink.write(record("meanwhile"));
  await receiver.start(port);
  await until(() => receiver.messages.length === 2);
  sink.write(record("after"));
  await sink.close(5000);
  await until(() => receiver.messages.length === 3);
  const texts = receiver.messages.map((message) => parse(message).text);
  assert.deepEqual(texts, ["before", "meanwhile", "after"]);
  assert.equal(sink.stats.connects, 2);
});

test(
  "syslog over TCP: a receiver that never reads costs bounded memory",
  TIMEOUT,
  async (context) => {
    const sockets: Socket[] = [];
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      sockets.push(socket.on("error", () => {}));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { sink } = openSink((server.address() as AddressInfo).port, { backlogBytesMax: 100_000 });
    await until(() => sink.stats.connects === 1);
    const text = "x".repeat(8000);
    for (let i = 0; i < 5000; i++) sink.write(record(text));
    assert.ok(sink.stats.dropped > 1000, "40 MB do not fit");
    const before = sink.stats.dropped;
    await sink.close(50);
    assert.ok(sink.stats.dropped > before, "what is left at the close is counted");
  },
);

test(
  "syslog: close gives up at the deadline and counts what was lost",
  TIMEOUT,
  async (context) => {
    const receiver = new Receiver(context);
    const port = await receiver.start();
    await receiver.stop();
    const { sink } = openSink(port);
    for (let i = 0; i < 7; i++) sink.write(record("lost"));
    await sink.close(50);
    assert.equal(sink.stats.dropped, 7);
    sink.write(record("late"));
    assert.equal(sink.stats.dropped, 8);
  },
);

test("backlog: keeps the newest within its bytes, and counts", () => {
  let dropped = 0;
  const backlog = new Backlog(10, (count) => {
    dropped += count;
  });
  const bytes = (value: number, byteCount: number) => new Uint8Array(byteCount).fill(value);
  for (const value of [1, 2, 3]) backlog.put(bytes(value, 4));
  assert.equal(dropped, 1);
  const second = backlog.take();
  assert.equal(second?.[0], 2);
  backlog.putBack([second as Uint8Array]);
  assert.equal(backlog.take()?.[0], 2);
  assert.equal(backlog.take()?.[0], 3);
  assert.equal(backlog.take(), undefined);
  backlog.put(bytes(4, 11));
  assert.equal(backlog.count, 0);
  assert.equal(dropped, 2);
});

test("retry: waits double up to half a minute, with jitter of a half", () => {
  for (let failures = 0; failures < 40; failures++) {
    const fullMs = Math.min(30_000, 250 * 2 ** failures);
    assert.equal(retryDelayMs(failures, 0), Math.round(fullMs / 2));
    assert.ok(retryDelayMs(failures, 0.999) <= fullMs);
  }
});
