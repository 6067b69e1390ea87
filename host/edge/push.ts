/**
 * Pushes of an edge monitor, when they are asked for; `wasm-monitoring/edge/push`. By `fetch` to
 * InfluxDB's endpoints; other ways are receivers given as values, as `tcp()` makes them.
 */
import { optionInvalid } from "../errors.js";
import type { PushReceiver } from "../options.js";
import { webPlatform } from "../platforms/web.js";
import { checkPositive } from "../push/bound.js";
import type { BufferLimits } from "../push/buffer.js";
import { openHttp } from "../push/http.js";
import { numberTwins, parseHttp, refusal } from "../push/http-url.js";
import { copyReport } from "../push/report.js";
import { receiverPart, type Transport, type TransportContext } from "../push/transport.js";
import { OWN_NAME } from "../self.js";
import { openOutbox } from "./outbox.js";
import type { Wire, WireHost } from "./wire.js";

/** Where lines go by other ways than `fetch`: what `tcp()` makes. */
export interface EdgeReceiver {
  /** Of its counts, without secrets. */
  readonly label: string;
  readonly open: (context: TransportContext) => Transport;
}

/** `http(s)://…/write?db=…`, `http(s)://…/api/v2/write?…`, one with a token, or `tcp(…)`. */
export type EdgeTarget = string | PushReceiver | EdgeReceiver;

export interface EdgePushOptions {
  /** Least time between two flushes of `flushIfDue`, in milliseconds. @default 10_000 */
  readonly intervalMs?: number | undefined;
  /** Bytes that wait for one receiver at most. @default 4 MiB */
  readonly bufferBytesMax?: number | undefined;
  /** Lines that wait for one receiver at most. @default 50_000 */
  readonly bufferLinesMax?: number | undefined;
  /**
   * What posts to HTTP receivers. A service binding's needs its object:
   * `(url, init) => env.STORE.fetch(url, init)`.
   * @default the global one
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** What `push` gives a monitor. */
export interface Pushing {
  /**
   * Gathers once and sends to every receiver; whether all have everything. What could not be sent
   * waits, with its time, for the next flush. Never rejects: give it to `waitUntil`.
   */
  flush(): Promise<boolean>;
  /** Flushes if the last time was `intervalMs` ago or more: for every request. Never rejects. */
  flushIfDue(): Promise<boolean>;
}

const INTERVAL_MS = 10_000;
const BUFFER_BYTES_MAX = 4 * 1024 * 1024;
const BUFFER_LINES_MAX = 50_000;
const LIMITS = { connectTimeoutMs: 5_000, writeTimeoutMs: 10_000 };

/** Lets a monitor push; nowhere without `to`. Throws `ADDRESS_INVALID`, `OPTION_INVALID`. */
export function push(
  to: EdgeTarget | readonly EdgeTarget[] = [],
  options: EdgePushOptions = {},
): Wire<Pushing> {
  const { bufferBytesMax = BUFFER_BYTES_MAX, bufferLinesMax = BUFFER_LINES_MAX } = options;
  const { fetch = (...request) => globalThis.fetch(...request) } = options;
  if (typeof fetch !== "function") {
    optionInvalid("fetch is no function: write (url, init) => env.STORE.fetch(url, init)");
  }
  const settings = {
    bytesMax: checkPositive("bufferBytesMax", bufferBytesMax),
    linesMax: checkPositive("bufferLinesMax", bufferLinesMax),
    intervalMs: checkPositive("intervalMs", options.intervalMs ?? INTERVAL_MS),
    platform: webPlatform(fetch),
  };
  const receivers = numberTwins([to].flat().map(receiverOf));
  return (host) => open(host, receivers, settings);
}

/** A binding that is not set is undefined, whatever the types say: refused in words. */
function receiverOf(to: EdgeTarget): EdgeReceiver {
  const given: Partial<EdgeReceiver & PushReceiver> =
    typeof to === "string" ? { url: to } : (to ?? {});
  if (given.open) return to as EdgeReceiver;
  const { url = "", token } = given;
  if (!/^https?:/i.test(url)) {
    throw refusal("write http(s)://…, or tcp(…) of wasm-monitoring/edge/tcp for tcp://");
  }
  const target = parseHttp(url, { token });
  return { label: target.label, open: (context) => openHttp(context, target) };
}

interface Settings extends BufferLimits, Pick<TransportContext, "platform" | "intervalMs"> {}

function open(
  { monitor, bestEffort, show }: WireHost,
  receivers: readonly EdgeReceiver[],
  { platform, intervalMs, ...buffer }: Settings,
): Pushing {
  const log: TransportContext["log"] = (level, text) => monitor.log(OWN_NAME)[level](text);
  const rest = { platform, intervalMs, bestEffort, limits: LIMITS, unref: true, onLost() {} };
  const outboxes = receivers.map(({ label, open: connect }) => {
    const outbox = openOutbox({
      ...buffer,
      label,
      log,
      open: (part) => connect({ ...part, ...rest }),
    });
    show(receiverPart(label, outbox.stats));
    return outbox;
  });
  let flushedMs = Number.NEGATIVE_INFINITY;
  const flush = async () => {
    flushedMs = performance.now();
    if (outboxes.length === 0) return true;
    try {
      const report = copyReport(monitor.influx());
      for (const outbox of outboxes) outbox.enqueue(report);
    } catch (error) {
      log("error", `push: nothing gathered: ${error}`);
    }
    const sent = await Promise.all(outboxes.map((outbox) => outbox.send()));
    return sent.every((isEmpty) => isEmpty);
  };
  const flushIfDue = async () => performance.now() - flushedMs < intervalMs || flush();
  return { flush, flushIfDue };
}
