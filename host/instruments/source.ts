/**
 * Sources: a name, tag keys, typed fields; and their series, which hold a handle a field.
 */
import { SOURCE_ACTIVE_OFFSET } from "../../assembly/abi.js";
import type { Core } from "../core.js";
import { encodeField, type FieldOptions, type SourceOptions } from "../definition.js";
import { MonitorError } from "../errors.js";
import {
  CounterCell,
  cellMaker,
  DistributionCell,
  type FieldCell,
  GaugeCell,
  IntegerCell,
  TextCell,
} from "./cell.js";
import { Children, type Labels } from "./children.js";

export type { FieldCell } from "./cell.js";

/** What a field may be set to. */
export type FieldValue = number | bigint | boolean | string;

/** The classes of handles, by the methods that give them out. */
const HANDLES = {
  counter: CounterCell,
  gauge: GaugeCell,
  integer: IntegerCell,
  text: TextCell,
  distribution: DistributionCell,
} as const;

/** One series of a source: a handle a field. */
export class SourceSeries {
  constructor(
    readonly name: string,
    protected readonly cells: Map<string, FieldCell>,
  ) {}

  counter(key: string): CounterCell {
    return this.#handle(key, "counter") as CounterCell;
  }

  /** A gauge, float, bool (0, 1) or duration (ns). */
  gauge(key: string): GaugeCell {
    return this.#handle(key, "gauge") as GaugeCell;
  }

  /** An i64 or u64. */
  integer(key: string): IntegerCell {
    return this.#handle(key, "integer") as IntegerCell;
  }

  text(key: string): TextCell {
    return this.#handle(key, "text") as TextCell;
  }

  /** A histogram or summary. */
  distribution(key: string): DistributionCell {
    return this.#handle(key, "distribution") as DistributionCell;
  }

  /** Sets several fields at once; a distribution observes. Throws `FIELD_INVALID`. */
  report(values: Readonly<Record<string, FieldValue>>): void {
    for (const key in values) {
      write(this.#find(key), values[key] as FieldValue, `${this.name}: ${key}`);
    }
  }

  /** Makes every handle write into nothing. */
  retire(): void {
    for (const cell of this.cells.values()) cell.retire();
  }

  #handle(key: string, wanted: keyof typeof HANDLES): FieldCell {
    const cell = this.#find(key);
    if (cell instanceof HANDLES[wanted]) return cell;
    const [kind] = Object.entries(HANDLES).find(([, type]) => cell instanceof type) ?? [];
    throw new MonitorError("FIELD_INVALID", `${this.name}: field ${key} is a ${kind}`);
  }

  #find(key: string): FieldCell {
    const { cells, name } = this;
    const cell = cells.get(key);
    if (cell !== undefined) return cell;
    // Only a source with tags has no field: its series have them.
    if (cells.size === 0) {
      throw new MonitorError("TAG_INVALID", `${name}: has tags; ask series({…}) for its handles`);
    }
    const keys = [...cells.keys()].join(", ");
    throw new MonitorError("FIELD_INVALID", `${name}: no field ${key}; it has ${keys}`);
  }
}

/** A source. Without tags it is its own only series. */
export class Source extends SourceSeries {
  /** The source's record, by byte address. */
  readonly address: number;
  readonly #core: Core;
  readonly #help: string;
  /** Makes the handle of each field. */
  readonly #makers: (readonly [string, (cell: number) => FieldCell])[];
  readonly #children: Children<SourceSeries>;

  constructor(core: Core, options: SourceOptions) {
    const { name, help = name, tags = [], fields } = options;
    super(name, new Map());
    this.#core = core;
    this.#help = help;
    this.#makers = fields.map((field) => [field.key, cellMaker(core, field)]);
    this.#children = new Children(core, options, 0, (series, source) => {
      const isOnly = tags.length === 0;
      const cells = isOnly ? this.cells : new Map<string, FieldCell>();
      for (const [index, [key, make]] of this.#makers.entries()) {
        cells.set(key, make(series + core.fieldOffset(source, index)));
      }
      return isOnly ? this : new SourceSeries(name, cells);
    });
    this.address = this.#children.source;
  }

  /** Whether the source is enabled. */
  get active(): boolean {
    // Asked on hot paths: one object less on the way than by the children.
    return this.#core.words[(this.address + SOURCE_ACTIVE_OFFSET) >>> 2] === 1;
  }

  /** The series of one tag set, registered the first time. Throws `TAG_INVALID`. */
  series(tags: Labels): SourceSeries {
    return this.#children.find(tags);
  }

  /** Removes a series; handles of it write into nothing from then on. False if there is none. */
  remove(tags: Labels): boolean {
    return this.#children.remove(tags);
  }

  /** Adds a field to a source without tags; its handle. Throws `FIELD_INVALID`, `NAME_TAKEN`. */
  addField(field: FieldOptions): FieldCell {
    const { key } = field;
    const message = encodeField(field, this.#help);
    const address = this.#core.registerField(this.address, message, `${this.name}: field ${key}`);
    const make = cellMaker(this.#core, field);
    const cell = make(address);
    this.#makers.push([key, make]);
    this.cells.set(key, cell);
    return cell;
  }
}

function write(cell: FieldCell, value: FieldValue, subject: string): void {
  const isText = cell instanceof TextCell;
  if (value === undefined || value === null || (typeof value === "string" && !isText)) {
    const message = `${subject} is "${value}": give a value of its type, or leave it out`;
    throw new MonitorError("VALUE_INVALID", message);
  }
  if (isText) cell.set(String(value));
  else if (cell instanceof IntegerCell) cell.set(typeof value === "bigint" ? value : Number(value));
  else if (cell instanceof CounterCell) cell.report(Number(value));
  else if (cell instanceof GaugeCell) cell.set(Number(value));
  else cell.observe(Number(value));
}
