/**
 * One control connection: token, pacing, replies and the orderly close around `Framing`.
 * Everything is bounded: reading stops while replies wait, a turn is short, time runs out.
 */
import { Level } from "../../assembly/abi.js";
import { escapeControl } from "../logs/escape.js";
import type { Connection, ConnectionHandlers } from "../platform.js";
import { auditText } from "./audit.js";
import { COMMAND_BYTES_MAX, type Frame, Framing } from "./framing.js";
import { isSecret } from "./token.js";

/** What a command did; `reply` belongs to the receiver. */
export interface CommandResult {
  readonly reply: Uint8Array;
  readonly failed: boolean;
  readonly changed: boolean;
  readonly unknownIgnored: boolean;
}

/** Counters of a control server. */
export interface ControlStats {
  /** Connections open now. */
  open: number;
  /** Connections taken. */
  accepted: number;
  /** Connections over the limit, refused with an `error:` line. */
  refused: number;
  /** Commands executed, those that failed included. */
  commands: number;
  /** Commands answered with an error. */
  failed: number;
  /** Commands that changed something. */
  changed: number;
  /** Connections closed for a missing or wrong token. */
  unauthorized: number;
  /** Connections closed for a command over the limit. */
  oversized: number;
  /** Connections closed because no command came in time. */
  idle: number;
  /** Connections closed because they did not read their replies in time. */
  stalled: number;
  /** Connections closed because a web browser or another HTTP client opened them. */
  http: number;
}

/** What the sessions of one server share. */
export interface SessionHost {
  readonly strict: boolean;
  readonly secret: Uint8Array | undefined;
  readonly idleMs: number;
  readonly stats: ControlStats;
  execute(command: Uint8Array): CommandResult;
  log(level: Level, text: string): void;
  closed(session: Session): void;
}

/** The first command must come within this time, in milliseconds, or the idle time if shorter. */
const FIRST_COMMAND_MS = 60_000;
/** Longest time one connection keeps others waiting, in milliseconds. */
const TURN_MS = 5;
/** After the last reply the peer has this long to close, in milliseconds; see `#finish`. */
const LINGER_MS = 2_000;
/** A web page can make a browser send lines to this port, but never without such a first line. */
const HTTP_REQUEST = /^[A-Z]+ \S* ?HTTP\/\d/;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

export class Session implements ConnectionHandlers {
  readonly #framing: Framing;
  readonly #connection: Connection;
  readonly #host: SessionHost;
  #timer: NodeJS.Timeout | undefined;
  #idleAtMs: number;
  #isTrusted: boolean;
  #isFirst = true;
  #isBlocked = false;
  #isPaused = false;
  #isSettled = false;
  #isClosing = false;

  constructor(connection: Connection, host: SessionHost) {
    this.#connection = connection;
    this.#host = host;
    this.#framing = new Framing(host.strict);
    this.#isTrusted = host.secret === undefined;
    this.#idleAtMs = performance.now() + Math.min(host.idleMs, FIRST_COMMAND_MS);
    this.#arm(this.#idleAtMs);
  }

  onData(chunk: Uint8Array): void {
    if (this.#isClosing) return;
    this.#isSettled = false;
    this.#framing.push(chunk, performance.now());
    this.#work();
  }

  onEnd(): void {
    this.#framing.end();
    this.#work();
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.#idleAtMs = performance.now() + this.#host.idleMs;
    this.#work();
  }

  onClose(): void {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#host.closed(this);
  }

  /** Says why and closes. */
  refuse(reason: string): void {
    this.#write(encoder.encode(`error: ${reason}`), !this.#host.strict);
    this.#finish();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  unref(): void {
    this.#connection.unref();
  }

  /** Answers what is complete; stops when the replies pile up or the turn is over. */
  #work(): void {
    const turnUntilMs = performance.now() + TURN_MS;
    // Pieces that came while reading was stopped are still to be read.
    if (this.#isPaused) this.#framing.restartQuiet(performance.now());
    while (!this.#isClosing && !this.#isBlocked) {
      const nowMs = performance.now();
      const frame = this.#framing.next(nowMs);
      if (frame === undefined) {
        this.#rest(nowMs);
        return;
      }
      this.#answer(frame);
      if (performance.now() >= turnUntilMs) break;
    }
    if (this.#isClosing) return;
    this.#isPaused = true;
    this.#connection.pause();
    this.#arm(this.#isBlocked ? this.#idleAtMs : 0);
  }

  /** Nothing is complete: waits for more bytes, for quiet, or until it is idle for too long. */
  #rest(nowMs: number): void {
    if (this.#framing.isFinished) {
      this.#finish();
    } else if (nowMs >= this.#idleAtMs) {
      this.#host.stats.idle++;
      this.refuse("no complete command in time: connection closed");
    } else {
      this.#isPaused = false;
      this.#connection.resume();
      this.#arm(Math.min(this.#framing.deadlineMs, this.#idleAtMs));
    }
  }

  #answer(frame: Frame): void {
    const { stats } = this.#host;
    if (frame.isOversized) {
      stats.oversized++;
      this.refuse(`command too long: at most ${COMMAND_BYTES_MAX} bytes`);
    } else if (this.#isFirst && this.#isHttp(frame)) {
      stats.http++;
      this.refuse("this port does not speak HTTP");
    } else if (this.#isTrusted) {
      this.#execute(frame);
    } else {
      this.#authorize(frame);
    }
    this.#isFirst = false;
  }

