/**
 * Makes traces, one at a time: begins and ends them in all guests, carries what guests in workers
 * have queued, and keeps the numbers. Everything of it runs on the main thread.
 */
import { MonitorError } from "../errors.js";
import { nowUs } from "./event.js";
import type { TracedGuest } from "./guest.js";
import { type TracedModule, TracedModules } from "./modules.js";
import { pause, within } from "./patience.js";
import { Session, type TraceEnd } from "./session.js";
import type { TraceSink } from "./sink.js";
import { TraceTotals } from "./totals.js";
import {
  checkTraceOptions,
  describeEnd,
  drawSeed,
  SAMPLING_RATE,
  type Trace,
  type TraceOptions,
  type TraceStats,
} from "./trace.js";
import { TraceWriter } from "./writer.js";

/** Sampled allocations a second with stacks of the engine, which cost some ten microseconds. */
const SAMPLES_MAX_ENGINE = 3_000;
const SAMPLES_MAX_SHADOW = 30_000;

/** Time between two looks at the queues. */
const TICK_MS = 50;
/** A quiet packet waits at most a second. */
const TICKS_PER_FLUSH = 20;
/** Events handed over before sockets get their turn. */
const BATCH_EVENTS = 4_096;
const WORD_BITS = 32;

export interface TracerOptions {
  /** Compiles `build/memtrace.wasm`. */
  readonly readModule: () => WebAssembly.Module;
  readonly hostName: string;
  readonly processId: number;
  /** Name and version of what runs guests: `v8 11.3`. */
  readonly engine: string;
  readonly log: (level: "info" | "warning" | "error", text: string) => void;
}

interface Running {
  readonly session: Session;
  readonly sink: TraceSink;
  readonly timer: ReturnType<typeof setInterval>;
  readonly droppedBefore: number;
  readonly settle: (stats: TraceStats) => void;
  readonly ended: Promise<TraceStats>;
  tickCount: number;
}

export class Tracer {
  readonly modules: TracedModules;
  readonly totals = new TraceTotals();
  readonly #options: TracerOptions;
  readonly #guests = new Set<TracedGuest>();
  #module: WebAssembly.Module | undefined;
  #writer: TraceWriter | undefined;
  #running: Running | undefined;
  #isStarting = false;
  #isClosed = false;
  #isPumping = false;
  /** Counts traces: events of an earlier one are told apart. */
  #trace = 0;
  #order: Parameters<TracedGuest["begin"]>[0] | undefined;
  /** Takes what the writer emits. */
  #session: Session | undefined;

  constructor(options: TracerOptions) {
    this.#options = options;
    this.modules = new TracedModules((text) => options.log("warning", text));
  }

  /** Whether a trace is being made. */
  get isBusy(): boolean {
    return this.#running !== undefined || this.#isStarting;
  }

  /** The compiled module that samples and writes. */
  get module(): WebAssembly.Module {
    this.#module ??= this.#options.readModule();
    return this.#module;
  }

  /** Adds a module; opens its symbols when a trace is being made. */
  async addModule(module: TracedModule): Promise<number> {
    const index = this.modules.add(module);
    if (this.isBusy) await this.modules.openSymbols();
    return index;
  }

  /** Adds a guest, to the trace that is being made too. */
  addGuest(guest: TracedGuest): void {
    this.#guests.add(guest);
    this.totals.addGuest(guest);
    const session = this.#running?.session;
    if (session) this.#beginIn(guest, session);
  }

