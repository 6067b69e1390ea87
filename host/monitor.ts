/**
 * The monitor: one core, its instruments, and the parts that carry its bytes. Push, control and
 * scrape load when they are first asked for, so that a program that only counts starts fast.
 */
import { type Address, parseAddress } from "./address.js";
import type { ControlServer } from "./control/server.js";
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
import type { MonitorOptions, PushReceiver } from "./options.js";
import type { Platform } from "./platform.js";
import type { Push } from "./push/push.js";
import type { ScrapeServer } from "./scrape/server.js";
import { RECEIVER_KEYS, SelfSources } from "./self.js";
import { guestImports } from "./wasi/guest-imports.js";
import { Registrar } from "./wasi/registrar.js";

/** Sources log under this name. */
const OWN_NAME = "monitor";
const CONTROL_PORT = 2323;
const PROMETHEUS_PORT = 9090;
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
  readonly #logs: LogBook;
  readonly #self: SelfSources;
  readonly #own: Logger;
  readonly #stops: (() => void)[] = [];
  #push: Push | undefined;
  #control: ControlServer | undefined;
  #scrape: ScrapeServer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;

  /** For `createMonitor`: opens nothing yet. */
  constructor(options: MonitorOptions & { module: WebAssembly.Module; platform: Platform }) {
    this.#options = options;
    this.#platform = options.platform;
    this.core = new Core(options);
    this.#applySettings("L", options.logLevels, "logLevels");
    this.#applySettings("M", options.metrics, "metrics");
    this.#logs = new LogBook(this, options);
    this.#own = this.log(OWN_NAME);
    this.#hooks = new Hooks((error) => this.#own.error(`a collection hook failed: ${error}`));
    this.#self = new SelfSources(this);
    this.registrar = new Registrar({
      core: this.core,
      log: (source, level, text) => this.#logs.write(source, level, text),
      refuse: () => {
        this.core.refusals++;
      },
    });
    this.#showSelf();
  }

  /** Registers a source. Throws `NAME_INVALID`, `NAME_TAKEN`, `TAG_INVALID`, `FIELD_INVALID`, … */
  source(options: SourceOptions): Source {
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
    return new CounterSource(this.core, options);
  }

  /** The log source of that name, made the first time. Throws `NAME_INVALID`. */
  log(name: string): Logger {
    const log = check(this.core.registerLog(encoder.encode(name)), `log source ${name}`);
    return new Logger(name, this.core, log, (source, level, text) =>
      this.#logs.write(source, level, text),
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
    const result = this.core.command(command, this.#platform.nowNs());
    if (result.changed) this.#awaitDeadline();
    return result;
  }

  /** Gathers: all active series as line protocol. A view, valid until the monitor is next used. */
  influx(): Uint8Array {
    this.#hooks.run();
    return this.core.encodeInflux(this.#platform.nowNs());
  }

  /** Gathers: all active series as an exposition. A view, valid until the monitor is next used. */
  prometheus(openMetrics = false): Uint8Array {
    this.#hooks.run();
    return this.core.encodePrometheus(openMetrics, this.#platform.nowNs());
  }

  /** What a guest in this thread imports. `memory` gives the guest's memory once it has one. */
  imports(memory: () => WebAssembly.Memory | undefined): { monitor: WebAssembly.ModuleImports } {
    return { monitor: guestImports(this.registrar, memory) };
  }

  /** Where the listeners really listen. */
  get addresses(): { readonly control?: Address; readonly prometheus?: Address } {
    return {
      ...(this.#control && { control: this.#control.address }),
      ...(this.#scrape && { prometheus: this.#scrape.address }),
    };
  }

  /** Opens the control port. Throws `ADDRESS_IN_USE`, `REMOTE_REFUSED`, … */
  async openControl(address: string | Address): Promise<Address> {
    const { openControl } = await import("./control/server.js");
    const { strict = false, controlToken, allowRemote = false } = this.#options;
    const control = await openControl({
      platform: this.#platform,
      address: toAddress(address, CONTROL_PORT),
      execute: (command) => this.execute(command),
      log: (level, text) => this.#logs.write("control", level, text),
      strict,
      token: controlToken,
      allowRemote,
    });
    if (this.#options.unref === true) control.unref();
    this.#control = control;
    this.#self.show({
      name: "monitor_control",
      help: "The control port.",
      keys: Object.keys(control.stats),
      read: () => ({ ...control.stats }),
    });
    return control.address;
  }

  /** Serves `/metrics`. Throws `ADDRESS_IN_USE`, … */
  async openPrometheus(address: string | Address): Promise<Address> {
    const { openScrape } = await import("./scrape/server.js");
    const scrape = await openScrape({
      platform: this.#platform,
      address: toAddress(address, PROMETHEUS_PORT),
      encode: (openMetrics) => this.prometheus(openMetrics),
      token: this.#options.controlToken,
    });
    if (this.#options.unref === true) scrape.unref();
    this.#scrape = scrape;
    this.#self.show({
      name: "monitor_scrape",
      help: "The scrape endpoint.",
      keys: Object.keys(scrape.stats),
      read: () => ({ ...scrape.stats }),
    });
    return scrape.address;
  }

  /** Starts to push, at once and every interval. Throws `ADDRESS_INVALID`. */
  async startPush(receivers: readonly (string | PushReceiver)[]): Promise<void> {
    if (receivers.length === 0) return;
    const { createPush } = await import("./push/push.js");
    const push = createPush({
      receivers: receivers.map((to) => (typeof to === "string" ? { url: to } : to)),
      intervalMs: this.#options.intervalMs,
      timestamps: this.#options.timestamps,
      encode: () => this.influx(),
      platform: this.#platform,
      log: (level, text) => this.#own[level](text),
      unref: this.#options.unref,
    });
    this.#push = push;
    for (const [index, stats] of push.stats.entries()) {
      this.#self.show({
        name: "monitor_push",
        help: "Delivery of pushed lines, by receiver.",
        keys: RECEIVER_KEYS,
        tag: { key: "receiver", value: push.labels[index] ?? `${index}` },
        read: () => Object.fromEntries(RECEIVER_KEYS.map((key) => [key, stats[key]])),
      });
    }
    push.start();
  }

  /** Registers `resource_usage`, `process_*` and `nodejs_*` of this process. */
  async addDefaultSources(): Promise<void> {
    const { registerProcessSources } = await import("./process/sources.js");
    this.#stops.push(registerProcessSources(this));
  }

  /** Pushes now; resolves when every receiver has it, or has it buffered. */
  async push(): Promise<void> {
    await this.#push?.push();
  }

  /** Pushes once more, then frees every port and timer. A second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#push?.close();
    for (const stop of this.#stops) stop();
    clearTimeout(this.#timer);
    await Promise.all([this.#control?.close(), this.#scrape?.close()]);
    await this.#logs.close();
  }

  #withTtl<T extends FamilyOptions>(options: T): T {
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

  #showSelf(): void {
    const { exports } = this.core;
    this.#self.show({
      name: OWN_NAME,
      help: "The monitor itself: what its limits did.",
      keys: ["series", "overflowed", "refused", "truncated", "hookFailures"],
      read: () => ({
        series: exports.seriesCount(),
        overflowed: exports.overflowCount(),
        refused: exports.refusedCount() + this.core.refusals,
        truncated: exports.truncatedCount(),
        hookFailures: this.#hooks.failures,
      }),
    });
    const { stats } = this.#logs;
    this.#self.show({
      name: "monitor_logs",
      help: "Log messages on the way to where they are written.",
      keys: Object.keys(stats),
      read: () => ({ ...stats }),
    });
  }
}

function toAddress(address: string | Address, port: number): Address {
  return typeof address === "string" ? parseAddress(address, { port }) : address;
}
