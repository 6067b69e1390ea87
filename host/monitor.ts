/**
 * The monitor: one core, its instruments, and the parts that carry its bytes. Push, control and
 * scrape load when they are first asked for, so that a program that only counts starts fast.
 */
import { Level } from "../assembly/abi.js";
import type { Address } from "./address.js";
import { type CommandResult, Core } from "./core.js";
import { Deadline } from "./deadline.js";
import type { SourceOptions } from "./definition.js";
import { check, MonitorError } from "./errors.js";
import { Hooks } from "./hooks.js";
import { CounterSource, type CounterSourceOptions } from "./instruments/counter-source.js";
import {
  Counter,
  type CounterOptions,
  Distribution,
  type FamilyOptions,
  Gauge,
  type HistogramOptions,
  type SummaryOptions,
} from "./instruments/family.js";
import { Source } from "./instruments/source.js";
import { LogBook } from "./logs/book.js";
import { Logger } from "./logs/logger.js";
import { Memtrace } from "./memtrace/memtrace.js";
import type { InstrumentedModule, InstrumentOptions } from "./memtrace/plugin.js";
import type { TraceOptions } from "./memtrace/trace.js";
import type { Addresses, MonitorOptions, PushReceiver } from "./options.js";
import type { Platform } from "./platform.js";
import { OWN_NAME, OWN_SOURCES, SelfSources } from "./self.js";
import { applySettings } from "./setting.js";
import { StampClock } from "./stamp.js";
import { guestImports } from "./wasi/guest-imports.js";
import { Registrar } from "./wasi/registrar.js";
import type { Wires } from "./wires.js";

