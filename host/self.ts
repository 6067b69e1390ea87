/**
 * The monitor's own sources: what its limits, drops, retries and refusals did. Numbers of the parts
 * become fields here, by table.
 */
import type { Core } from "./core.js";
import type { FieldOptions } from "./definition.js";
import type { Source, SourceSeries } from "./instruments/source.js";
import type { LogSinkStats } from "./logs/sink.js";
import type { Meter } from "./meter.js";

/** The monitor logs and counts under this name. */
export const OWN_NAME = "monitor";

/** Names of sources that the monitor registers itself, when first needed. */
export const OWN_SOURCES: ReadonlySet<string> = new Set([
  OWN_NAME,
  "monitor_logs",
  "logs",
  "prometheus_logs_messages_total",
]);

/** Numbers by camel-case name, as the parts keep them. */
type Stats = Readonly<Record<string, number>>;

/** Names of numbers that may fall; all others are counters. */
const GAUGES: ReadonlySet<string> = new Set([
  "open",
  "bufferedLines",
  "bufferedBytes",
  "connected",
  "series",
  "active",
  "liveBlocks",
]);

/** A part's numbers: read anew before each gather. */
export interface Part {
  /** Of the source: `monitor_push`. */
  readonly name: string;
  readonly help: string;
  readonly keys: readonly string[];
  /** The value of the source's tag, for a part of which there are several. */
  readonly tag?: { readonly key: string; readonly value: string };
  readonly read: () => Stats;
}

/** The numbers of `limitsOf`. */
const LIMIT_KEYS = ["series", "overflowed", "refused", "truncated", "hookFailures"];

/** What the core's limits and the hooks did. */
function limitsOf(core: Core, hookFailures: number): Stats {
  return { ...core.counts(), hookFailures };
}

/** Shows the numbers of parts as sources of a monitor. */
export class SelfSources {
  readonly #sources = new Map<string, Source>();

  constructor(private readonly meter: Pick<Meter, "core" | "source" | "onCollect">) {}

  /** Shows what the monitor's limits did, and what became of log messages. */
  showOwn(logs: Readonly<LogSinkStats>, hookFailures: () => number): void {
    this.show({
      name: OWN_NAME,
      help: "What the monitor's limits did",
      keys: LIMIT_KEYS,
      read: () => limitsOf(this.meter.core, hookFailures()),
    });
    this.show({
      name: "monitor_logs",
      help: "Log messages on their way",
      keys: Object.keys(logs),
      read: () => ({ ...logs }),
    });
  }

  /** Registers a part's source, once a name, and keeps it up to date. */
  show(part: Part): void {
    const { name, help, keys, tag, read } = part;
    const fields = keys.map(fieldOf);
    const source =
      this.#sources.get(name) ??
      this.meter.source({ name, help, tags: tag === undefined ? [] : [tag.key], fields });
    this.#sources.set(name, source);
    const series = tag === undefined ? source : source.series({ [tag.key]: tag.value });
    const cells = keys.map((key) => ({ key, cell: cellOf(series, key) }));
    const refresh = () => {
      const stats = read();
      for (const { key, cell } of cells) cell.report(stats[key] ?? 0);
    };
    this.meter.onCollect(refresh, source);
  }
}

function cellOf(series: Source | SourceSeries, key: string): { report(value: number): void } {
  const name = wordsOf(key);
  if (!GAUGES.has(key)) return series.counter(name);
  const gauge = series.gauge(name);
  return { report: (value) => gauge.set(value) };
}

function fieldOf(key: string): FieldOptions {
  return { key: wordsOf(key), type: GAUGES.has(key) ? "gauge" : "counter" };
}

/** `sentLines` becomes `sent_lines`. */
function wordsOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
