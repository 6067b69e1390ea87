/**
 * Delivery by HTTP, InfluxDB's v1 and v2 write endpoints: 2xx confirms, 408, 429 and 5xx are tried
 * again (RFC 9110 §10.2.3 `Retry-After` honoured), every other answer rejects the lines for good.
 */
import type { ClientResponse } from "../platform.js";
import { gatherBatch } from "./batch.js";
import { type Failure, reasonOf, type Transport, type TransportContext } from "./transport.js";

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

/** Posts lines, one request at a time. */
export class HttpTransport implements Transport {
  readonly writtenLine = 0;
  /** Of the request under way: some runtimes tie it to what they serve just then. */
  private abort: AbortController | undefined;
  private isRejecting = false;

  constructor(
    private readonly context: TransportContext,
    private readonly target: HttpTarget,
  ) {}

  get hasWork(): boolean {
    return this.context.buffer.lineCount > 0;
  }

  async send(): Promise<Failure | undefined> {
    const { buffer, stats } = this.context;
    try {
      while (buffer.lineCount > 0) {
        const batch = gatherBatch(buffer, BODY_BYTES_MAX);
        const response = await this.post(batch.bytes);
        if (isRetried(response.status)) return this.retried(response);
        // Lines that left the full buffer meanwhile are counted as dropped already.
        const lineCount = buffer.releaseBefore(batch.endLine);
        if (isConfirmed(response.status)) this.confirmed(lineCount, batch.bytes.length);
        else this.rejected(lineCount, response);
      }
      return undefined;
    } catch (error) {
      stats.connected = 0;
      return { reason: reasonOf(error) };
    }
  }

  async finish(): Promise<boolean> {
    return true;
  }

  destroy(): void {
    this.context.stats.connected = 0;
    this.abort?.abort();
  }

  private async post(bytes: Uint8Array): Promise<ClientResponse> {
    const { platform, limits } = this.context;
    const { url, authorization } = this.target;
    this.abort = new AbortController();
    const { signal } = this.abort;
    const gzip = bytes.length >= GZIP_BYTES_MIN ? platform.gzip : undefined;
    const body = gzip ? await gzip(bytes) : bytes;
    const headers: Record<string, string> = { "content-type": "text/plain; charset=utf-8" };
    if (gzip) headers["content-encoding"] = "gzip";
    if (authorization !== undefined) headers.authorization = authorization;
    const timeoutMs = limits.writeTimeoutMs;
    const response = await platform.post?.({ url, headers, body, timeoutMs, signal });
    if (!response) throw new Error("this runtime has no HTTP");
    return response;
  }

  private confirmed(lineCount: number, byteCount: number): void {
    const { stats, log } = this.context;
    stats.connected = 1;
    stats.sentLines += lineCount;
    stats.sentBytes += byteCount;
    if (this.isRejecting) log("info", "takes lines again");
    this.isRejecting = false;
  }

  private rejected(lineCount: number, response: ClientResponse): void {
    const { stats, log } = this.context;
    stats.connected = 1;
    stats.rejectedLines += lineCount;
    if (this.isRejecting) return;
    this.isRejecting = true;
    const answer = describe(response);
    log("error", `rejected ${lineCount} lines: ${answer}; further ones are only counted`);
  }

  private retried(response: ClientResponse): Failure {
    this.context.stats.connected = 0;
    const reason = describe(response);
    const retryAfterMs = parseRetryAfter(response.headers["retry-after"], Date.now());
    return retryAfterMs === undefined ? { reason } : { reason, retryAfterMs };
  }
}

/** Reads seconds or an HTTP date, as milliseconds from `nowMs`; at most five minutes. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const afterMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  if (Number.isNaN(afterMs)) return undefined;
  return Math.min(Math.max(afterMs, 0), RETRY_AFTER_MS_MAX);
}

function isConfirmed(status: number): boolean {
  return status >= 200 && status < 300;
}

function isRetried(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

/** One line for the log; a receiver's text may hold anything. */
function describe({ status, body, headers }: ClientResponse): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const text = body.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
  const where = headers.location === undefined ? "" : "; redirects are not followed";
  const message = text.slice(0, MESSAGE_LENGTH_MAX);
  return `HTTP ${status}${message && `: ${message}`}${where}`;
}