  #isHttp(frame: Frame): boolean {
    return !this.#host.strict && HTTP_REQUEST.test(decoder.decode(frame.bytes.subarray(0, 4096)));
  }

  /** The right token is not answered, so that replies and commands stay in step. */
  #authorize(frame: Frame): void {
    if (frame.isLine && isSecret(frame.bytes, this.#host.secret as Uint8Array)) {
      this.#isTrusted = true;
      return;
    }
    this.#host.stats.unauthorized++;
    this.#host.log(Level.Warning, `${this.#connection.peer}: refused: no token, or a wrong one`);
    this.refuse("the first line must be the token");
  }

  #execute(frame: Frame): void {
    const { stats, idleMs } = this.#host;
    const result = this.#run(frame.bytes);
    stats.commands++;
    if (result.failed) stats.failed++;
    if (result.changed) stats.changed++;
    this.#idleAtMs = performance.now() + idleMs;
    this.#write(result.reply, frame.isLine);
    this.#audit(result, frame.bytes);
    if (!frame.isLine) this.#finish();
  }

  /** A defect in the core must end neither the program nor the other connections. */
  #run(bytes: Uint8Array): CommandResult {
    try {
      return this.#host.execute(bytes);
    } catch (cause) {
      this.#host.log(Level.Error, `${auditText(bytes)}: ${escapeControl(String(cause))}`);
      const reply = encoder.encode("error: the command could not be run");
      return { reply, failed: true, changed: false, unknownIgnored: false };
    }
  }

  #audit(result: CommandResult, bytes: Uint8Array): void {
    if (!result.changed && !result.unknownIgnored) return;
    const { peer } = this.#connection;
    const text = auditText(bytes);
    if (result.changed) this.#host.log(Level.App, `${peer}: changed: ${text}`);
    if (result.unknownIgnored) this.#host.log(Level.Warning, `${peer}: unknown name in: ${text}`);
  }

  #write(reply: Uint8Array, withNewline: boolean): void {
    const line = withNewline ? withLineFeed(reply) : reply;
    if (!this.#connection.write(line)) this.#isBlocked = true;
  }

  /**
   * Half-closes, then discards what still comes for a while: closing at once with bytes unread
   * would reset the connection, and the peer might lose the reply.
   */
  #finish(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#connection.end();
    this.#connection.resume();
    this.#arm(performance.now() + LINGER_MS);
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer);
    const delayMs = Math.max(0, Math.ceil(atMs - performance.now()));
    this.#timer = setTimeout(() => this.#wake(), delayMs);
    this.#timer.unref?.();
  }

  #wake(): void {
    const nowMs = performance.now();
    const isReading = this.#connection.queuedBytes === 0;
    if (!this.#isClosing && !this.#isBlocked) {
      // A busy program's timers run late, before what has arrived is read: let that come first.
      if (!this.#isSettled && this.#framing.deadlineMs <= nowMs) this.#settle();
      else this.#work();
    } else if (this.#isClosing && isReading) {
      this.destroy();
    } else if (nowMs < this.#idleAtMs) {
      this.#arm(Math.min(nowMs + LINGER_MS, this.#idleAtMs));
    } else {
      this.#host.stats.stalled++;
      this.destroy();
    }
  }

  #settle(): void {
    this.#isSettled = true;
    this.#arm(0);
  }
}

function withLineFeed(reply: Uint8Array): Uint8Array {
  const line = new Uint8Array(reply.length + 1);
  line.set(reply);
  line[reply.length] = 0x0a;
  return line;
}
