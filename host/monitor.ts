/**
 * The monitor of a program: a meter, and the parts that carry its bytes. Push, control and scrape
 * load when they are first asked for, so that a program that only counts starts fast.
 */
import type { Level } from "../assembly/abi.js";
import type { Address } from "./address.js";
import { type CommandResult, Core } from "./core.js";
import { Deadline } from "./deadline.js";
import { encodeValues } from "./definition.js";
import { MonitorError } from "./errors.js";
import { CounterSource, type CounterSourceOptions } from "./instruments/counter-source.js";
import { KEYWORDS } from "./keywords.js";
import { LogBook } from "./logs/book.js";
import { type LogSink, openLogSink } from "./logs/sink.js";
import { Memtrace } from "./memtrace/memtrace.js";
import type { InstrumentedModule, InstrumentOptions } from "./memtrace/plugin.js";
import type { TraceOptions } from "./memtrace/trace.js";
import { Meter } from "./meter.js";
import type { Addresses, MonitorOptions, PushReceiver } from "./options.js";
import type { Platform } from "./platform.js";
import { OWN_NAME } from "./self.js";
import { guestImports } from "./wasi/guest-imports.js";
import { Registrar } from "./wasi/registrar.js";
import type { Wires } from "./wires.js";

/** Tracing logs under this name. */
const MEMTRACE_NAME = "memtrace";
const MEMTRACE_PORT = 4242;
/** Time for messages on their way to a syslog receiver when the monitor closes. */
const LOG_CLOSE_MS = 1_000;

export class Monitor extends Meter {
  /** Memory traces. */
  readonly memtrace: Memtrace;
  readonly #options: MonitorOptions;
  readonly #platform: Platform;
  readonly #stops: (() => void)[] = [];
  #registrar: Registrar | undefined;
  #wires: Promise<Wires> | undefined;
  #openWires: Wires | undefined;
  readonly #deadline: Deadline;
  /** Writes what waits of the log; resolves when that is done, or it took too long. */
  readonly #closeSink: () => Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** For `createMonitor`: opens nothing yet. */
  constructor(options: MonitorOptions & { module: WebAssembly.Module; platform: Platform }) {
    const { platform, logs, strict, vmName, seriesTtlMs } = options;
    let sink: LogSink | undefined;
    super({
      core: new Core({ ...options, keywords: strict ? encodeValues([KEYWORDS]) : undefined }),
      nowNs: platform.nowNs,
      settings: options,
      seriesTtlMs,
      openBook: () => {
        sink = openLogSink(platform, logs, vmName);
        return new LogBook(sink, platform.nowNs);
      },
    });
    this.#options = options;
    this.#platform = platform;
    this.#closeSink = () => sink?.close(LOG_CLOSE_MS);
    this.#deadline = new Deadline(this.core, options.platform);
    this.memtrace = new Memtrace({
      platform: options.platform,
      allowRemote: options.allowRemote ?? false,
      unref: options.unref ?? false,
      show: (part) => this.show(part),
      log: (level, text) => this.log(MEMTRACE_NAME)[level](text),
    });
    // A destination or format that makes no sense is refused now, not at the first message.
    if (logs !== undefined) this.openOwn();
  }

  /** A source whose fields are one counter a key, and `total`. */
  counterSource<E>(options: CounterSourceOptions<E>): CounterSource<E> {
    return new CounterSource(this, options);
  }

  /** Registers for guests. */
  get registrar(): Registrar {
    this.#registrar ??= new Registrar({
      core: this.core,
      log: (source, level, text) => this.writeLog(source, level, text),
      refuse: () => {
        this.core.refusals++;
      },
    });
    return this.#registrar;
  }

  /** What a guest in this thread imports. `memory` gives the guest's memory once it has one. */
  imports(memory: () => WebAssembly.Memory | undefined): { monitor: WebAssembly.ModuleImports } {
    return { monitor: guestImports(this.registrar, memory) };
  }

  /** Runs one command given as bytes; see `command`. */
  override execute(command: string | Uint8Array): CommandResult {
    const result = super.execute(command);
    if (result.changed) this.#deadline.await();
    return result;
  }

  /**
   * Hooks the allocators of a module that this program instantiates itself, for memory traces.
   * Throws `GUEST_INVALID`.
   */
  instrument(bytes: Uint8Array, options: InstrumentOptions = {}): Promise<InstrumentedModule> {
    return this.memtrace.instrument(bytes, options);
  }

  /** Where the listeners really listen. */
  get addresses(): Addresses {
    const { control, scrape } = this.#openWires ?? {};
    const { address: memtrace } = this.memtrace;
    return {
      ...(control && { control: control.address }),
      ...(scrape && { prometheus: scrape.address }),
      ...(memtrace && { memtrace }),
    };
  }

  /** Opens the control port. Throws `ADDRESS_IN_USE`, `REMOTE_REFUSED`, `CLOSED`, … */
  async openControl(address: string | Address): Promise<Address> {
    return (await this.#loadWires()).openControl(address);
  }

  /** Serves `/metrics`. Throws `ADDRESS_IN_USE`, `CLOSED`, … */
  async openPrometheus(address: string | Address): Promise<Address> {
    return (await this.#loadWires()).openPrometheus(address);
  }

  /**
   * Serves memory traces: whoever connects is sent one, made as `trace` says. Throws
   * `ADDRESS_IN_USE`, `REMOTE_REFUSED`, `OPTION_INVALID`, `CLOSED`, …
   */
  async openMemtrace(address: string | Address, trace?: TraceOptions): Promise<Address> {
    const { toAddress } = await import("./wires.js");
    return this.memtrace.open(toAddress(address, MEMTRACE_PORT), trace);
  }

  /** Starts to push, at once and every interval. Throws `ADDRESS_INVALID`, `CLOSED`. */
  async startPush(receivers: readonly (string | PushReceiver)[]): Promise<void> {
    if (receivers.length > 0) await (await this.#loadWires()).startPush(receivers);
  }

  /** Registers `resource_usage`, `process_*` and `nodejs_*` of this process. Throws `CLOSED`. */
  async addDefaultSources(): Promise<void> {
    const { registerProcessSources } = await import("./process/sources.js");
    // What is begun after the close would never be stopped.
    this.#refuseClosed();
    this.#stops.push(registerProcessSources(this));
  }

  /** Pushes now; resolves when every receiver has it, or has it buffered. */
  async push(): Promise<void> {
    await this.#openWires?.push?.push();
  }

  /** Pushes once more, then frees every port and timer. A second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      // First what is counted, then what carries the counts out.
      await this.memtrace.close();
      await (await this.#wires)?.close();
    } finally {
      for (const stop of this.#stops) stop();
      this.#deadline.close();
      await this.#closeSink();
    }
  }

  #loadWires(): Promise<Wires> {
    this.#refuseClosed();
    this.#wires ??= this.#makeWires();
    return this.#wires;
  }

  async #makeWires(): Promise<Wires> {
    const { Wires } = await import("./wires.js");
    const own = this.log(OWN_NAME);
    this.openOwn();
    this.#openWires = new Wires({
      options: this.#options,
      platform: this.#platform,
      execute: (command) => this.execute(command),
      influx: () => this.influx(),
      prometheus: (openMetrics) => this.prometheus(openMetrics),
      show: (part) => this.show(part),
      audit: (level: Level, text: string) => this.writeLog("control", level, text),
      log: (level, text) => own[level](text),
    });
    return this.#openWires;
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new MonitorError("CLOSED", "the monitor is closed");
  }
}
