/**
 * What the ways to a receiver have in common: what they are given, what they answer, what they
 * count. A transport takes lines from the buffer and lets go of those that need no second try; when
 * to try again is the delivery's decision.
 */
import type { Platform } from "../platform.js";
import type { Part } from "../self.js";
import type { LineBuffer } from "./buffer.js";

export type PushLogLevel = "error" | "warning" | "info" | "debug";

/** The counters of one receiver, all since the start. */
export interface ReceiverStats {
  /** Lines handed over for the first time: to the system (TCP, UDP, stdout), confirmed (HTTP). */
  sentLines: number;
  /** Bytes of line protocol handed over, repeats included. */
  sentBytes: number;
  /** Lines that wait to be sent or to be proven. */
  readonly bufferedLines: number;
  readonly bufferedBytes: number;
  /** Lines lost before they were sent: the buffer was full, or the monitor closed. */
  droppedLines: number;
  /** Lines sent again after a connection broke. */
  resentLines: number;
  /** Lines sent, and let go without proof that they arrived. */
  unconfirmedLines: number;
  /** Lines that the receiver refused for good. */
  rejectedLines: number;
  /** Connections made after the first one. */
  reconnects: number;
  /** Attempts that failed and connections that broke. */
  failures: number;
  /** Lines too long for a datagram. */
  oversizedLines: number;
  /** 1 while the receiver is believed to take lines. */
  connected: number;
}

/** Counters at zero, in the order in which they are shown; what waits is read from `buffer`. */
export function createStats(buffer: LineBuffer): ReceiverStats {
  return {
    sentLines: 0,
    sentBytes: 0,
    get bufferedLines() {
      return buffer.lineCount;
    },
    get bufferedBytes() {
      return buffer.byteCount;
    },
    droppedLines: 0,
    resentLines: 0,
    unconfirmedLines: 0,
    rejectedLines: 0,
    oversizedLines: 0,
    reconnects: 0,
    failures: 0,
    connected: 0,
  };
}

/** A receiver's counters as a source shows them. */
export function receiverPart(label: string, stats: ReceiverStats): Part {
  return {
    name: "monitor_push",
    help: "Delivery of pushed lines, by receiver",
    tag: { key: "receiver", value: label },
    gauges: ["bufferedLines", "bufferedBytes", "connected"],
    read: () => ({ ...stats }),
  };
}

export interface PushLimits {
  /** Time for a connection to stand, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Time without progress until a write or request is given up, in milliseconds. */
  readonly writeTimeoutMs: number;
}

/** Why lines could not be sent. */
export interface Failure {
  readonly reason: string;
  /** What the receiver asked for. */
  readonly retryAfterMs?: number | undefined;
  /** The connection had worked for a while: the next attempt is a first one. */
  readonly hadWorked?: boolean;
}

export interface TransportContext {
  readonly platform: Platform;
  readonly buffer: LineBuffer;
  readonly stats: ReceiverStats;
  readonly limits: PushLimits;
  readonly intervalMs: number;
  readonly unref: boolean;
  /** Lines without timestamps cannot be sent twice: each gets one try. */
  readonly bestEffort: boolean;
  readonly log: (level: PushLogLevel, text: string) => void;
  /** Tells of a connection that broke while nothing was being sent. */
  readonly onLost: (failure: Failure) => void;
}

export interface Transport {
  /** Sends what the buffer holds. Never rejects; never called again before it has resolved. */
  send(): Promise<Failure | undefined>;
  /** Whether the buffer holds lines that are not on their way. */
  readonly hasWork: boolean;
  /** Lines before this one are written on the present connection, but not proven. */
  readonly writtenLine: number;
  /**
   * Ends an idle connection politely, within `lingerMs`. False when it broke instead, so that what
   * was written should be sent again.
   */
  finish(lingerMs: number): Promise<boolean>;
  /** Frees everything at once; a `send` under way fails. */
  destroy(): void;
}

/**
 * The text of whatever was thrown. Some system errors have a code only; a `fetch` that failed tells
 * why in its cause, whose text may hold the URL's secrets: of it the code alone is shown.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, name, code } = error as Error & { code?: string };
  const cause = (error.cause as { code?: unknown } | undefined)?.code;
  return `${message || code || name}${typeof cause === "string" ? `: ${cause}` : ""}`;
}
