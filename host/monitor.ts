/**
 * The monitor: one core, its instruments, and the parts that carry its bytes. Push, control and
 * scrape load when they are first asked for, so that a program that only counts starts fast.
 */
import { Level } from "../assembly/abi.js";
import type { Address } from "./address.js";
import { type CommandResult, Core } from "./core.js";
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
import type { LogSinkStats } from "./logs/sink.js";
import type { MonitorOptions, PushReceiver } from "./options.js";
import type { Platform } from "./platform.js";
import { LIMIT_KEYS, limitsOf, SelfSources } from "./self.js";
import { guestImports } from "./wasi/guest-imports.js";
import { Registrar } from "./wasi/registrar.js";
import type { Wires } from "./wires.js";

/** Sources log under this name. */
const OWN_NAME = "monitor";
/** Names of sources that the monitor registers itself, when first needed. */
const OWN_SOURCES: ReadonlySet<string> = new Set([
  OWN_NAME,
  "monitor_logs",
  "logs",
  "prometheus_logs_messages_total",
]);
const TIMER_MS_MAX = 2 ** 31 - 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Monitor {
  /** The core, for embedders that speak its ABI. */
  readonly core: Core;
  /** Registers for guests. */
  readonly registrar: Registrar;
  readonly #options: MonitorOptions;
  readonly #platform: Platform;
  readonly #hooks: Hooks;
  readonly #self: SelfSources;
  readonly #stops: (() => void)[] = [];
  #logs: LogBook | undefined;
  #wires: Promise<Wires> | undefined;
  #openWires: Wires | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;

  /** For `createMonitor`: opens nothing yet. */
  constructor(options: MonitorOptions & { module: WebAssembly.Module; platform: Platform }) {
    this.#options = options;
    this.#platform = options.platform;
    this.core = new Core(options);
    this.#applySettings("L", options.logLevels, "logLevels");
    this.#applySettings("M", options.metrics, "metrics");
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
    if (result.changed) this.#awaitDeadline();
    return result;
  }

  /** Gathers: all active series as line protocol. A view, valid until the monitor is next used. */
  influx(): Uint8Array {
    this.#openOwn();
    this.#hooks.run();
    return this.core.encodeInflux(this.#platform.nowNs());
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

  /** Where the listeners really listen. */
  get addresses(): { readonly control?: Address; readonly prometheus?: Address } {
    const { control, scrape } = this.#openWires ?? {};
    return {
      ...(control && { control: control.address }),
      ...(scrape && { prometheus: scrape.address }),
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
      await (await this.#wires)?.close();
    } finally {
      for (const stop of this.#stops) stop();
      clearTimeout(this.#timer);
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

  #applySettings(verb: "L" | "M", settings: string | undefined, option: string): void {
    if (settings === undefined || settings === "") return;
    const command = encoder.encode(verb + settings);
    const { reply, failed } = this.core.command(command, this.#platform.nowNs(), true);
    if (!failed) return;
    const reason = decoder.decode(reply).replace("error: ", "");
    throw new MonitorError("OPTION_INVALID", `${option} '${settings}': ${reason}`);
  }

  /** A timed setting reverts by itself, scraped or not. */
  #awaitDeadline(): void {
    clearTimeout(this.#timer);
    const deadlineNs = this.core.exports.nextDeadlineNs();
    if (deadlineNs === 0n) return;
    const waitMs = Number((deadlineNs - this.#platform.nowNs()) / 1_000_000n) + 1;
    const expire = () => {
      this.core.exports.expire(this.#platform.nowNs());
      this.#awaitDeadline();
    };
    this.#timer = setTimeout(expire, Math.min(Math.max(waitMs, 1), TIMER_MS_MAX));
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Registers the monitor's own sources: when they are needed, for the sake of a fast start. */
  #openOwn(): void {
    if (this.#logs !== undefined) return;
    this.#logs = new LogBook(this.#platform, this.#options.logs, this.#options.vmName);
    try {
      this.#logs.count(this);
      this.#showOwn(this.#logs.stats);
    } catch (error) {
      this.#logs.write(OWN_NAME, Level.Error, `its own sources are not shown: ${error}`);
    }
  }

  #showOwn(logs: Readonly<LogSinkStats>): void {
    this.#self.show({
      name: OWN_NAME,
      help: "What the monitor's limits did",
      keys: LIMIT_KEYS,
      read: () => limitsOf(this.core, this.#hooks.failures),
    });
    this.#self.show({
      name: "monitor_logs",
      help: "Log messages on their way",
      keys: Object.keys(logs),
      read: () => ({ ...logs }),
    });
  }
}
