/**
 * The memory trace port of PROTOCOLS §3: a client connects, and the trace streams out until it
 * sends a byte, half-closes or goes. One client at a time; another is closed at once.
 */
import type { Address } from "../address.js";
import { listenFailure, refuseRemote } from "../control/binding.js";
import { MonitorError } from "../errors.js";
import type { Connection, ConnectionHandlers, Listener, Platform } from "../platform.js";
import { pause, within } from "./patience.js";
import { SINK_BYTES_MAX, type TraceSink } from "./sink.js";
import type { Trace, TraceOptions } from "./trace.js";
import type { Tracer } from "./tracer.js";

/** A client that has its trace and does not close is closed after this long. */
const LINGER_MS = 5_000;
/** Such clients at a time; of more the oldest is closed. */
const LINGERING_MAX = 8;
/** The same when the port is closed. */
const CLOSE_GRACE_MS = 1_000;
/** Time between two looks whether everything has left. */
const POLL_MS = 10;

export interface PortOptions {
  readonly platform: Pick<Platform, "listen">;
  readonly address: Address;
  /** Lets an address be listened on that other machines can reach. @default false */
  readonly allowRemote?: boolean | undefined;
  readonly tracer: Tracer;
  /** Of every trace. */
  readonly trace: TraceOptions;
  readonly log: (level: "info" | "warning" | "error", text: string) => void;
}

/** An open port. */
export interface TracePort {
  /** Where it really listens. */
  readonly address: Address;
  /** Closes every connection; resolves when the port is free. */
  close(): Promise<void>;
  /** Lets the process exit although the port is open. */
  unref(): void;
}

/** Opens the port. Throws `REMOTE_REFUSED`, `OPTION_INVALID`, `ADDRESS_IN_USE`, `LISTEN_FAILED`. */
export async function openTracePort(options: PortOptions): Promise<TracePort> {
  const { platform, address, allowRemote = false } = options;
  refuseRemote("memtrace", address, allowRemote);
  if (platform.listen === undefined) {
    throw new MonitorError("OPTION_INVALID", "memtrace: this runtime cannot listen");
  }
  const clients = new Clients(options);
  try {
    return clients.serve(await platform.listen(address, (peer) => clients.accept(peer)));
  } catch (cause) {
    throw listenFailure("memtrace", address, cause);
  }
}

/** The connections of one port. */
class Clients {
  /** Clients that have their trace and may still be reading. */
  readonly #lingering = new Set<Client>();
  #isUnref = false;
  #closing: Promise<void> | undefined;

  constructor(private readonly options: PortOptions) {}

  accept(connection: Connection): ConnectionHandlers {
    const { tracer, log } = this.options;
    if (this.#isUnref) connection.unref();
    if (tracer.isBusy || this.#closing) {
      tracer.totals.refusedClients++;
      log("warning", `${connection.peer} refused: a trace is being made for another client`);
      connection.destroy();
      return {};
    }
    const client = new Client(connection, (ending) => this.#keep(ending));
    void this.#trace(client, connection.peer);
    return client;
  }

  serve(listener: Listener): TracePort {
    return {
      address: listener.address,
      close: () => {
        this.#closing ??= this.#close(listener);
        return this.#closing;
      },
      unref: () => {
        this.#isUnref = true;
        listener.unref();
      },
    };
  }

  /** Whoever has just been given the end of a trace gets a moment to read it. */
  async #close(listener: Listener): Promise<void> {
    const sent = Promise.all([...this.#lingering].map((client) => client.end()));
    await within(CLOSE_GRACE_MS, sent);
    await listener.close();
  }

  async #trace(client: Client, peer: string): Promise<void> {
    const { tracer, trace, log } = this.options;
    log("info", `${peer} is sent a trace`);
    try {
      client.attach(await tracer.start(client, trace));
    } catch (error) {
      log("error", `${peer}: no trace: ${(error as Error).message}`);
      client.abort();
    }
  }

  /** Holds a client that is ending, until it has closed; of too many the oldest goes. */
  #keep(client: Client): void {
    this.#lingering.add(client);
    client.closing.then(() => this.#lingering.delete(client));
    const [oldest] = this.#lingering;
    if (this.#lingering.size > LINGERING_MAX) oldest?.abort();
  }
}

/** One client: the sink of its trace. */
class Client implements TraceSink, ConnectionHandlers {
  onClosed: ((error?: Error) => void) | undefined;
  /** Resolves when the connection has closed. */
  readonly closing: Promise<void>;
  #close: () => void = () => {};
  #trace: Trace | undefined;
  #sent: Promise<void> | undefined;
  #isClosed = false;
  #isDone = false;

  constructor(
    private readonly connection: Connection,
    private readonly ending: (client: Client) => void,
  ) {
    this.closing = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get isFull(): boolean {
    return this.connection.queuedBytes > SINK_BYTES_MAX;
  }

  write(bytes: Uint8Array): void {
    this.connection.write(bytes);
  }

  /** Takes the trace that was begun for this client, which may have had enough meanwhile. */
  attach(trace: Trace): void {
    this.#trace = trace;
    if (this.#isDone) void trace.stop();
  }

  end(): Promise<void> {
    this.#sent ??= this.#send();
    return this.#sent;
  }

  async #send(): Promise<void> {
    this.connection.end();
    this.ending(this);
    const linger = setTimeout(() => this.abort(), LINGER_MS);
    (linger as { unref?: () => void }).unref?.();
    this.closing.then(() => clearTimeout(linger));
    while (!this.#isClosed && this.connection.queuedBytes > 0) {
      await pause(POLL_MS);
    }
  }

  abort(): void {
    this.connection.destroy();
  }

  onData(): void {
    this.#stop();
  }

  onEnd(): void {
    this.#stop();
  }

  onClose(error?: Error): void {
    this.#isClosed = true;
    this.#isDone = true;
    this.#close();
    this.onClosed?.(error);
    if (this.#trace) void this.#trace.stop();
  }

  #stop(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    void this.#trace?.stop();
  }
}
