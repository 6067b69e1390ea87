/**
 * Delivery over a byte stream, TCP or Unix. A stream acknowledges nothing to the application, so
 * lines stay in the buffer until the connection that carried them has outlived a later push by an
 * interval; when it breaks before, they are sent again whole (PROTOCOLS §1).
 */
import type { Address } from "../address.js";
import type { Connection, ConnectionHandlers } from "../platform.js";
import type { PlacedSpan } from "./buffer.js";
import { type Failure, reasonOf, type Transport, type TransportContext } from "./transport.js";

/** Part of the interval that counts as one: timers fire early by a little. */
const INTERVAL_SHARE = 0.9;
/** How long to wait for the receiver's own close once everything is handed over. */
const FINISH_STEP_MS = 250;

/** The end of what one push wrote, and when. */
interface Mark {
  readonly endLine: number;
  readonly writtenMs: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Sends lines over one connection at a time, which it makes when there is none. */
export class StreamTransport implements Transport {
  private connection: Connection | undefined;
  /** Counts connections, so that events of one that was given up are not taken for the next's. */
  private generation = 0;
  private openedMs = 0;
  private openedCount = 0;
  private position = 0;
  /** One past the furthest line that any connection carried. */
  private furthest = 0;
  private marks: Mark[] = [];
  private waiter: Waiter | undefined;
  private inFlight: PlacedSpan | undefined;
  private isSending = false;
  /** What ended the last connection. */
  private failure: Failure | undefined;

  constructor(
    private readonly context: TransportContext,
    private readonly address: Address,
  ) {}

  get hasWork(): boolean {
    return this.context.buffer.findFrom(this.position) !== undefined;
  }

  get writtenLine(): number {
    return this.position;
  }

  async send(): Promise<Failure | undefined> {
    this.isSending = true;
    try {
      if (!this.connection) await this.open();
      this.releaseProven();
      await this.writeAll();
      return undefined;
    } catch (error) {
      return this.drop(reasonOf(error));
    } finally {
      this.isSending = false;
    }
  }

  async finish(lingerMs: number): Promise<void> {
    const endMs = performance.now() + lingerMs;
    const { connection } = this;
    if (!connection) return;
    this.isSending = true; // what happens to the connection now is no news
    connection.end();
    do {
      const leftMs = Math.max(0, endMs - performance.now());
      await this.wait(Math.min(FINISH_STEP_MS, leftMs), "").catch(() => {});
    } while (this.connection && connection.queuedBytes > 0 && performance.now() < endMs);
  }

  destroy(): void {
    const { waiter } = this;
    this.drop("closed");
    waiter?.reject(new Error("closed"));
  }

  private open(): Promise<void> {
    const { platform, limits, unref } = this.context;
    const { connectTimeoutMs } = limits;
    this.failure = undefined;
    const standing = this.wait(connectTimeoutMs, `no connection within ${connectTimeoutMs} ms`);
    // A platform may fail at once, before the wait is awaited below.
    standing.catch(() => {});
    this.connection = platform.connect?.(this.address, this.handlers(++this.generation));
    if (unref) this.connection?.unref();
    return standing;
  }

  private handlers(generation: number): ConnectionHandlers {
    const ifCurrent = (act: () => void) => () => {
      if (generation === this.generation) act();
    };
    return {
      onOpen: ifCurrent(() => this.opened()),
      onDrain: ifCurrent(() => this.waiter?.resolve()),
      onEnd: ifCurrent(() => this.lost("closed by the receiver")),
      onClose: (error) => ifCurrent(() => this.lost(error ? reasonOf(error) : "closed"))(),
    };
  }

  private opened(): void {
    const { stats } = this.context;
    this.openedMs = performance.now();
    stats.connected = 1;
    if (this.openedCount++ > 0) stats.reconnects++;
    this.waiter?.resolve();
  }

  private lost(reason: string): void {
    const { waiter, isSending } = this;
    const failure = this.drop(reason);
    if (waiter) waiter.reject(new Error(reason));
    else if (!isSending) this.context.onLost(failure);
  }

  /** Gives the connection up: every line in the buffer is unsent again. */
  private drop(reason: string): Failure {
    if (!this.connection && this.failure) return this.failure;
    const { stats, intervalMs } = this.context;
    const hadWorked = stats.connected === 1 && performance.now() - this.openedMs >= intervalMs;
    this.generation++;
    this.connection?.destroy();
    this.connection = undefined;
    stats.connected = 0;
    this.position = 0;
    this.marks = [];
    this.dropInFlight();
    this.failure = { reason, hadWorked };
    return this.failure;
  }

  /** With best effort a line that may have arrived in part is not tried again. */
  private dropInFlight(): void {
    const { bestEffort, buffer, stats } = this.context;
    if (bestEffort && this.inFlight) {
      stats.droppedLines += buffer.releaseBefore(this.inFlight.endLine);
    }
    this.inFlight = undefined;
  }

  /** Lets lines go after which a later push was written and survived an interval. */
  private releaseProven(): void {
    const { buffer, intervalMs } = this.context;
    if (!this.connection || this.connection.queuedBytes > 0) return;
    const oldEnoughMs = performance.now() - intervalMs * INTERVAL_SHARE;
    const later = this.marks.findLastIndex((mark) => mark.writtenMs <= oldEnoughMs);
    const proven = this.marks[later - 1];
    if (!proven) return;
    buffer.releaseBefore(proven.endLine);
    this.marks.splice(0, later);
  }

  private async writeAll(): Promise<void> {
    const { buffer, bestEffort } = this.context;
    const before = this.position;
    let span = buffer.findFrom(this.position);
    while (span) {
      await this.writeSpan(span);
      span = buffer.findFrom(this.position);
    }
    if (this.position === before || bestEffort) return;
    this.marks.push({ endLine: this.position, writtenMs: performance.now() });
  }

  private async writeSpan(span: PlacedSpan): Promise<void> {
    const { buffer, bestEffort, limits } = this.context;
    if (!this.connection) throw new Error(this.failure?.reason);
    this.inFlight = span;
    if (!this.connection.write(span.bytes)) {
      await this.wait(limits.writeTimeoutMs, `took no bytes for ${limits.writeTimeoutMs} ms`);
    }
    this.inFlight = undefined;
    this.position = span.endLine;
    this.countWritten(span);
    if (bestEffort) buffer.releaseBefore(span.endLine);
  }

  private countWritten(span: PlacedSpan): void {
    const { stats } = this.context;
    const freshLines = Math.max(0, span.endLine - Math.max(span.firstLine, this.furthest));
    stats.sentLines += freshLines;
    stats.resentLines += span.lineCount - freshLines;
    stats.sentBytes += span.bytes.length;
    this.furthest = Math.max(this.furthest, span.endLine);
  }

  /** Resolves at the next open or drain; rejects when the connection breaks, or too late. */
  private wait(timeoutMs: number, tooLate: string): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error(tooLate))), timeoutMs);
      if (this.context.unref) (timer as { unref?: () => void }).unref?.();
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.waiter = undefined;
        act();
      };
      this.waiter = {
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
    });
  }
}