/** Tracing logs under this name. */
const MEMTRACE_NAME = "memtrace";
const MEMTRACE_PORT = 4242;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Monitor {
  /** The core, for embedders that speak its ABI. */
  readonly core: Core;
  /** Registers for guests. */
  readonly registrar: Registrar;
  /** Memory traces. */
  readonly memtrace: Memtrace;
  readonly #options: MonitorOptions;
  readonly #platform: Platform;
  readonly #stamps: StampClock;
  readonly #hooks: Hooks;
  readonly #self: SelfSources;
  readonly #stops: (() => void)[] = [];
  #logs: LogBook | undefined;
  #wires: Promise<Wires> | undefined;
  #openWires: Wires | undefined;
  readonly #deadline: Deadline;
  #closing: Promise<void> | undefined;

  /** For `createMonitor`: opens nothing yet. */
  constructor(options: MonitorOptions & { module: WebAssembly.Module; platform: Platform }) {
    this.#options = options;
    this.#platform = options.platform;
    this.#stamps = new StampClock(options.platform.nowNs);
    this.core = new Core(options);
    this.#deadline = new Deadline(this.core, options.platform);
    applySettings(this.core, this.#platform, { verb: "L", option: "logLevels", ...options });
    applySettings(this.core, this.#platform, { verb: "M", option: "metrics", ...options });
    this.#hooks = new Hooks((error) => {
      this.log(OWN_NAME).error(`a collection hook failed: ${error}`);
    });
    this.#self = new SelfSources(this);
    this.registrar = new Registrar({
      core: this.core,
      log: (source, level, text) => this.#book().write(source, level, text),
      refuse: () => {
        this.core.refusals++;
      },
    });
    this.memtrace = new Memtrace({
      platform: options.platform,
      allowRemote: options.allowRemote ?? false,
      unref: options.unref ?? false,
      show: (part) => this.#self.show(part),
      log: (level, text) => this.log(MEMTRACE_NAME)[level](text),
    });
    // A destination or format that makes no sense is refused now, not at the first message.
    if (options.logs !== undefined) this.#openOwn();
  }

  /** Registers a source. Throws `NAME_INVALID`, `NAME_TAKEN`, `TAG_INVALID`, `FIELD_INVALID`, … */
  source(options: SourceOptions): Source {
    if (OWN_SOURCES.has(options.name)) this.#openOwn();
    return new Source(this.core, { ttlMs: this.#options.seriesTtlMs, ...options });
  }

  counter(options: CounterOptions): Counter {
    return new Counter(this.core, this.#withTtl(options));
  }

  gauge(options: FamilyOptions): Gauge {
    return new Gauge(this.core, this.#withTtl(options));
  }

  histogram(options: HistogramOptions): Distribution {
    return new Distribution(this.core, this.#withTtl(options), "histogram");
  }

  summary(options: SummaryOptions): Distribution {
    return new Distribution(this.core, this.#withTtl(options), "summary");
  }

  /** A source whose fields are one counter a key, and `total`. */
  counterSource<E>(options: CounterSourceOptions<E>): CounterSource<E> {
    if (OWN_SOURCES.has(options.name)) this.#openOwn();
    return new CounterSource(this.core, options);
  }

  /** The log source of that name, made the first time. Throws `NAME_INVALID`. */
  log(name: string): Logger {
    const log = check(this.core.registerLog(encoder.encode(name)), `log source ${name}`);
    return new Logger(name, this.core, log, (source, level, text) =>
      this.#book().write(source, level, text),
    );
  }

  /**
   * Runs `hook` before each gather, while `source` is enabled if one is given; returns what stops
   * it.
   */
  onCollect(hook: () => void, source?: { readonly active: boolean }): () => void {
    return this.#hooks.add(hook, source === undefined ? undefined : () => source.active);
  }

  /** Runs one command of the control language; its reply, `ok…` or `error: …`. */
  command(text: string): string {
    return decoder.decode(this.execute(encoder.encode(text)).reply);
  }

  /** As `command`, for bytes. */
  execute(command: Uint8Array): CommandResult {
    this.#openOwn();
    const result = this.core.command(command, this.#platform.nowNs());
    if (result.changed) this.#deadline.await();
    return result;
  }

  /** Gathers: all active series as line protocol. A view, valid until the monitor is next used. */
  influx(): Uint8Array {
    this.#openOwn();
    this.#hooks.run();
    return this.core.encodeInflux(this.#stamps.next());
  }

  /** Gathers: all active series as an exposition. A view, valid until the monitor is next used. */
  prometheus(openMetrics = false): Uint8Array {
    this.#openOwn();
    this.#hooks.run();
    return this.core.encodePrometheus(openMetrics, this.#platform.nowNs());
  }

  /** What a guest in this thread imports. `memory` gives the guest's memory once it has one. */
  imports(memory: () => WebAssembly.Memory | undefined): { monitor: WebAssembly.ModuleImports } {
    return { monitor: guestImports(this.registrar, memory) };
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
      await this.#logs?.close();
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
    this.#openOwn();
    this.#openWires = new Wires({
      options: this.#options,
      platform: this.#platform,
      execute: (command) => this.execute(command),
      influx: () => this.influx(),
      prometheus: (openMetrics) => this.prometheus(openMetrics),
      show: (part) => this.#self.show(part),
      audit: (level: Level, text: string) => this.#book().write("control", level, text),
      log: (level, text) => own[level](text),
    });
    return this.#openWires;
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new MonitorError("CLOSED", "the monitor is closed");
  }

  #book(): LogBook {
    this.#openOwn();
    return this.#logs as LogBook;
  }

  #withTtl<T extends FamilyOptions>(options: T): T {
    if (OWN_SOURCES.has(options.name)) this.#openOwn();
    return { ttlMs: this.#options.seriesTtlMs, ...options };
  }

  /** Registers the monitor's own sources: when they are needed, for the sake of a fast start. */
  #openOwn(): void {
    if (this.#logs !== undefined) return;
    this.#logs = new LogBook(this.#platform, this.#options.logs, this.#options.vmName);
    try {
      this.#logs.count(this);
      this.#self.showOwn(this.#logs.stats, () => this.#hooks.failures);
    } catch (error) {
      this.#logs.write(OWN_NAME, Level.Error, `its own sources are not shown: ${error}`);
    }
  }
}
