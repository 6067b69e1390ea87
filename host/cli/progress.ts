/**
 * How a recording goes, on standard error: a line that is written over on a terminal, a line a
 * second elsewhere.
 */
import { isatty } from "node:tty";
import { put } from "./stderr.js";

const STDERR = 2;
const TERMINAL_MS = 200;
const LOG_MS = 1000;

/** What there is to show. */
export interface ProgressCounts {
  readonly byteCount: number;
  readonly eventCount: number;
  /** Undefined while nobody says. */
  readonly droppedCount: number | undefined;
}

export class Progress {
  readonly #isTerminal = isatty(STDERR);
  #timer: NodeJS.Timeout | undefined;
  #openedMs = 0;
  #lastMs = 0;
  #lastEventCount = 0;

  constructor(private readonly counts: () => ProgressCounts) {}

  open(): void {
    this.#openedMs = performance.now();
    this.#lastMs = this.#openedMs;
    this.#timer = setInterval(() => this.#show(), this.#isTerminal ? TERMINAL_MS : LOG_MS);
  }

  /** Shows what it came to, if there is anything. */
  close(isSomething: boolean): void {
    clearInterval(this.#timer);
    if (!isSomething) return;
    this.#lastMs = this.#openedMs;
    this.#lastEventCount = 0;
    this.#show();
    if (this.#isTerminal) put(STDERR, "\n");
  }

  /** The rate is that since the last line, and in the end that of all. */
  #show(): void {
    const counts = this.counts();
    const nowMs = performance.now();
    const rate = ((counts.eventCount - this.#lastEventCount) * 1000) / (nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#lastEventCount = counts.eventCount;
    const line = `wmon: ${describe(counts, rate)}`;
    put(STDERR, this.#isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
  }
}

function describe({ byteCount, eventCount, droppedCount }: ProgressCounts, rate: number): string {
  const dropped =
    droppedCount === undefined ? "drops unknown (no metrics)" : `${droppedCount} dropped`;
  return `${byteCount} bytes, ${eventCount} events, ${rate.toFixed(0)} events/s, ${dropped}`;
}
