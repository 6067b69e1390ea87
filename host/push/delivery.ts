/**
 * One receiver's fate: its buffer, its transport, and when to try again. A receiver that is down is
 * tried with exponential back-off and full jitter (after "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015). The log gets one line a change of state, the counters everything.
 */
import { MonitorError } from "../errors.js";
import type { Platform } from "../platform.js";
import { type BufferLimits, LineBuffer } from "./buffer.js";
import { DatagramTransport } from "./datagram.js";
import { openHttp } from "./http.js";
import type { Receiver } from "./receiver-url.js";
import type { Span } from "./report.js";
import { StdoutTransport } from "./stdout.js";
import { StreamTransport } from "./stream.js";
import {
  createStats,
  type Failure,
  type PushLimits,
  type PushLogLevel,
  type ReceiverStats,
  type Transport,
  type TransportContext,
} from "./transport.js";

/** How often `close` sends what a connection carried that broke while it was closed. */
const CLOSE_ROUNDS_MAX = 3;

export interface DeliveryOptions {
  readonly receiver: Receiver;
  readonly platform: Platform;
  readonly intervalMs: number;
  readonly hasTimestamps: boolean;
  readonly bufferLimits: BufferLimits;
  readonly limits: PushLimits;
  /** Bounds of the back-off's upper end, in milliseconds. */
  readonly backoffMs: { readonly min: number; readonly max: number };
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly unref: boolean;
  readonly log: (level: PushLogLevel, text: string) => void;
}

/** Brings reports to one receiver. */
export class Delivery {
  readonly stats: ReceiverStats;
  private readonly buffer: LineBuffer;
  private readonly transport: Transport;
  private running: Promise<void> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private isFailing = false;
  private isOverflowing = false;
  private state: "open" | "closing" | "closed" = "open";

  constructor(private readonly options: DeliveryOptions) {
    this.buffer = new LineBuffer(options.bufferLimits);
    this.stats = createStats(this.buffer);
    this.transport = this.createTransport();
  }

  /** Says once what this receiver cannot promise. */
  announce(): void {
    if (this.options.receiver.kind === "datagram") {
      this.log("info", "best effort: UDP acknowledges nothing, lines are sent once");
    } else if (this.isBestEffort) {
      this.log("info", "best effort: without timestamps lines are sent once");
    }
  }

  /** Takes a report; what no longer fits leaves, oldest first. */
  enqueue(report: readonly Span[]): void {
    for (const span of report) {
      const { firstLine } = this.buffer;
      const lostCount = this.buffer.append(span);
      if (lostCount > 0) this.countOverflow(firstLine, lostCount);
    }
  }

  /** Sends what is buffered, unless that is under way or a retry is waited for. Never rejects. */
  deliver(): Promise<void> {
    if (this.retryTimer !== undefined || this.state === "closed") return Promise.resolve();
    this.running ??= this.run();
    return this.running;
  }

  /** Counts an attempt that failed before there was anything to send. */
  countFailure(): void {
    this.stats.failures++;
  }

