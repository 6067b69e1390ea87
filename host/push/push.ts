/**
 * The push: gathers once an interval, copies what the core encoded once, and hands it to every
 * receiver (PROTOCOLS §1). The first push is at once; the period is join(push, interval), and each
 * receiver has its own buffer and fate, so that a slow one delays no other.
 */
import { MonitorError } from "../errors.js";
import type { Platform } from "../platform.js";
import { checkPositive } from "./bound.js";
import { Delivery } from "./delivery.js";
import { numberTwins } from "./http-url.js";
import { parseReceiver, type Receiver } from "./receiver-url.js";
import { copyReport, type Span } from "./report.js";
import { type PushLogLevel, type ReceiverStats, reasonOf } from "./transport.js";

export interface ReceiverOptions {
  /** `tcp://h:p`, `udp://h:p`, `unix:PATH`, `http(s)://…/write?db=…`, `…/api/v2/write?…`, `-`. */
  readonly url: string;
  /** Sent to HTTP receivers as `Authorization: Token …`; one in the URL wins. */
  readonly token?: string | undefined;
}

export interface PushOptions {
  readonly receivers: readonly ReceiverOptions[];
  /** Encodes every active series as whole lines; the view is copied before anything else runs. */
  readonly encode: () => Uint8Array;
  readonly platform: Platform;
  /** Time between two pushes, in milliseconds. @default 10_000 */
  readonly intervalMs?: number | undefined;
  /** `none`: lines carry no time, so TCP is best effort. @default "ns" */
  readonly timestamps?: "ns" | "none" | undefined;
  /** One line a change of state. @default silence */
  readonly log?: ((level: PushLogLevel, text: string) => void) | undefined;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Lets the process exit while a push is waited for. @default false */
  readonly unref?: boolean | undefined;
  /** Bytes that wait for one receiver at most. @default 64 MiB */
  readonly bufferBytesMax?: number | undefined;
  /** Lines that wait for one receiver at most. @default 500_000 */
  readonly bufferLinesMax?: number | undefined;
  /** Time for a connection to stand, in milliseconds. @default 5_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Time without progress until a write is given up, in milliseconds. @default 10_000 */
  readonly writeTimeoutMs?: number | undefined;
  /** Upper end of the first retry's delay, in milliseconds; it doubles. @default 500 */
  readonly backoffMinMs?: number | undefined;
  /** Upper end of any retry's delay, in milliseconds. @default 30_000 */
  readonly backoffMaxMs?: number | undefined;
}

/** The running push of one monitor. */
export interface Push {
  /** Where lines go, without secrets, in the order of `receivers`. */
  readonly labels: readonly string[];
  /** One for each receiver, in order. */
  readonly stats: readonly ReceiverStats[];
  /** Pushes at once, and again every interval. */
  start(): void;
  /** Gathers once now; resolves when every receiver has it, or has it buffered. */
  push(): Promise<void>;
  /** Pushes a last time, at most `deadlineMs` (default 2,000), then frees everything. */
  close(deadlineMs?: number): Promise<void>;
}

export const INTERVAL_MS = 10_000;
export const CLOSE_DEADLINE_MS = 2_000;
/** Three reports of 100,000 series fit: so many wait for proof while all is well. */
const BUFFER_BYTES_MAX = 64 * 1024 * 1024;
const BUFFER_LINES_MAX = 500_000;
const CONNECT_TIMEOUT_MS = 5_000;
const WRITE_TIMEOUT_MS = 10_000;
const BACKOFF_MS = { min: 500, max: 30_000 };

/** Prepares a push, opening nothing; throws `ADDRESS_INVALID` or `OPTION_INVALID`. */
export function createPush(options: PushOptions): Push {
  return new Pusher(options);
}

class Pusher implements Push {
  readonly labels: readonly string[];
  readonly stats: readonly ReceiverStats[];
  private readonly deliveries: readonly Delivery[];
  private readonly intervalMs: number;
  private hasStarted = false;
  private closing: Promise<void> | undefined;
  private isEncodeFailing = false;
  private endPause: (() => void) | undefined;

  constructor(private readonly options: PushOptions) {
    this.intervalMs = checkPositive("intervalMs", options.intervalMs ?? INTERVAL_MS);
    const receivers = numberTwins(
      options.receivers.map((to) => parseReceiver(to?.url, { token: to?.token })),
    );
    this.labels = receivers.map(({ label }) => label);
    this.deliveries = receivers.map((receiver) => createDelivery(receiver, options));
    this.stats = this.deliveries.map(({ stats }) => stats);
  }

  start(): void {
    if (this.hasStarted || this.closing || this.deliveries.length === 0) return;
    this.hasStarted = true;
    for (const delivery of this.deliveries) delivery.announce();
    void this.loop();
  }

  async push(): Promise<void> {
    if (this.closing) throw new MonitorError("CLOSED", "the push is closed; push before close()");
    await Promise.all(this.pushNow());
  }

  close(deadlineMs: number = CLOSE_DEADLINE_MS): Promise<void> {
    this.closing ??= this.shut(deadlineMs);
    return this.closing;
  }

  private async loop(): Promise<void> {
    while (!this.closing) {
      const deliveries = this.pushNow();
      await this.pause();
      // A slow push never starts a second one, but does not hold back another receiver's.
      await Promise.race(deliveries);
    }
  }

  private pushNow(): Promise<void>[] {
    this.gather();
    return this.deliveries.map((delivery) => delivery.deliver());
  }

  private gather(): void {
    const report = this.encode();
    for (const delivery of this.deliveries) delivery.enqueue(report);
  }

  /** A monitor that cannot encode goes on: it may next time. */
  private encode(): readonly Span[] {
    try {
      const report = copyReport(this.options.encode());
      this.isEncodeFailing = false;
      return report;
    } catch (error) {
      for (const delivery of this.deliveries) delivery.countFailure();
      if (!this.isEncodeFailing) {
        this.options.log?.("error", `push: nothing gathered: ${reasonOf(error)}`);
      }
      this.isEncodeFailing = true;
      return [];
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.intervalMs);
      if (this.options.unref) (timer as { unref?: () => void }).unref?.();
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async shut(deadlineMs: number): Promise<void> {
    this.endPause?.();
    this.gather();
    await Promise.all(this.deliveries.map((delivery) => delivery.close(deadlineMs)));
  }
}

function createDelivery(receiver: Receiver, options: PushOptions): Delivery {
  return new Delivery({
    receiver,
    platform: options.platform,
    intervalMs: options.intervalMs ?? INTERVAL_MS,
    hasTimestamps: options.timestamps !== "none",
    bufferLimits: {
      bytesMax: checkPositive("bufferBytesMax", options.bufferBytesMax ?? BUFFER_BYTES_MAX),
      linesMax: checkPositive("bufferLinesMax", options.bufferLinesMax ?? BUFFER_LINES_MAX),
    },
    limits: {
      connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      writeTimeoutMs: options.writeTimeoutMs ?? WRITE_TIMEOUT_MS,
    },
    backoffMs: {
      min: options.backoffMinMs ?? BACKOFF_MS.min,
      max: options.backoffMaxMs ?? BACKOFF_MS.max,
    },
    random: options.random ?? Math.random,
    unref: options.unref ?? false,
    log: options.log ?? (() => {}),
  });
}
