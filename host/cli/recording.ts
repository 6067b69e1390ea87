/**
 * What `wmon trace` does: connects to a memory trace port, writes what comes to a file, and shows
 * how it goes. The trace is decoded on the way, to count its events and to tell what is none.
 */
import {
  constants,
  createWriteStream,
  existsSync,
  ftruncateSync,
  rmSync,
  type WriteStream,
} from "node:fs";
import { open } from "node:fs/promises";
import { formatAddress } from "../address.js";
import { MonitorError } from "../errors.js";
import type { Connection } from "../platform.js";
import { nodePlatform } from "../platforms/node.js";
import { TraceReader } from "../trace/reader.js";
import { Drops } from "./drops.js";
import { Progress } from "./progress.js";
import { say } from "./stderr.js";
import type { TraceCommandOptions } from "./trace.js";

/** No trace came. */
const EXIT_FAILED = 1;
/** A program that was told to stop has this long to send the end of the trace. */
const END_GRACE_MS = 5_000;
const STDOUT = 1;

/** Where a trace goes. */
interface Output {
  readonly stream: WriteStream;
  /** Drops what the file had before. */
  empty(): void;
  /** Removes a file that was not there before, when no byte has come. */
  withdraw(): void;
}

/** Records a trace; resolves with the exit code. Throws `COMMAND_FAILED`, `OPTION_INVALID`. */
export async function record(options: TraceCommandOptions): Promise<number> {
  const output = await openOutput(options.output);
  const recording = new Recording(options, output);
  try {
    return await recording.run();
  } finally {
    await new Promise((resolve) => {
      output.stream.end(resolve);
    });
    if (recording.isEmpty) output.withdraw();
  }
}

/** A trace that is in the file already stays until the first bytes of another come. */
async function openOutput(path: string): Promise<Output> {
  if (path === "-") {
    return {
      stream: createWriteStream("", { fd: STDOUT, autoClose: false }),
      empty() {},
      withdraw() {},
    };
  }
  const isNew = !existsSync(path);
  const flags = constants.O_WRONLY | constants.O_CREAT;
  const handle = await open(path, flags).catch((cause: Error) => {
    throw new MonitorError("OPTION_INVALID", `-o ${path}: ${cause.message}`, { cause });
  });
  return {
    stream: handle.createWriteStream(),
    empty: () => empty(handle.fd),
    withdraw: () => {
      if (isNew) rmSync(path, { force: true });
    },
  };
}

function empty(descriptor: number): void {
  try {
    ftruncateSync(descriptor, 0);
  } catch {
    // A pipe or a device, which holds nothing.
  }
}

class Recording {
  #eventCount = 0;
  #byteCount = 0;
  #connection: Connection | undefined;
  #failure: string | undefined;
  #isStopped = false;
  readonly #reader: TraceReader;
  readonly #progress: Progress;
  readonly #drops: Drops;

  constructor(
    private readonly options: TraceCommandOptions,
    private readonly output: Output,
  ) {
    const count = () => {
      this.#eventCount++;
    };
    this.#reader = new TraceReader({ allocate: count, collect: count, promote: count });
    this.#drops = new Drops(options.from, options.metrics);
    this.#progress = new Progress(() => this.#text());
    output.stream.on("error", (error) => this.#fail(`-o ${options.output}: ${error.message}`));
    output.stream.on("drain", () => this.#connection?.resume());
  }

  /** Whether nothing of a trace has come. */
  get isEmpty(): boolean {
    return this.#byteCount === 0;
  }

  /** Resolves with the exit code when the connection has closed. */
  async run(): Promise<number> {
    const { seconds } = this.options;
    const timer = seconds && setTimeout(() => this.#stop(), seconds * 1000);
    process.once("SIGINT", () => this.#stop());
    try {
      await this.#receive();
    } finally {
      clearTimeout(timer);
      await this.#drops.close();
      this.#progress.close(this.#byteCount > 0);
    }
    return this.#conclude();
  }

  /** Resolves when the connection has closed; rejects when there was none. */
  #receive(): Promise<void> {
    const { from } = this.options;
    return new Promise((resolve, reject) => {
      let isOpen = false;
      this.#connection = nodePlatform.connect?.(from, {
        onOpen: () => {
          isOpen = true;
          this.#drops.open();
          this.#progress.open();
        },
        onData: (chunk) => this.#take(chunk),
        onClose(error) {
          if (isOpen) return resolve();
          reject(new MonitorError("COMMAND_FAILED", `${formatAddress(from)}: ${reasonOf(error)}`));
        },
      });
    });
  }

  #take(chunk: Uint8Array): void {
    if (this.#byteCount === 0) this.output.empty();
    this.#byteCount += chunk.length;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(this.#of(`what it sends is no memory trace: ${(error as Error).message}`));
      return;
    }
    // Bytes are the socket's until they are written.
    if (!this.output.stream.write(chunk)) this.#connection?.pause();
  }

  /** Half-closes: the program sends the end of the trace, and closes. */
  #stop(): void {
    const connection = this.#connection;
    this.#isStopped = true;
    connection?.end();
    setTimeout(() => connection?.destroy(), END_GRACE_MS).unref();
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    this.#connection?.destroy();
  }

  #conclude(): number {
    const found = this.#failure === undefined ? this.#judge() : undefined;
    const failure = this.#failure ?? (found && this.#of(found));
    if (failure === undefined) {
      // It may be the end of the program, or fewer samples than were wanted.
      if (!this.#isStopped)
        say("the program ended the trace: it ended itself, or its log says why");
      return 0;
    }
    say(failure);
    return EXIT_FAILED;
  }

  /** A sentence about the program. */
  #of(sentence: string): string {
    return `${formatAddress(this.options.from)}: ${sentence}`;
  }

  /** What is wrong with what came; undefined when nothing is. */
  #judge(): string | undefined {
    if (this.#byteCount === 0) {
      return "closed without a trace: it has another client, or writes a file; its log says";
    }
    try {
      const { damage } = this.#reader.end();
      return damage && `the trace is damaged: ${damage.reason}`;
    } catch (error) {
      return `what it sent is no memory trace: ${(error as Error).message}`;
    }
  }

  #text() {
    return {
      byteCount: this.#byteCount,
      eventCount: this.#eventCount,
      droppedCount: this.#drops.count,
    };
  }
}

function reasonOf(error: Error | undefined): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ECONNREFUSED" || code === "ENOENT") {
    return "nothing listens there; is a program running under wmon? (name its port with --from)";
  }
  return error?.message ?? "no connection";
}