  /** Forgets a guest; what it has queued is read. */
  removeGuest(guest: TracedGuest): void {
    guest.cancel();
    if (this.#running) guest.drain(this.#running.session, Number.POSITIVE_INFINITY);
    this.totals.removeGuest(guest);
    this.#guests.delete(guest);
  }

  /** Throws what `start` would, before there is a sink. */
  check(options: TraceOptions): void {
    checkTraceOptions(options);
    if (this.#isClosed) throw new MonitorError("CLOSED", "tracing has ended");
    if (this.isBusy) {
      throw new MonitorError("TRACE_BUSY", "a trace is being made already: stop that one first");
    }
  }

  /**
   * Begins a trace. Throws `OPTION_INVALID`, `TRACE_BUSY` while another is made, `CLOSED`; the sink
   * is untouched then.
   */
  async start(sink: TraceSink, options: TraceOptions = {}): Promise<Trace> {
    this.check(options);
    this.#isStarting = true;
    try {
      await this.modules.openSymbols();
      this.#writer ??= new TraceWriter(
        this.module,
        (bytes) => this.#session?.emit(bytes),
        (low, high) => this.modules.locate(low, high),
      );
      return this.#begin(this.#writer, sink, options);
    } finally {
      this.#isStarting = false;
    }
  }

  /** Reads what guests have queued: to be called when one says that its queue fills. */
  pump(): void {
    const running = this.#running;
    if (!running || this.#isPumping) return;
    let isMore = false;
    for (const guest of this.#guests) {
      isMore = guest.drain(running.session, BATCH_EVENTS) || isMore;
    }
    if (!isMore || this.#running !== running) return;
    this.#isPumping = true;
    setTimeout(() => {
      this.#isPumping = false;
      this.pump();
    });
  }

  /**
   * Ends tracing for good: reads what guests have left behind and gives a reader at most `graceMs`
   * to take it.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    const running = this.#running;
    if (!running) return;
    const end = performance.now() + graceMs;
    const isLeft = () => [...this.#guests].some(({ hasWaiting }) => hasWaiting);
    while (this.#running === running && isLeft() && performance.now() < end) {
      for (const guest of this.#guests) guest.drain(running.session, BATCH_EVENTS);
      await pause(running.session.hasRoom() ? 0 : 5);
    }
    this.#end("finished");
    const isTaken = await within(end - performance.now(), running.ended);
    if (!isTaken)
      this.#options.log("warning", "the reader of the trace did not take its end in time");
    running.sink.abort();
  }

  #begin(writer: TraceWriter, sink: TraceSink, options: TraceOptions): Trace {
    const session = new Session({
      writer,
      sink,
      maxSamples: options.maxSamples ?? this.#defaultMaxSamples(),
      isWide: () => this.modules.count > 1,
      onEnd: (reason, error) => this.#end(reason, error),
    });
    const { samplingRate = SAMPLING_RATE, isLossless = false, seed = drawSeed() } = options;
    this.#session = session;
    writer.begin(this.#information(samplingRate));
    this.#running = this.#run(session, sink);
    this.totals.begin(session);
    this.#trace++;
    this.#order = { trace: this.#trace, samplingRate, seed, isLossless };
    const { ended } = this.#running;
    for (const guest of this.#guests) this.#beginIn(guest, session);
    if (this.modules.isUnhooked) this.#endUnhooked();
    return {
      ended,
      stop: () => {
        if (this.#running?.session === session) this.#end("stopped");
        return ended;
      },
    };
  }

  #beginIn(guest: TracedGuest, session: Session): void {
    if (!this.#order) return;
    try {
      guest.begin(this.#order, session);
    } catch (error) {
      // A sampler has memory of its own, which may not be had.
      this.#end("failed", error instanceof Error ? error : new Error(String(error)));
    }
  }

  #run(session: Session, sink: TraceSink): Running {
    let settle: (stats: TraceStats) => void = () => {};
    const ended = new Promise<TraceStats>((resolve) => {
      settle = resolve;
    });
    const timer = setInterval(() => this.#tick(), TICK_MS);
    (timer as { unref?: () => void }).unref?.();
    const droppedBefore = this.totals.allDropped();
    return { session, sink, timer, droppedBefore, settle, ended, tickCount: 0 };
  }

  #information(samplingRate: number) {
    const { engine, hostName, processId } = this.#options;
    return {
      samplingRate,
      wordBits: WORD_BITS,
      executable: this.modules.names,
      host: hostName,
      runtimeParameters: "",
      pid: processId,
      startUs: nowUs(),
      context: `engine=${engine} ${this.modules.context}`.trimEnd(),
    };
  }

  #defaultMaxSamples(): number {
    return this.modules.isShadow ? SAMPLES_MAX_SHADOW : SAMPLES_MAX_ENGINE;
  }

  #tick(): void {
    this.pump();
    const running = this.#running;
    if (!running) return;
    running.tickCount++;
    if (running.tickCount % TICKS_PER_FLUSH === 0) running.session.flush();
  }

  #endUnhooked(): void {
    const why = this.modules.complaints.join("; ") || "no allocator was found";
    this.#options.log("warning", `nothing to trace, the trace is empty: ${why}`);
    this.#end("unhooked");
  }

  #end(reason: TraceEnd, error?: Error): void {
    const running = this.#running;
    if (!running) return;
    const { session, sink } = running;
    clearInterval(running.timer);
    for (const guest of this.#guests) guest.cancel();
    // What was recorded until now belongs to the trace; past the cap it does not.
    for (const guest of this.#guests) guest.drain(session, Number.POSITIVE_INFINITY);
    session.close();
    session.flush();
    this.#running = undefined;
    this.#session = undefined;
    this.#order = undefined;
    this.totals.end(session, reason);
    const droppedEvents = this.totals.allDropped() - running.droppedBefore;
    const { bytes, allocations, collects, samples } = session;
    const stats = { reason, bytes, allocations, collects, samples, droppedEvents };
    this.modules.tellProblems();
    this.#options.log(...describeEnd(stats, { maxSamples: session.options.maxSamples, error }));
    sink.end().then(() => running.settle(stats));
  }
}
