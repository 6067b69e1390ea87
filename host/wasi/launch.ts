/**
 * The main thread's side of a guest in a worker: starts it, answers its requests, writes its log
 * messages, and learns how it ended. The event loop here stays free whatever the guest does.
 */
import { Worker } from "node:worker_threads";
import { Status } from "../../assembly/abi.js";
import type { GuestSetup } from "./backend.js";
import { Cells } from "./cells.js";
import { Answerer, createChannel, type Request } from "./channel.js";
import type { FromGuest, GuestEnd, GuestOrder, RunCells } from "./order.js";
import type { Program } from "./program.js";
import type { Registrar } from "./registrar.js";
import { createRing, RingReader } from "./ring.js";
import type { SocketOrder } from "./sockets/area.js";
import type { TracingOrder } from "./tracing.js";
import type { VolumeOrder } from "./volumes.js";

/** Messages written before sockets get their turn. */
const LOG_BATCH = 256;

export interface LaunchOptions {
  readonly program: Program;
  /** The core's shared build, and the memory of the instance that `registrar` writes. */
  readonly core: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly cells: RunCells;
  readonly registrar: Registrar;
  readonly setup: GuestSetup;
  /** Files in memory instead of real ones. */
  readonly sandbox: boolean;
  /** Block devices, by handle; their files are locked. */
  readonly volumes: readonly VolumeOrder[];
  /** Who carries the guest's sockets, if it has any; `serve` does what the guest asks for. */
  readonly sockets?: { readonly order: SocketOrder; serve(): void } | undefined;
  /** Records memory traces; `pump` reads what is queued. */
  readonly tracing?: (TracingOrder & { readonly pump: () => void }) | undefined;
  /** Tells the user something about the run, in one line. */
  readonly note: (text: string) => void;
}

/** A guest that was started. */
export class Guest {
  /** Resolves when the guest's program ends by itself; never when it is stopped. */
  readonly ended: Promise<GuestEnd>;
  readonly #options: LaunchOptions;
  readonly #cells: Cells;
  readonly #answerer: Answerer;
  readonly #ring: RingReader;
  readonly #worker: Worker;
  readonly #startedMs = performance.now();
  #isDraining = false;
  #isOver = false;
  #end: (end: GuestEnd) => void = () => {};

  constructor(options: LaunchOptions) {
    this.#options = options;
    const channel = createChannel();
    const logs = createRing();
    this.#answerer = new Answerer(channel, (request) => this.#handle(request));
    this.#ring = new RingReader(logs);
    this.#cells = new Cells(options.memory);
    this.#cells.record(options.cells.guest.compile, options.program.compileMs * 1e6);
    this.#cells.record(options.cells.guest.running, 1);
    this.#cells.record(options.cells.memory.limit, options.program.memoryBytesMax);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#worker = this.#start(channel, logs);
  }

  /** Brings uptime and the counts of lost messages up to date; to be called before each gather. */
  refresh(): void {
    const { guest } = this.#options.cells;
    this.#cells.set(guest.uptime, (performance.now() - this.#startedMs) * 1e6);
    this.#cells.record(guest.logsDropped, this.#ring.droppedCount);
    this.#cells.record(guest.logsCut, this.#ring.cutCount);
  }

  /**
   * Ends the guest wherever it is. False when it did not end within `graceMs`: then it is blocked
   * in the system, and would block an orderly exit of the process too.
   */
  async stop(graceMs: number): Promise<boolean> {
    this.#isOver = true;
    const terminated = this.#worker.terminate().then(() => true);
    const isStopped = await Promise.race([terminated, delay(graceMs)]);
    this.#settle();
    return isStopped;
  }

  #start(channel: SharedArrayBuffer, logs: SharedArrayBuffer): Worker {
    const { program, core, memory, cells, setup, sandbox, volumes, sockets, tracing } =
      this.#options;
    const order: GuestOrder = {
      module: program.module,
      core,
      memory,
      channel,
      logs,
      cells,
      setup,
      sandbox,
      volumes,
      sockets: sockets?.order,
      tracing: tracing && { buffer: tracing.buffer, description: tracing.description },
    };
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: order });
    worker.on("message", (message: FromGuest) => this.#receive(message));
    worker.on("error", (error) => this.#finish(crash(error.message)));
    worker.on("exit", (code) => this.#finish(crash(`the guest's thread ended with code ${code}`)));
    return worker;
  }

  #receive(message: FromGuest): void {
    switch (message.kind) {
      case "asks":
        this.#answerer.answer();
        break;
      case "logs":
        this.#drainInTurns();
        break;
      case "sockets":
        this.#options.sockets?.serve();
        break;
      case "samples":
        this.#options.tracing?.pump();
        break;
      case "note":
        this.#options.note(message.text);
        break;
      default:
        this.#finish(message);
    }
  }

  /**
   * A bug of ours must not end the guest: it gets a refusal, which is counted, and the user a line.
   */
  #handle(request: Request): number {
    try {
      return this.#options.registrar.handle(request);
    } catch (error) {
      this.#options.note(`a request of the guest failed: ${error}`);
      return Status.NoSuchThing;
    }
  }

  #finish(end: GuestEnd): void {
    // The thread's exit follows whatever it reported.
    if (this.#isOver) return;
    this.#isOver = true;
    if (end.kind === "trapped") this.#cells.record(this.#options.cells.guest.traps, 1);
    this.#settle();
    this.#end(end);
  }

  /** What the guest has left behind. */
  #settle(): void {
    this.#cells.record(this.#options.cells.guest.running, 0);
    this.#drain(Number.POSITIVE_INFINITY);
  }

  #drainInTurns(): void {
    if (this.#isDraining) return;
    this.#isDraining = this.#drain(LOG_BATCH);
    if (!this.#isDraining) return;
    setImmediate(() => {
      this.#isDraining = false;
      this.#drainInTurns();
    });
  }

  /** Writes at most `messagesMax` messages; whether there may be more. */
  #drain(messagesMax: number): boolean {
    for (let count = 0; count < messagesMax; count++) {
      const message = this.#ring.shift();
      if (!message) return false;
      this.#options.registrar.log(message.log, message.level, message.text);
    }
    return true;
  }
}

function crash(message: string): GuestEnd {
  return { kind: "trapped", message, stack: [] };
}

function delay(durationMs: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs, false).unref();
  });
}
