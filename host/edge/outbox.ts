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
  type PushLogLevel,
  type ReceiverStats,
  type Transport,
  type TransportContext,
} from "../push/transport.js";

export interface OutboxOptions {
  readonly label: string;
  readonly bytesMax: number;
  readonly linesMax: number;
  readonly log: (level: PushLogLevel, text: string) => void;
  /**
   * A flush whose request was cancelled never ends: another sends after so many milliseconds.
   * @default 30_000
   */
  readonly turnMs?: number;
  /** Makes the transport over this buffer and these counters. */
  readonly open: (part: Pick<TransportContext, "buffer" | "stats" | "log">) => Transport;
}

const BACKOFF_MS = { min: 500, max: 30_000 };
const TURN_MS = 30_000;

/** Lines on their way to one receiver. */
export class Outbox {
  readonly label: string;
  readonly stats: ReceiverStats;
  readonly #buffer: LineBuffer;
  readonly #transport: Transport;
  readonly #options: OutboxOptions;
  #attempt = 0;
  #retryAtMs = 0;
  #turn = 0;
  #turnUntilMs = 0;
  #isFailing = false;
  #isOverflowing = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.label = options.label;
    this.#buffer = new LineBuffer(options);
    this.stats = createStats(this.#buffer);
    const log = (level: PushLogLevel, text: string) => this.#log(level, text);
    this.#transport = options.open({ buffer: this.#buffer, stats: this.stats, log });
  }

  /** Takes a report; what no longer fits leaves, oldest first. */
  enqueue(report: readonly Span[]): void {
    for (const span of report) {
      const lostCount = this.#buffer.append(span);
      this.stats.droppedLines += lostCount;
      if (lostCount > 0 && !this.#isOverflowing) {
        this.#isOverflowing = true;
        this.#log("warning", "buffer full, dropping oldest lines");
      }
    }
  }

  /**
   * Sends what is buffered, unless another request does so just now, or it is too early to try
   * again; whether nothing is left. Never rejects.
   */
  async send(): Promise<boolean> {
    const nowMs = performance.now();
    if (nowMs >= this.#retryAtMs && nowMs >= this.#turnUntilMs) {
      const turn = ++this.#turn;
      this.#turnUntilMs = nowMs + (this.#options.turnMs ?? TURN_MS);
      const failure = this.#transport.hasWork ? await this.#transport.send() : undefined;
      if (turn === this.#turn) this.#settle(failure);
    }
    return this.#buffer.lineCount === 0;
  }

  #settle(failure: Failure | undefined): void {
    this.#turnUntilMs = 0;
    if (failure === undefined) {
      if (this.#isFailing) this.#log("info", "delivers again");
      this.#isFailing = false;
      this.#isOverflowing = false;
      this.#attempt = 0;
      return;
    }
    this.stats.failures++;
    const upperMs = Math.min(BACKOFF_MS.max, BACKOFF_MS.min * 2 ** Math.min(this.#attempt++, 30));
    const delayMs = Math.max(failure.retryAfterMs ?? 0, Math.random() * upperMs);
    this.#retryAtMs = performance.now() + delayMs;
    if (!this.#isFailing) {
      this.#log("warning", `${failure.reason}; ${this.#buffer.lineCount} lines wait`);
    }
    this.#isFailing = true;
  }

  #log(level: PushLogLevel, text: string): void {
    this.#options.log(level, `push ${this.#options.label}: ${text}`);
  }
}
