/**
 * Memory traces of a monitor. Everything that makes them loads when the first is asked for, or the
 * first module is instrumented: a program that only counts does not pay for it.
 */
import type { Address } from "../address.js";
import { MonitorError } from "../errors.js";
import type { Platform } from "../platform.js";
import type { Part } from "../self.js";
import type { InstrumentedModule, InstrumentOptions, Plugins } from "./plugin.js";
import type { TracePort } from "./port.js";
import type { TraceTarget } from "./sink.js";
import type { Trace, TraceOptions } from "./trace.js";
import type { Tracer } from "./tracer.js";

export interface MemtraceHost {
  readonly platform: Platform;
  readonly allowRemote: boolean;
  readonly unref: boolean;
  /** Shows a part's numbers as a source. */
  readonly show: (part: Part) => void;
  readonly log: (level: "info" | "warning" | "error", text: string) => void;
}

/** Longest that a reader may keep us from closing. */
const CLOSE_GRACE_MS = 2_000;

export class Memtrace {
  readonly #host: MemtraceHost;
  #tracer: Promise<Tracer> | undefined;
  #plugins: Promise<Plugins> | undefined;
  #port: TracePort | undefined;
  #lastOpening: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(host: MemtraceHost) {
    this.#host = host;
  }

  /**
   * Writes a trace of all attached instances to a stream, which is closed when the trace ends: one
   * trace at a time. Throws `TRACE_BUSY`, `OPTION_INVALID`, `CLOSED`, and a `TypeError` for what is
   * no stream.
   */
  async start(target: TraceTarget, options: TraceOptions = {}): Promise<Trace> {
    const [tracer, { openSink }] = await Promise.all([this.tracer(), import("./sink.js")]);
    tracer.check(options);
    return tracer.start(openSink(target), options);
  }

  /** What makes the traces, loaded now. Throws `CLOSED`, or `OPTION_INVALID` where it cannot be. */
  tracer(): Promise<Tracer> {
    if (this.#closing) throw new MonitorError("CLOSED", "the monitor is closed");
    this.#tracer ??= this.#openTracer();
    return this.#tracer;
  }

  /** Hooks a module's allocators. Throws `GUEST_INVALID`. */
  async instrument(bytes: Uint8Array, options: InstrumentOptions): Promise<InstrumentedModule> {
    this.#plugins ??= this.#openPlugins();
    return (await this.#plugins).instrument(bytes, options);
  }

  /** Opens the port; each trace is made as `trace` says. */
  open(address: Address, trace: TraceOptions = {}): Promise<Address> {
    // One after the other: of two that are opened at a time one would never be closed.
    const opening = this.#lastOpening.then(() => this.#open(address, trace));
    this.#lastOpening = opening.catch(() => {});
    return opening;
  }

  async #open(address: Address, trace: TraceOptions): Promise<Address> {
    const [tracer, { openTracePort }] = await Promise.all([this.tracer(), import("./port.js")]);
    const { platform, allowRemote, unref, log } = this.#host;
    await this.#port?.close();
    const port = await openTracePort({ platform, address, allowRemote, tracer, trace, log });
    if (unref) port.unref();
    this.#port = port;
    return port.address;
  }

  /** Where the port really listens. */
  get address(): Address | undefined {
    return this.#port?.address;
  }

  /** Ends a trace that is being made, and frees the port. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await (await this.#tracer)?.close(CLOSE_GRACE_MS);
    await this.#lastOpening;
    await this.#port?.close();
  }

  async #openPlugins(): Promise<Plugins> {
    const [tracer, { Plugins }] = await Promise.all([this.tracer(), import("./plugin.js")]);
    return new Plugins(tracer);
  }

  async #openTracer(): Promise<Tracer> {
    const { platform, log } = this.#host;
    const readModule = platform.traceModule;
    if (readModule === undefined) {
      throw new MonitorError(
        "OPTION_INVALID",
        "memtrace: this runtime cannot load the trace writer",
      );
    }
    const [{ Tracer }, { showTotals }] = await Promise.all([
      import("./tracer.js"),
      import("./totals.js"),
    ]);
    const tracer = new Tracer({
      readModule,
      hostName: platform.hostName?.() ?? "",
      processId: Number(platform.processId ?? 0),
      engine: platform.engine ?? "unknown",
      log,
    });
    showTotals(tracer.totals, this.#host.show);
    return tracer;
  }
}
