/**
 * What every monitor is, wherever it runs: one core, its instruments, gathers and commands. What
 * carries the bytes out, and when, is its heirs' business.
 */
import { Format, Level } from "../assembly/abi.js";
import type { CommandResult, Core } from "./core.js";
import type { SourceOptions } from "./definition.js";
import { check, optionInvalid } from "./errors.js";
import { Hooks } from "./hooks.js";
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
import type { LogBook } from "./logs/book.js";
import { Logger } from "./logs/logger.js";
import { OWN_NAME, OWN_SOURCES, type Part, SelfSources } from "./self.js";
import { applySettings, type Settings } from "./setting.js";
import { StampClock } from "./stamp.js";

/** What a meter is made of. */
export interface MeterParts {
  readonly core: Core;
  readonly nowNs: () => bigint;
  /** Applied before anything registers. Throws `OPTION_INVALID`. */
  readonly settings: Settings;
  /** Of sources that do not say; `OPTION_INVALID` if it is no time. */
  readonly seriesTtlMs: number | undefined;
  /** Makes the log book, when it is first needed. */
  readonly openBook: () => LogBook;
}

const decoder = new TextDecoder();

export class Meter {
  /** The core, for embedders that speak its ABI. */
  readonly core: Core;
  readonly #parts: MeterParts;
  readonly #stamps: StampClock;
  readonly #hooks: Hooks;
  readonly #self: SelfSources;
  #openedBook: LogBook | undefined;

  constructor(parts: MeterParts) {
    const { seriesTtlMs = 0 } = parts;
    if (!(seriesTtlMs >= 0)) optionInvalid(`seriesTtlMs: ${seriesTtlMs} is no time in ms`);
    this.#parts = parts;
    this.core = parts.core;
    this.#stamps = new StampClock(parts.nowNs);
    this.#hooks = new Hooks((error) => {
      this.log(OWN_NAME).error(`a collection hook failed: ${error}`);
    });
    this.#self = new SelfSources(this);
    applySettings(this.core, parts.settings, parts.nowNs);
  }

  /** Registers a source. Throws `NAME_INVALID`, `NAME_TAKEN`, `TAG_INVALID`, `FIELD_INVALID`, … */
  source(options: SourceOptions): Source {
    return new Source(this.core, this.#withTtl(options));
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

  /** The log source of that name, made the first time. Throws `NAME_INVALID`. */
  log(name: string): Logger {
    const log = check(this.core.registerLog(name), `log source ${name}`);
    return new Logger(name, this.core, log, (source, level, text) =>
      this.writeLog(source, level, text),
    );
  }

  /**
   * Runs `hook` before each gather, while `source` is enabled if one is given; returns what stops
   * it.
   */
  onCollect(hook: () => void, source?: { readonly active: boolean }): () => void {
    return this.#hooks.add(hook, source);
  }

  /** Runs one command of the control language; its reply, `ok…` or `error: …`. */
  command(text: string): string {
    return decoder.decode(this.execute(text).reply);
  }

  /** As `command`, but says what became of it; text, or bytes. */
  execute(command: string | Uint8Array): CommandResult {
    this.openOwn();
    return this.core.command(command, this.#parts.nowNs());
  }

  /** Gathers: all active series as line protocol. A view, valid until the monitor is next used. */
  influx(): Uint8Array {
    this.openOwn();
    this.#hooks.run();
    return this.core.encode(Format.Influx, this.#stamps.next());
  }

  /** Gathers: all active series as an exposition. A view, valid until the monitor is next used. */
  prometheus(openMetrics = false): Uint8Array {
    this.openOwn();
    this.#hooks.run();
    return this.core.encode(
      openMetrics ? Format.OpenMetrics : Format.Prometheus,
      this.#parts.nowNs(),
    );
  }

  /** Writes a message that has passed its threshold. */
  protected writeLog(source: string, level: Level, text: string): void {
    this.openOwn();
    this.#openedBook?.write(source, level, text);
  }

  /** Shows a part's numbers as a source. */
  protected show(part: Part): void {
    this.#self.show(part);
  }

  /** Registers the monitor's own sources: when they are needed, for the sake of a fast start. */
  protected openOwn(): void {
    if (this.#openedBook !== undefined) return;
    const book = this.#parts.openBook();
    this.#openedBook = book;
    try {
      book.count(this);
      this.show({
        name: OWN_NAME,
        help: "What the monitor's limits did",
        gauges: ["series"],
        read: () => ({ ...this.core.counts(), hookFailures: this.#hooks.failures }),
      });
      this.show({
        name: "monitor_logs",
        help: "Log messages on their way",
        read: () => ({ ...book.stats }),
      });
    } catch (error) {
      book.write(OWN_NAME, Level.Error, `its own sources are not shown: ${error}`);
    }
  }

  #withTtl<T extends FamilyOptions | SourceOptions>(options: T): T {
    if (OWN_SOURCES.has(options.name)) this.openOwn();
    return { ttlMs: this.#parts.seriesTtlMs, ...options };
  }
}
