/**
 * The control server of PROTOCOLS §2 over TCP or a unix socket, default and strict mode.
 * It moves bytes, enforces the limits and writes the audit lines; the core runs the commands.
 */
import type { Level } from "../../assembly/abi.js";
import type { Address } from "../address.js";
import { MonitorError } from "../errors.js";
import type { Connection, ConnectionHandlers, Listener, Platform } from "../platform.js";
import { listenFailure, refuseRemote } from "./binding.js";
import { type CommandResult, type ControlStats, Session, type SessionHost } from "./session.js";
import { secretOf } from "./token.js";

/** Connections served at a time. */
const CONNECTIONS_MAX = 64;
/** Refused connections that may still be reading why; past it they are closed at once. */
const REFUSED_OPEN_MAX = 256;

export interface ControlOptions {
  readonly platform: Pick<Platform, "listen">;
  readonly address: Address;
  /** Runs one command; the bytes are valid during the call only. */
  readonly execute: (command: Uint8Array) => CommandResult;
  /**
   * Writes a line: at level `App` every change and who made it, at `Warning` what was refused or
   * ignored. To be an audit it must not pass the thresholds that these very commands set.
   */
  readonly log?: (level: Level, text: string) => void;
  /**
   * Byte for byte what the original does: one read, one command, close.
   * @default false
   */
  readonly strict?: boolean;
  /**
   * The first line that every connection must send; refused together with `strict`.
   * @default none
   */
  readonly token?: string | undefined;
  /**
   * Lets an address be listened on that other machines can reach.
   * @default false
   */
  readonly allowRemote?: boolean;
  /**
   * A connection without a complete command for this long is closed, in milliseconds.
   * @default 300_000; the first command must come within 60_000
   */
  readonly idleMs?: number;
  /**
   * Connections served at a time.
   * @default 64
   */
  readonly connectionsMax?: number;
}

export interface ControlServer {
  /** Where it really listens. */
  readonly address: Address;
  readonly stats: Readonly<ControlStats>;
  /** Closes every connection; resolves when the port is free. */
  close(): Promise<void>;
  /** Lets the process exit although the server listens. */
  unref(): void;
}

/**
 * Opens the control server.
 *
 * Throws `REMOTE_REFUSED`, `OPTION_INVALID`, `ADDRESS_IN_USE` or `LISTEN_FAILED`.
 */
export async function openControl(options: ControlOptions): Promise<ControlServer> {
  const { platform, address, strict = false, token, allowRemote = false } = options;
  if (strict && token !== undefined) {
    throw new MonitorError(
      "OPTION_INVALID",
      "control: strict mode has no lines, so it cannot ask for a token: leave one of them out",
    );
  }
  refuseRemote("control", address, allowRemote);
  if (platform.listen === undefined) {
    throw new MonitorError("OPTION_INVALID", "control: this runtime cannot listen");
  }
  const sessions = new Sessions(options, strict, secretOf(token));
  try {
    return sessions.serve(await platform.listen(address, (peer) => sessions.accept(peer)));
  } catch (cause) {
    throw listenFailure("control", address, cause);
  }
}

/** The open connections of one server. */
class Sessions implements SessionHost {
  readonly idleMs: number;
  readonly stats: ControlStats = {
    open: 0,
    accepted: 0,
    refused: 0,
    commands: 0,
    failed: 0,
    changed: 0,
    unauthorized: 0,
    oversized: 0,
    idle: 0,
    stalled: 0,
    http: 0,
  };
  readonly #served = new Set<Session>();
  readonly #refused = new Set<Session>();
  readonly #options: ControlOptions;
  #isUnref = false;
  #isClosed = false;

  constructor(
    options: ControlOptions,
    readonly strict: boolean,
    readonly secret: Uint8Array | undefined,
  ) {
    this.#options = options;
    this.idleMs = options.idleMs ?? 300_000;
  }

  execute(command: Uint8Array): CommandResult {
    return this.#options.execute(command);
  }

  log(level: Level, text: string): void {
    this.#options.log?.(level, text);
  }

  accept(connection: Connection): ConnectionHandlers {
    const session = new Session(connection, this);
    if (this.#isUnref) connection.unref();
    const connectionsMax = this.#options.connectionsMax ?? CONNECTIONS_MAX;
    if (this.#served.size < connectionsMax) {
      this.#served.add(session);
      this.stats.accepted++;
      this.stats.open = this.#served.size;
    } else {
      this.#refused.add(session);
      this.stats.refused++;
      session.refuse(`too many connections: at most ${connectionsMax}`);
      if (this.#refused.size > REFUSED_OPEN_MAX) session.destroy();
    }
    return session;
  }

  closed(session: Session): void {
    this.#refused.delete(session);
    this.#served.delete(session);
    this.stats.open = this.#served.size;
  }

  serve(listener: Listener): ControlServer {
    return {
      address: listener.address,
      stats: this.stats,
      close: () => this.#close(listener),
      unref: () => this.#unref(listener),
    };
  }

  async #close(listener: Listener): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const session of this.#everyone()) session.destroy();
    await listener.close();
  }

  #unref(listener: Listener): void {
    this.#isUnref = true;
    listener.unref();
    for (const session of this.#everyone()) session.unref();
  }

  #everyone(): Session[] {
    return [...this.#served, ...this.#refused];
  }
}
