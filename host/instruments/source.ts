/**
 * Sources: a name, tag keys, typed fields; and their series, which hold a handle a field.
 */
import type { Core } from "../core.js";
import {
  BOUNDS,
  encodeField,
  encodeSource,
  type FieldKind,
  type FieldOptions,
  type SourceOptions,
} from "../definition.js";
import { MonitorError } from "../errors.js";
import { Buckets } from "./buckets.js";
import { CounterCell, DistributionCell, GaugeCell, IntegerCell, TextCell } from "./cell.js";
import { Children, type Labels } from "./children.js";

/** Any handle of a field. */
export type FieldCell = CounterCell | GaugeCell | IntegerCell | TextCell | DistributionCell;

/** What a field may be set to. */
export type FieldValue = number | bigint | boolean | string;

/** One series of a source: a handle a field. */
export class SourceSeries {
  constructor(
    private readonly name: string,
    private readonly cells: Map<string, FieldCell>,
  ) {}

  counter(key: string): CounterCell {
    return this.#cell(key, CounterCell);
  }

  /** A gauge, float, bool (0, 1) or duration (ns). */
  gauge(key: string): GaugeCell {
    return this.#cell(key, GaugeCell);
  }

  /** An i64 or u64. */
  integer(key: string): IntegerCell {
    return this.#cell(key, IntegerCell);
  }

  text(key: string): TextCell {
    return this.#cell(key, TextCell);
  }

  /** A histogram or summary. */
  distribution(key: string): DistributionCell {
    return this.#cell(key, DistributionCell);
  }

  /** Sets several fields at once; a distribution observes. Throws `FIELD_INVALID`. */
  report(values: Readonly<Record<string, FieldValue>>): void {
    for (const key in values) {
      const cell = this.cells.get(key);
      if (cell === undefined) throw this.#unknown(key);
      write(cell, values[key] as FieldValue, `${this.name}: ${key}`);
    }
  }

  /** Makes every handle write into nothing. */
  retire(): void {
    for (const cell of this.cells.values()) cell.retire();
  }

  #cell<T extends FieldCell>(key: string, kind: new (core: Core, cell: number) => T): T {
    const cell = this.cells.get(key);
    if (cell === undefined) throw this.#unknown(key);
    if (cell instanceof kind) return cell;
    throw new MonitorError("FIELD_INVALID", `${this.name}: field ${key} is a ${nameOf(cell)}`);
  }

  #unknown(key: string): MonitorError {
    const keys = [...this.cells.keys()].join(", ");
    return new MonitorError("FIELD_INVALID", `${this.name}: no field ${key}; it has ${keys}`);
  }
}

/** A source. Without tags it is its own only series. */
export class Source {
  readonly name: string;
  /** The source's record, by byte address. */
  readonly address: number;
  readonly #core: Core;
  readonly #help: string;
  readonly #fields: FieldOptions[];
  readonly #children: Children<SourceSeries>;
  readonly #onlyCells = new Map<string, FieldCell>();
  readonly #buckets = new Map<string, Buckets>();
  readonly #only: SourceSeries | undefined;

  constructor(core: Core, options: SourceOptions) {
    this.name = options.name;
    this.#core = core;
    this.#help = options.help ?? options.name;
    this.#fields = [...options.fields];
    this.address = core.registerSource(encodeSource(options), `source ${options.name}`);
    const tags = options.tags ?? [];
    this.#children = new Children(core, this.address, this.name, tags, (series) =>
      this.#open(series, tags.length === 0 ? this.#onlyCells : new Map()),
    );
    this.#only = tags.length === 0 ? this.#children.only() : undefined;
  }

  /** Whether the source is enabled. */
  get active(): boolean {
    return this.#core.words[this.address >>> 2] === 1;
  }

  /** The series of one tag set, registered the first time. Throws `TAG_INVALID`. */
  series(tags: Labels): SourceSeries {
    return this.#children.find(tags);
  }

  /** Removes a series; handles of it write into nothing from then on. False if there is none. */
  remove(tags: Labels): boolean {
    const taken = this.#children.take(tags);
    if (taken === undefined) return false;
    taken.child.retire();
    this.#core.exports.removeSeries(taken.series);
    return true;
  }

  /** Adds a field to a source without tags; its handle. Throws `FIELD_INVALID`, `NAME_TAKEN`. */
  addField(field: FieldOptions): FieldCell {
    const subject = `${this.name}: field ${field.key}`;
    const address = this.#core.registerField(this.address, encodeField(field, this.#help), subject);
    const cell = this.#openCell(field, address);
    this.#fields.push(field);
    this.#onlyCells.set(field.key, cell);
    return cell;
  }

  counter(key: string): CounterCell {
    return this.#single().counter(key);
  }

  gauge(key: string): GaugeCell {
    return this.#single().gauge(key);
  }

  integer(key: string): IntegerCell {
    return this.#single().integer(key);
  }

  text(key: string): TextCell {
    return this.#single().text(key);
  }

  distribution(key: string): DistributionCell {
    return this.#single().distribution(key);
  }

  /** Sets several fields of a source without tags. */
  report(values: Readonly<Record<string, FieldValue>>): void {
    this.#single().report(values);
  }

  #single(): SourceSeries {
    if (this.#only !== undefined) return this.#only;
    throw new MonitorError(
      "TAG_INVALID",
      `${this.name}: has tags; ask series({…}) for its handles`,
    );
  }

  #open(series: number, cells: Map<string, FieldCell>): SourceSeries {
    for (const [index, field] of this.#fields.entries()) {
      const offset = this.#core.exports.fieldOffset(this.address, index);
      cells.set(field.key, this.#openCell(field, series + offset));
    }
    return new SourceSeries(this.name, cells);
  }

  #openCell(field: FieldOptions, cell: number): FieldCell {
    const { key, type, bounds = BOUNDS } = field;
    let buckets = this.#buckets.get(key);
    if (type === "histogram" && buckets === undefined) {
      buckets = new Buckets(bounds);
      this.#buckets.set(key, buckets);
    }
    return openCell(this.#core, type, cell, buckets);
  }
}

function openCell(core: Core, type: FieldKind, cell: number, buckets?: Buckets): FieldCell {
  switch (type) {
    case "counter":
    case "float-counter":
      return new CounterCell(core, cell);
    case "i64":
    case "u64":
      return new IntegerCell(core, cell);
    case "histogram":
    case "summary":
      return new DistributionCell(core, cell, buckets);
    case "text":
      return new TextCell(core, cell);
    default:
      return new GaugeCell(core, cell);
  }
}

function write(cell: FieldCell, value: FieldValue, subject: string): void {
  if (value === undefined || value === null) {
    throw new MonitorError("VALUE_INVALID", `${subject} is ${value}: leave it out`);
  }
  if (cell instanceof TextCell) cell.set(String(value));
  else if (typeof value === "string") {
    throw new MonitorError("VALUE_INVALID", `${subject} is no text: "${value}"`);
  } else if (cell instanceof IntegerCell)
    cell.set(typeof value === "boolean" ? Number(value) : value);
  else if (cell instanceof CounterCell) cell.report(Number(value));
  else if (cell instanceof GaugeCell) cell.set(Number(value));
  else cell.observe(Number(value));
}

function nameOf(cell: FieldCell): string {
  return cell.constructor.name.replace("Cell", "").toLowerCase();
}