  /** Sends what is left, within `deadlineMs`, then frees everything; counts what did not go. */
  async close(deadlineMs: number): Promise<void> {
    this.state = "closing";
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    const endMs = performance.now() + deadlineMs;
    let writtenLine = 0;
    let isFinished = false;
    for (let round = 0; round < CLOSE_ROUNDS_MAX && !isFinished; round++) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) break;
      isFinished = true;
      const lastSend = this.sendRest().then(async () => {
        writtenLine = this.transport.writtenLine;
        isFinished = await this.transport.finish(endMs - performance.now());
      });
      await within(leftMs, lastSend);
    }
    writtenLine = Math.max(writtenLine, this.transport.writtenLine);
    this.state = "closed";
    this.transport.destroy();
    this.letGo(writtenLine);
  }

  private async sendRest(): Promise<void> {
    await this.running;
    if (this.state === "closing" && this.transport.hasWork) await this.deliver();
  }

  private async run(): Promise<void> {
    let failure: Failure | undefined;
    do {
      failure = await this.transport.send();
    } while (!failure && this.transport.hasWork && this.state !== "closed");
    this.running = undefined;
    if (failure) this.failed(failure);
    else this.succeeded();
  }

  private failed({ reason, retryAfterMs, hadWorked }: Failure): void {
    if (this.state === "closed") return;
    this.stats.failures++;
    if (!this.isFailing) {
      this.log("warning", `${reason}; ${this.buffer.lineCount} lines wait, retrying`);
    }
    this.isFailing = true;
    if (hadWorked) this.attempt = 0;
    if (this.state === "open") this.scheduleRetry(retryAfterMs ?? 0);
  }

  private scheduleRetry(leastMs: number): void {
    const { backoffMs, random, unref } = this.options;
    // 2^30 times any minimum is past the maximum, and still a number.
    const upperMs = Math.min(backoffMs.max, backoffMs.min * 2 ** Math.min(this.attempt++, 30));
    const delayMs = Math.max(leastMs, random() * upperMs);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      void this.deliver();
    }, delayMs);
    if (unref) (this.retryTimer as { unref?: () => void }).unref?.();
  }

  private succeeded(): void {
    if (this.isFailing) this.log("info", "delivers again");
    this.isFailing = false;
    if (this.isRoomy) this.isOverflowing = false;
    // A receiver that takes connections only to drop them is not well: its back-off goes on.
    if (this.options.receiver.kind !== "stream") this.attempt = 0;
  }

  /** Whether the buffer is less than half full, in both measures. */
  private get isRoomy(): boolean {
    const { bytesMax, linesMax } = this.options.bufferLimits;
    return this.buffer.byteCount * 2 < bytesMax && this.buffer.lineCount * 2 < linesMax;
  }

  private countOverflow(firstLine: number, lineCount: number): void {
    const droppedCount = this.countLost(firstLine, lineCount, this.transport.writtenLine);
    if (this.isOverflowing) return;
    this.isOverflowing = true;
    const what = droppedCount > 0 ? "dropping oldest lines" : "letting sent lines go unproven";
    this.log("warning", `buffer full, ${what}`);
  }

  private letGo(writtenLine: number): void {
    const { firstLine, endLine } = this.buffer;
    const lineCount = this.buffer.releaseBefore(endLine);
    const droppedCount = this.countLost(firstLine, lineCount, writtenLine);
    if (droppedCount > 0) this.log("warning", `closed with ${droppedCount} lines undelivered`);
  }

  /** Lines that leave early were sent at least, or they are dropped; returns the latter. */
  private countLost(firstLine: number, lineCount: number, writtenLine: number): number {
    const sentCount = Math.max(0, Math.min(lineCount, writtenLine - firstLine));
    this.stats.unconfirmedLines += sentCount;
    this.stats.droppedLines += lineCount - sentCount;
    return lineCount - sentCount;
  }

  private log(level: PushLogLevel, text: string): void {
    this.options.log(level, `push ${this.options.receiver.label}: ${text}`);
  }

  private createTransport(): Transport {
    const { receiver, platform, limits, intervalMs, unref } = this.options;
    if (!canReach(receiver, platform)) {
      throw new MonitorError("OPTION_INVALID", incapable(receiver));
    }
    const context: TransportContext = {
      platform,
      limits,
      intervalMs,
      unref,
      buffer: this.buffer,
      stats: this.stats,
      bestEffort: this.isBestEffort,
      log: (level, text) => this.log(level, text),
      onLost: (failure) => this.failed(failure),
    };
    return openTransport(receiver, context);
  }

  private get isBestEffort(): boolean {
    return this.options.receiver.kind === "stream" && !this.options.hasTimestamps;
  }
}

function openTransport(receiver: Receiver, context: TransportContext): Transport {
  switch (receiver.kind) {
    case "stream":
      return new StreamTransport(context, receiver.address);
    case "datagram":
      return new DatagramTransport(context, receiver.address);
    case "http":
      return openHttp(context, receiver);
    case "stdout":
      return new StdoutTransport(context);
  }
}

function canReach({ kind }: Receiver, platform: Platform): boolean {
  switch (kind) {
    case "stream":
      return platform.connect !== undefined;
    case "datagram":
      return platform.openDatagram !== undefined;
    case "http":
      return platform.post !== undefined;
    case "stdout":
      return platform.writeStdout !== undefined;
  }
}

function incapable({ label }: Receiver): string {
  return `push ${label}: this runtime has no such connections; push over HTTP instead`;
}

/** Resolves with `work`, or when time is up. Keeps the process alive meanwhile. */
async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, timeoutMs));
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
