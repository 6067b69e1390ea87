/**
 * The monitor's own sources: what its limits, drops, retries and refusals did. Numbers of the parts
 * become fields here, by table.
 */
import type { Source } from "./instruments/source.js";
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

/** A part's numbers: read anew before each gather. */
export interface Part {
  /** Of the source: `monitor_push`. */
  readonly name: string;
  readonly help: string;
  /** The value of the source's tag, for a part of which there are several. */
  readonly tag?: { readonly key: string; readonly value: string };
  /** Which numbers may fall; all others are counters. @default none */
  readonly gauges?: readonly string[];
  /** The numbers by camel-case name, the same names each time. */
  readonly read: () => Readonly<Record<string, number>>;
}

/** Shows the numbers of parts as sources of a monitor. */
export class SelfSources {
  readonly #sources = new Map<string, Source>();

  constructor(private readonly meter: Pick<Meter, "source" | "onCollect">) {}

  /** Registers a part's source, once a name, and keeps it up to date. */
  show({ name, help, tag, gauges = [], read }: Part): void {
    const fields = Object.keys(read()).map((stat) => {
      // `sentLines` becomes `sent_lines`.
      const key = stat.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return { stat, key, type: gauges.includes(stat) ? "gauge" : "counter" } as const;
    });
    const tags = tag ? [tag.key] : [];
    const source = this.#sources.get(name) ?? this.meter.source({ name, help, tags, fields });
    this.#sources.set(name, source);
    const series = tag ? source.series({ [tag.key]: tag.value }) : source;
    const refresh = () => {
      const stats = read();
      for (const { stat, key } of fields) series.report({ [key]: stats[stat] ?? 0 });
    };
    this.meter.onCollect(refresh, source);
  }
}
