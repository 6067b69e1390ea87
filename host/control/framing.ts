/**
 * Cuts what a control connection delivers into commands (PROTOCOLS §2). Pure: bytes and time go
 * in, frames come out; it owns no socket and no timer. What a command means is the core's business.
 */
import { INPUT_BYTES_MAX } from "../../assembly/abi.js";

/** Bytes of one command, its line end excluded. */
export const COMMAND_BYTES_MAX = INPUT_BYTES_MAX;

/** Quiet time after which bytes without a newline are a command, in milliseconds. */
export const QUIET_MS = 100;

/** One command, or the news that one is too long. */
export interface Frame {
  /** The command without its line end; empty when `isOversized`. Valid until the next `push`. */
  readonly bytes: Uint8Array;
  /** It ended in a newline: the reply takes one too, and the connection stays open. */
  readonly isLine: boolean;
  /** Over `COMMAND_BYTES_MAX`: to be refused, and the connection closed. */
  readonly isOversized: boolean;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = new Uint8Array(0);

/** The bytes of one connection that are not yet answered. */
export class Framing {
  #pending = NOTHING;
  #begin = 0;
  #until = 0;
  /** Bytes before this index hold no newline. */
  #scanned = 0;
  #quietAtMs = Number.POSITIVE_INFINITY;
  #ended = false;
  #finished = false;

  /** `strict` is the original's framing: one read is one command. */
  constructor(private readonly strict: boolean) {}

  /** When `next` must be asked again if nothing arrives, in milliseconds; infinite for never. */
  get deadlineMs(): number {
    return this.#quietAtMs;
  }

  /** No command will follow: the last one was answered without a newline, or the peer ended. */
  get isFinished(): boolean {
    return this.#finished;
  }

  /** Bytes taken and not yet answered. */
  get pendingBytes(): number {
    return this.#until - this.#begin;
  }

  /** Takes what one read delivered. Whoever calls stops reading while frames are left. */
  push(chunk: Uint8Array, nowMs: number): void {
    if (this.#finished || this.#ended || chunk.length === 0) return;
    if (this.strict && this.pendingBytes > 0) return;
    this.#reserve(chunk.length);
    this.#pending.set(chunk, this.#until);
    this.#until += chunk.length;
    this.#quietAtMs = this.strict ? nowMs : nowMs + QUIET_MS;
  }

  /** Reading was stopped until now: the quiet time of what is pending begins anew. */
  restartQuiet(nowMs: number): void {
    if (!this.strict && this.pendingBytes > 0) this.#quietAtMs = nowMs + QUIET_MS;
  }

  /** The peer has half-closed: what is pending is its last command. */
  end(): void {
    this.#ended = true;
  }

  /** The next command that is complete at `nowMs`. */
  next(nowMs: number): Frame | undefined {
    if (this.#finished) return undefined;
    const frame = (this.strict ? undefined : this.#nextLine()) ?? this.#nextChunk(nowMs);
    if (this.pendingBytes === 0) this.#reset();
    return frame;
  }

  #nextLine(): Frame | undefined {
    const found = this.#pending.subarray(0, this.#until).indexOf(LINE_FEED, this.#scanned);
    if (found < 0) {
      this.#scanned = this.#until;
      // One byte more than a command may be a carriage return that the newline has yet to follow.
      return this.pendingBytes > COMMAND_BYTES_MAX + 1 ? this.#oversized() : undefined;
    }
    const hasReturn = found > this.#begin && this.#pending[found - 1] === CARRIAGE_RETURN;
    const bytes = this.#pending.subarray(this.#begin, hasReturn ? found - 1 : found);
    if (bytes.length > COMMAND_BYTES_MAX) return this.#oversized();
    this.#begin = found + 1;
    this.#scanned = this.#begin;
    return { bytes, isLine: true, isOversized: false };
  }

  #nextChunk(nowMs: number): Frame | undefined {
    if (!this.#ended && nowMs < this.#quietAtMs) return undefined;
    this.#finished = this.#ended || this.pendingBytes > 0;
    if (this.pendingBytes === 0) return undefined;
    if (this.pendingBytes > COMMAND_BYTES_MAX) return this.#oversized();
    const bytes = this.#pending.subarray(this.#begin, this.#until);
    this.#begin = this.#until;
    return { bytes, isLine: false, isOversized: false };
  }

  #oversized(): Frame {
    this.#finished = true;
    this.#begin = this.#until;
    return { bytes: NOTHING, isLine: false, isOversized: true };
  }

  /** Everything is answered: frames handed out keep the old buffer if it was large. */
  #reset(): void {
    if (this.#pending.length > COMMAND_BYTES_MAX) this.#pending = NOTHING;
    this.#begin = 0;
    this.#until = 0;
    this.#scanned = 0;
    this.#quietAtMs = Number.POSITIVE_INFINITY;
  }

  #reserve(byteCount: number): void {
    if (this.#until + byteCount <= this.#pending.length) return;
    const needed = this.pendingBytes + byteCount;
    const grown = new Uint8Array(Math.max(256, 2 * needed));
    grown.set(this.#pending.subarray(this.#begin, this.#until));
    this.#scanned -= this.#begin;
    this.#until -= this.#begin;
    this.#begin = 0;
    this.#pending = grown;
  }
}
