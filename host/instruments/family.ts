/**
 * Prometheus-style families: a name, labels, and one value a child.
 */
import { SourceFlag } from "../../assembly/abi.js";
import type { Core } from "../core.js";
import type { FieldOptions } from "../definition.js";
import { MonitorError } from "../errors.js";
import {
  type Cell,
  type CounterCell,
  cellMaker,
  type DistributionCell,
  type GaugeCell,
} from "./cell.js";
import { Children, type Labels } from "./children.js";

export interface FamilyOptions {
  /** Joined by `_` before the name. */
  readonly namespace?: string | undefined;
  readonly subsystem?: string | undefined;
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`. */
  readonly name: string;
  readonly help: string;
  /** Label names, `[a-zA-Z_][a-zA-Z0-9_]*`. @default none */
  readonly labels?: readonly string[] | undefined;
  /** Hides a series whose value has not changed for this long, in milliseconds. @default never */
  readonly ttlMs?: number | undefined;
}

export interface CounterOptions extends FamilyOptions {
  /** Keeps the name without `_total`; OpenMetrics then shows type `unknown`. @default false */
  readonly exactName?: boolean | undefined;
}

export interface HistogramOptions extends FamilyOptions {
  /** Upper bounds, ascending; `+Inf` is implied. @default `BOUNDS` */
  readonly bounds?: readonly number[] | undefined;
}

export interface SummaryOptions extends FamilyOptions {
  /** Each in [0, 1], ascending; within 1.6 %; 8 KiB a series if any. @default none */
  readonly quantiles?: readonly number[] | undefined;
}

/** A family whose children are handles of one kind. */
export class Family<C extends Cell> {
  readonly name: string;
  /** The family's source record, by byte address. */
  readonly source: number;
  readonly #children: Children<C>;
  readonly #single: C | undefined;

  constructor(
    core: Core,
    { namespace, subsystem, name, help, labels, ttlMs }: FamilyOptions,
    field: Omit<FieldOptions, "key">,
    flags: SourceFlag | 0 = 0,
  ) {
    this.name = [namespace, subsystem, name].filter(Boolean).join("_");
    const fields = [{ key: "value", help, ...field }];
    const make = cellMaker(core, field) as unknown as (cell: number) => C;
    this.#children = new Children(
      core,
      { name: this.name, help, tags: labels, ttlMs, fields },
      SourceFlag.Family | flags,
      (series, source) => make(series + core.fieldOffset(source, 0)),
    );
    this.source = this.#children.source;
    this.#single = this.#children.only;
  }

  /** Whether the family is enabled. */
  get active(): boolean {
    return this.#children.active;
  }

  /** The handle of one label set, registered the first time. Throws `TAG_INVALID`. */
  child(labels: Labels): C {
    return this.#children.find(labels);
  }

  /** Removes a series; handles of it write into nothing from then on. False if there is none. */
  remove(labels: Labels): boolean {
    return this.#children.remove(labels);
  }

  /** The handle of a family without labels. Throws `TAG_INVALID` if it has some. */
  protected get single(): C {
    if (this.#single !== undefined) return this.#single;
    throw new MonitorError("TAG_INVALID", `${this.name}: give its labels`);
  }
}

/** Counters. */
export class Counter extends Family<CounterCell> {
  constructor(core: Core, options: CounterOptions) {
    const flags = options.exactName === true ? SourceFlag.ExactName : 0;
    super(core, options, { type: "float-counter" }, flags);
  }

  /** Adds `amount`; with labels, to the child that has them. */
  inc(amount?: number): void;
  inc(labels: Labels, amount?: number): void;
  inc(first?: Labels | number, amount?: number): void {
    if (typeof first === "object") this.child(first).inc(amount);
    else this.single.inc(first);
  }

  /** Sets the total of a family without labels, as a system that counts by itself reports it. */
  report(total: number): void {
    this.single.report(total);
  }

  get(): number {
    return this.single.get();
  }
}

/** Gauges. */
export class Gauge extends Family<GaugeCell> {
  constructor(core: Core, options: FamilyOptions) {
    super(core, options, { type: "float-gauge" });
  }

  set(value: number): void;
  set(labels: Labels, value: number): void;
  set(first: Labels | number, value?: number): void {
    if (typeof first === "object") this.child(first).set(value as number);
    else this.single.set(first);
  }

  inc(amount?: number): void;
  inc(labels: Labels, amount?: number): void;
  inc(first?: Labels | number, amount?: number): void {
    if (typeof first === "object") this.child(first).inc(amount);
    else this.single.inc(first);
  }

  dec(amount?: number): void;
  dec(labels: Labels, amount?: number): void;
  dec(first?: Labels | number, amount?: number): void {
    if (typeof first === "object") this.child(first).dec(amount);
    else this.single.dec(first);
  }

  get(): number {
    return this.single.get();
  }

  /** Counts `work` as in progress while it runs. */
  track<T>(work: () => T): T {
    return this.single.track(work);
  }

  /** Sets the gauge to how long `work` took, in seconds. */
  time<T>(work: () => T): T {
    return this.single.time(work);
  }
}

/** Histograms and summaries. */
export class Distribution extends Family<DistributionCell> {
  constructor(
    core: Core,
    options: HistogramOptions & SummaryOptions,
    type: "histogram" | "summary",
  ) {
    const { bounds, quantiles } = options;
    super(core, options, { type, bounds, quantiles });
  }

  /** Counts one value; with labels, in the child that has them. */
  observe(value: number): void;
  observe(labels: Labels, value: number): void;
  observe(first: Labels | number, value?: number): void {
    if (typeof first === "object") this.child(first).observe(value as number);
    else this.single.observe(first);
  }

  /** Observes how long `work` takes, in seconds. */
  time<T>(work: () => T): T {
    return this.single.time(work);
  }

  /** Starts a timer; the function returned observes the seconds since, and returns them. */
  startTimer(): () => number {
    return this.single.startTimer();
  }
}
