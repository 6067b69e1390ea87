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
/**
 * What the systems between two programs may hold of a stream: a receiver that hangs looks alive for
 * as long. Linux has at most 4 MiB to send and 6 MiB received by default.
 */
const SYSTEM_BYTES_MAX = 16 * 1024 * 1024;

/** The end of what one push wrote, and when. */
interface Mark {
  readonly endLine: number;
  /** Bytes written on this connection by then. */
  readonly endByte: number;
  readonly writtenMs: number;
}

/** Lines that were let go as proven. */
interface Release {
  readonly endByte: number;
  readonly lineCount: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface StreamFailure extends Failure {
  readonly isOrderly: boolean;
}

/** The receiver closed the connection. */
class Ended extends Error {
  override readonly message = "closed by the receiver";
}

/** The receiver took nothing for too long. */
class Stalled extends Error {}

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
  private writtenBytes = 0;
  private marks: Mark[] = [];
  private releases: Release[] = [];
  private waiter: Waiter | undefined;
  private inFlight: PlacedSpan | undefined;
  private isSending = false;
  /** What ended the last connection. */
  private failure: StreamFailure | undefined;

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
      return this.drop(error);
    } finally {
      this.isSending = false;
    }
  }

  async finish(lingerMs: number): Promise<boolean> {
    const endMs = performance.now() + lingerMs;
    const { connection } = this;
    if (!connection) return true;
    this.isSending = true; // what happens to the connection now is no news
    connection.end();
    do {
      const leftMs = Math.max(0, endMs - performance.now());
      await this.wait(Math.min(FINISH_STEP_MS, leftMs), "").catch(() => {});
    } while (this.connection && connection.queuedBytes > 0 && performance.now() < endMs);
    this.isSending = false;
    return this.connection !== undefined || this.failure?.isOrderly === true;
  }

  destroy(): void {
    const { waiter } = this;
    this.drop(new Error("closed"));
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
      onEnd: ifCurrent(() => this.lost(new Ended())),
      onClose: (error) => ifCurrent(() => this.lost(error ?? new Ended()))(),
    };
  }

  private opened(): void {
    const { stats } = this.context;
    this.openedMs = performance.now();
    stats.connected = 1;
    if (this.openedCount++ > 0) stats.reconnects++;
    this.waiter?.resolve();
  }

  private lost(error: Error): void {
    const { waiter, isSending } = this;
    const failure = this.drop(error);
    if (waiter) waiter.reject(error);
    else if (!isSending) this.context.onLost(failure);
  }

  /** Gives the connection up: every line in the buffer is unsent again. */
  private drop(error: unknown): StreamFailure {
    if (!this.connection && this.failure) return this.failure;
    const { stats, intervalMs } = this.context;
    const hadWorked = stats.connected === 1 && performance.now() - this.openedMs >= intervalMs;
    if (isStall(error)) this.recountReleases();
    this.generation++;
    this.connection?.destroy();
    this.connection = undefined;
    stats.connected = 0;
    this.position = 0;
    this.writtenBytes = 0;
    this.marks = [];
    this.releases = [];
    this.dropInFlight();
    this.failure = { reason: reasonOf(error), hadWorked, isOrderly: error instanceof Ended };
    return this.failure;
  }

  /** A receiver that stopped reading may not have read what the systems still held. */
  private recountReleases(): void {
    this.pruneReleases();
    for (const { lineCount } of this.releases) this.context.stats.unconfirmedLines += lineCount;
  }

  private pruneReleases(): void {
    const heldFrom = this.writtenBytes - SYSTEM_BYTES_MAX;
    this.releases = this.releases.filter(({ endByte }) => endByte > heldFrom);
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
    const lineCount = buffer.releaseBefore(proven.endLine);
    this.releases.push({ endByte: proven.endByte, lineCount });
    this.marks.splice(0, later);
    this.pruneReleases();
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
    const { position, writtenBytes } = this;
    this.marks.push({ endLine: position, endByte: writtenBytes, writtenMs: performance.now() });
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
    this.writtenBytes += span.bytes.length;
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
      const timer = setTimeout(() => settle(() => reject(new Stalled(tooLate))), timeoutMs);
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

function isStall(error: unknown): boolean {
  return error instanceof Stalled || (error as { code?: string }).code === "ETIMEDOUT";
}
