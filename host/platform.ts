/**
 * What a runtime supplies. Shared code asks for capabilities and decides; adapters under
 * `platforms/` carry bytes and decide nothing about formats, retries or protocols.
 */
import type { Address } from "./address.js";

/** A byte stream to one peer. Every method is safe to call after the stream has closed. */
export interface Connection {
  /** The other end, for logs: `host:port`, or `unix`. */
  readonly peer: string;
  /** Queues bytes. False when the runtime's queue is full: wait for `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Bytes that this side has queued and the runtime has not yet handed to the system. */
  readonly queuedBytes: number;
  /** Sends what is queued, then half-closes. */
  end(): void;
  /** Closes at once, dropping what is queued. */
  destroy(): void;
  /** Stops and restarts delivery of `onData`. */
  pause(): void;
  resume(): void;
  /** Lets the process exit although the stream is open. */
  unref(): void;
}

export interface ConnectionHandlers {
  /** The connection stands; only for `connect`, what `listen` accepts is open already. */
  onOpen?(): void;
  /** Without it what arrives is read and dropped. */
  onData?(chunk: Uint8Array): void;
  /** The peer has half-closed; this side stays open until `end`. Without it, this side ends too. */
  onEnd?(): void;
  onDrain?(): void;
  /** Called once, last. `error` is absent after an orderly close. */
  onClose?(error?: Error): void;
}

/** Something that listens. */
export interface Listener {
  /** Where it really listens: port 0 replaced by the port given. */
  readonly address: Address;
  /** Stops listening, closes what is open, resolves when the port is free. */
  close(): Promise<void>;
  unref(): void;
  /** Connections that were closed at once because too many were open. */
  readonly droppedCount?: number;
}

export interface HttpRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly peer: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Called once when the body is sent or the peer is gone: the buffer may be reused. */
  readonly onSent?: () => void;
}

export interface ClientRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** From the first step to the last byte; past it the request is given up. */
  readonly timeoutMs: number;
  /** Gives the request up at once. */
  readonly signal?: AbortSignal;
}

export interface ClientResponse {
  readonly status: number;
  /** At most the first 4 KiB. */
  readonly body: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Datagrams to one receiver. */
export interface DatagramSender {
  /** Resolves when the system took it; rejects when it did not. */
  send(datagram: Uint8Array): Promise<void>;
  close(): void;
  unref(): void;
}

/** Members are absent where a runtime cannot do it. */
export interface Platform {
  /** Names this process in syslog messages. */
  readonly processId?: string;
  /** Variables of the environment: `NO_COLOR`, `FORCE_COLOR`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  isStderrTerminal?(): boolean;
  /** Names this machine in memory traces. */
  hostName?(): string;
  /** What runs wasm, and its version: `v8 11.3`. */
  readonly engine?: string;
  /** Compiles the trace writer, `build/memtrace.wasm`. */
  traceModule?(): WebAssembly.Module;
  /** Nanoseconds since the Unix epoch. */
  nowNs(): bigint;
  connect?(address: Address, handlers: ConnectionHandlers): Connection;
  /** Listens; rejects with the system's error (`code` such as `EADDRINUSE`). */
  listen?(
    address: Address,
    accept: (connection: Connection) => ConnectionHandlers,
  ): Promise<Listener>;
  serveHttp?(
    address: Address,
    handle: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
  ): Promise<Listener>;
  /** `onError` tells of a datagram sent earlier that the system could not deliver. */
  openDatagram?(address: Address, onError?: (error: Error) => void): Promise<DatagramSender>;
  post?(request: ClientRequest): Promise<ClientResponse>;
  gzip?(bytes: Uint8Array): Promise<Uint8Array>;
  /** Writes to the process's standard output; resolves when it may take more. */
  writeStdout?(bytes: Uint8Array): Promise<void>;
  writeStderr?(text: string): void;
}
