/**
 * What one receiver has not got yet, and its next try. Nothing here waits by itself: a runtime that
 * is called now and then runs no timers in between, so that time is only looked at when a flush
 * comes. Back-off as in `push/delivery.ts`.
 */
import { LineBuffer } from "../push/buffer.js";
import type { Span } from "../push/report.js";
import {
  createStats,
  type Failure,
  type ReceiverStats,
  type Transport,
  type TransportContext,
} from "../push/transport.js";

export interface OutboxOptions {
  readonly label: string;
  readonly bytesMax: number;
  readonly linesMax: number;
  readonly log: TransportContext["log"];
  /**
   * A flush whose request was cancelled never ends: another sends after so many milliseconds.
   * @default 30_000
   */
  readonly turnMs?: number;
  /** Makes the transport over this buffer and these counters. */
  readonly open: (part: Pick<TransportContext, "buffer" | "stats" | "log">) => Transport;
}

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;
const TURN_MS = 30_000;

/** Lines on their way to one receiver. */
export interface Outbox {
  readonly stats: ReceiverStats;
  /** Takes a report; what no longer fits leaves, oldest first. */
  enqueue(report: readonly Span[]): void;
  /**
   * Sends what is buffered, unless another request does so just now, or it is too early to try
   * again; whether nothing is left. Never rejects.
   */
  send(): Promise<boolean>;
}

/** Opens an outbox; sends nothing yet. */
export function openOutbox(options: OutboxOptions): Outbox {
  const buffer = new LineBuffer(options);
  const stats = createStats(buffer);
  const log: TransportContext["log"] = (level, text) =>
    options.log(level, `push ${options.label}: ${text}`);
  const transport = options.open({ buffer, stats, log });
  let attempt = 0;
  let turn = 0;
  /** Not before then: it is too early, or another has its turn. */
  let waitUntilMs = 0;
  let isFailing = false;
  let isOverflowing = false;

  const settle = (failure: Failure | undefined) => {
    waitUntilMs = 0;
    if (failure) {
      stats.failures++;
      const upperMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** attempt++);
      const delayMs = Math.max(failure.retryAfterMs ?? 0, Math.random() * upperMs);
      waitUntilMs = performance.now() + delayMs;
      if (!isFailing) log("warning", `${failure.reason}; ${buffer.lineCount} lines wait`);
    } else {
      if (isFailing) log("info", "delivers again");
      isOverflowing = false;
      attempt = 0;
    }
    isFailing = failure !== undefined;
  };
  return {
    stats,
    enqueue(report) {
      for (const span of report) {
        const lostCount = buffer.append(span);
        stats.droppedLines += lostCount;
        if (lostCount > 0 && !isOverflowing) log("warning", "buffer full, dropping oldest lines");
        isOverflowing ||= lostCount > 0;
      }
    },
    async send() {
      const nowMs = performance.now();
      if (nowMs >= waitUntilMs && buffer.lineCount > 0) {
        const ours = ++turn;
        waitUntilMs = nowMs + (options.turnMs ?? TURN_MS);
        const failure = await transport.send();
        if (ours === turn) settle(failure);
      }
      return buffer.lineCount === 0;
    },
  };
}
