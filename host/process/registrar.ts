/**
 * What the sources of the process ask of a monitor, and nothing more, so that this folder imports
 * nothing from it.
 */

/** One gauge. */
export interface GaugeSeries {
  /** False while disabled: nothing is recorded then. Absent means true. */
  readonly active?: boolean;
  set(value: number): void;
}

/** A family of gauges. */
export interface Gauge extends GaugeSeries {
  child(labels: Readonly<Record<string, string>>): GaugeSeries;
}

/** A counter without labels. */
export interface Counter {
  /** False while disabled: nothing is recorded then. Absent means true. */
  readonly active?: boolean;
  inc(amount: number): void;
}

/** One histogram. */
export interface HistogramSeries {
  observe(value: number): void;
}

/** A family of histograms. */
export interface Histogram extends HistogramSeries {
  /** False while disabled: nothing is recorded then. Absent means true. */
  readonly active?: boolean;
  child(labels: Readonly<Record<string, string>>): HistogramSeries;
}

/** Name and meaning of a family. */
export interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  /** Label names. @default none */
  readonly labels?: readonly string[];
}

/** One typed value of a source. */
export interface FieldDefinition {
  readonly key: string;
  readonly type: "counter" | "gauge" | "float-counter";
  readonly help?: string;
  readonly unit?: string;
}

/** A source without tags. */
export interface Source {
  /** False while disabled: nothing is recorded then. Absent means true. */
  readonly active?: boolean;
  /** The handle of a counter field. */
  counter(key: string): Counter;
  /** The handle of a gauge field. */
  gauge(key: string): GaugeSeries;
}

/** Where the sources register. */
export interface Registrar {
  source(definition: {
    readonly name: string;
    readonly help?: string;
    readonly fields: readonly FieldDefinition[];
  }): Source;
  gauge(options: FamilyOptions): Gauge;
  counter(options: FamilyOptions): Counter;
  histogram(options: FamilyOptions & { readonly bounds?: readonly number[] }): Histogram;
  /** Calls `hook` just before every gather. */
  onCollect(hook: () => void): void;
}

/** A group of values that are read together. */
export interface Part {
  /** What it writes: it is left alone while all of these are disabled. */
  readonly instruments: readonly { readonly active?: boolean }[];
  /** Brings the values up to date, at once. May throw if the system refuses: old values stay. */
  refresh?(): void;
  /** Begins to observe what cannot be asked for later. */
  start?(): void;
  /** Ends what `start` began; `start` may follow. */
  stop?(): void;
}
