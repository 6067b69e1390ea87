/**
 * Delivery by HTTP, InfluxDB's v1 and v2 write endpoints: 2xx confirms, 408, 429 and 5xx are tried
 * again (RFC 9110 §10.2.3 `Retry-After` honoured), every other answer rejects the lines for good.
 */
import type { ClientResponse, Platform } from "../platform.js";
import { gatherBatch } from "./batch.js";
import { reasonOf, type Transport, type TransportContext } from "./transport.js";

/** What a body of line protocol holds at most, before compression; a single span may be larger. */
const BODY_BYTES_MAX = 1024 * 1024;
/** Smaller bodies do not gain from compression. */
const GZIP_BYTES_MIN = 1_024;
const RETRY_AFTER_MS_MAX = 300_000;
const MESSAGE_LENGTH_MAX = 200;

export interface HttpTarget {
  readonly url: string;
  readonly authorization: string | undefined;
}

/** Opens a transport that posts lines, one request at a time. */
export function openHttp(context: TransportContext, target: HttpTarget): Transport {
  const { buffer, stats, log } = context;
  const poster = openPoster(context, target);
  let isRejecting = false;

  /** Counts lines that were confirmed, or rejected for good. */
  const settle = (lineCount: number, byteCount: number, response: ClientResponse): void => {
    const wasRejecting = isRejecting;
    isRejecting = response.status < 200 || response.status > 299;
    stats.connected = 1;
    stats[isRejecting ? "rejectedLines" : "sentLines"] += lineCount;
    if (!isRejecting) stats.sentBytes += byteCount;
    if (isRejecting === wasRejecting) return;
    const answer = `rejected ${lineCount} lines: ${describe(response)}; more are only counted`;
    if (isRejecting) log("error", answer);
    else log("info", "takes lines again");
  };
  return {
    writtenLine: 0,
    get hasWork() {
      return buffer.lineCount > 0;
    },
    async send() {
      try {
        while (buffer.lineCount > 0) {
          const { bytes, endLine } = gatherBatch(buffer, BODY_BYTES_MAX);
          const response = await poster.post(bytes);
          const { status, headers } = response;
          if (status >= 500 || status === 429 || status === 408) {
            stats.connected = 0;
            const retryAfterMs = parseRetryAfter(headers["retry-after"], Date.now());
            return { reason: describe(response), retryAfterMs };
          }
          // Lines that left the full buffer meanwhile are counted as dropped already.
          settle(buffer.releaseBefore(endLine), bytes.length, response);
        }
      } catch (error) {
        stats.connected = 0;
        return { reason: reasonOf(error) };
      }
      return undefined;
    },
    finish: async () => true,
    destroy() {
      stats.connected = 0;
      poster.abort();
    },
  };
}

function openPoster({ platform, limits }: TransportContext, target: HttpTarget) {
  const { url, authorization } = target;
  // Whoever opens this transport has asked whether the platform can.
  const send = platform.post as NonNullable<Platform["post"]>;
  /** Of the request under way: some runtimes tie it to what they serve just then. */
  let controller: AbortController | undefined;
  return {
    async post(bytes: Uint8Array): Promise<ClientResponse> {
      controller = new AbortController();
      const { signal } = controller;
      const gzip = bytes.length >= GZIP_BYTES_MIN ? platform.gzip : undefined;
      const headers = {
        "content-type": "text/plain; charset=utf-8",
        ...(gzip && { "content-encoding": "gzip" }),
        ...(authorization !== undefined && { authorization }),
      };
      const body = gzip ? await gzip(bytes) : bytes;
      return send({ url, headers, body, timeoutMs: limits.writeTimeoutMs, signal });
    },
    abort: () => controller?.abort(),
  };
}

/** Reads seconds or an HTTP date, as milliseconds from `nowMs`; at most five minutes. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const afterMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(afterMs) ? undefined : Math.min(Math.max(afterMs, 0), RETRY_AFTER_MS_MAX);
}

/** One line for the log; a receiver's text may hold anything. */
function describe({ status, body, headers }: ClientResponse): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const text = body.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
  const where = headers.location === undefined ? "" : "; redirects are not followed";
  return `HTTP ${status}${text && `: ${text.slice(0, MESSAGE_LENGTH_MAX)}`}${where}`;
}
