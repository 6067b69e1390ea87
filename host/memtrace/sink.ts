/**
 * Where a trace's bytes go. A sink takes all that it is given and says when it has enough waiting;
 * the session then leaves events where they are, so that a slow reader costs bounded memory.
 */

/** Bytes that may wait for a reader before no more events are taken. */
export const SINK_BYTES_MAX = 1 << 20;

export interface TraceSink {
  /** Queues bytes, which are its own from now on. */
  write(bytes: Uint8Array): void;
  /** Whether more than `SINK_BYTES_MAX` wait. */
  readonly isFull: boolean;
  /** Ends after what is queued; resolves when that has left, or cannot any more. Never rejects. */
  end(): Promise<void>;
  /** Drops what is queued. */
  abort(): void;
  /** Set by the session: called once, if the sink closes before `end`. */
  onClosed: ((error?: Error) => void) | undefined;
}

/** A stream of Node's kind: `fs.createWriteStream`, a socket, a compressor. */
export interface NodeWritable {
  write(bytes: Uint8Array, done: (error?: Error | null) => void): boolean;
  end(done: () => void): unknown;
  destroy(): unknown;
  on(event: "error" | "close", listener: (error?: Error) => void): unknown;
}

/** What a trace can be written to. It is closed when the trace ends. */
export type TraceTarget = WritableStream<Uint8Array> | NodeWritable;

const TARGETS = "a trace is written to a WritableStream, or to a stream of Node's";

/** Makes a sink of a stream. Throws a `TypeError` for what is none, or is locked. */
export function openSink(target: TraceTarget): TraceSink {
  if (typeof target !== "object" || target === null) throw new TypeError(TARGETS);
  if ("getWriter" in target) return new WebSink(target.getWriter());
  if (typeof target.write === "function" && typeof target.on === "function") {
    return new NodeSink(target);
  }
  throw new TypeError(TARGETS);
}

/** Counts what waits, and tells of the end once. */
abstract class CountingSink implements TraceSink {
  onClosed: ((error?: Error) => void) | undefined;
  /** Resolves when what is queued has been dropped. */
  readonly #dropped: Promise<void>;
  #drop: () => void = () => {};
  #waitingBytes = 0;
  #isClosed = false;
  #isEnded = false;

  constructor() {
    this.#dropped = new Promise((resolve) => {
      this.#drop = resolve;
    });
  }

  get isFull(): boolean {
    return this.#waitingBytes > SINK_BYTES_MAX;
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#waitingBytes += bytes.length;
    this.send(bytes, () => {
      this.#waitingBytes -= bytes.length;
    });
  }

  end(): Promise<void> {
    this.#isEnded = true;
    if (this.#isClosed) return Promise.resolve();
    // A stream that never takes a write never closes either, nor is it aborted.
    return Promise.race([this.finish(), this.#dropped]);
  }

  abort(): void {
    this.#drop();
    this.cancel();
  }

  protected abstract cancel(): void;
  protected abstract send(bytes: Uint8Array, sent: () => void): void;
  protected abstract finish(): Promise<void>;

  /** To be called when the stream takes nothing more. */
  protected closed(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isEnded) this.onClosed?.(error);
  }
}

class WebSink extends CountingSink {
  constructor(private readonly writer: WritableStreamDefaultWriter<Uint8Array>) {
    super();
    writer.closed.then(
      () => this.closed(),
      (error: unknown) => this.closed(toError(error)),
    );
  }

  protected cancel(): void {
    this.writer.abort().catch(() => {});
  }

  protected send(bytes: Uint8Array, sent: () => void): void {
    // A failure is told by `closed`.
    this.writer.write(bytes).then(sent, () => {});
  }

  protected finish(): Promise<void> {
    return this.writer.close().catch(() => {});
  }
}

class NodeSink extends CountingSink {
  readonly #closing: Promise<void>;

  constructor(private readonly stream: NodeWritable) {
    super();
    this.#closing = new Promise((resolve) => {
      stream.on("error", (error) => {
        this.closed(error);
        resolve();
      });
      stream.on("close", () => {
        this.closed();
        resolve();
      });
    });
  }

  protected cancel(): void {
    this.stream.destroy();
  }

  protected send(bytes: Uint8Array, sent: () => void): void {
    this.stream.write(bytes, sent);
  }

  protected finish(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.stream.end(resolve);
    });
    return Promise.race([finished, this.#closing]);
  }
}

function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
