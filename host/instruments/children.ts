/**
 * The children of a labelled thing: one object a tag set, found by comparing values, so that a
 * look-up makes no string. Past the core's caps tag sets share the overflow series and are not
 * remembered.
 */

import { SOURCE_ACTIVE_OFFSET, type SourceFlag } from "../../assembly/abi.js";
import type { Core } from "../core.js";
import { encodeSource, encodeValues, fitTagValue, type SourceOptions } from "../definition.js";
import { MonitorError } from "../errors.js";

/** A label's or tag's value; what is no text counts as its text: 1 and "1" are one value. */
export type LabelValue = string | number | bigint | boolean;

/** Values by label or tag key. */
export type Labels = Readonly<Record<string, LabelValue>>;

/** A registered source, and its children. */
export class Children<T extends { retire(): void }> {
  readonly name: string;
  /** The labels, in the definition's order. */
  readonly keys: readonly string[];
  /** The source's record, by byte address. */
  readonly source: number;
  /** The one child of a source without labels. */
  readonly only: T | undefined;
  readonly #root: Branch<T> = new Branch();
  readonly #bySeries = new Map<number, T>();
  /** Under which other values than its texts a child is found; few have any. */
  readonly #aliases = new Map<T, (readonly LabelValue[])[]>();
  // The first three keys by name: each look-up below is then a site of its own, which V8 can cache.
  readonly #key0: string;
  readonly #key1: string;
  readonly #key2: string;

  /** Registers the source; `make` is given the address of a new series. */
  constructor(
    private readonly core: Core,
    definition: SourceOptions,
    flags: SourceFlag | 0,
    private readonly make: (series: number, source: number) => T,
  ) {
    const { name, tags = [] } = definition;
    this.name = name;
    this.keys = tags;
    [this.#key0 = "", this.#key1 = "", this.#key2 = ""] = tags;
    this.source = core.registerSource(encodeSource(definition, flags), name);
    this.only = tags.length === 0 ? this.#register({}) : undefined;
  }

  /** Whether the source is enabled. */
  get active(): boolean {
    return this.core.words[(this.source + SOURCE_ACTIVE_OFFSET) >>> 2] === 1;
  }

  /** The child of a tag set; registers it the first time. Throws `TAG_INVALID`. */
  find(labels: Labels): T {
    const count = this.keys.length;
    let at: Branch<T> | T | undefined = this.#root.get(labels[this.#key0]);
    if (count > 1 && at !== undefined) {
      at = (at as Branch<T>).get(labels[this.#key1]);
      if (count > 2 && at !== undefined) {
        at = (at as Branch<T>).get(labels[this.#key2]);
        for (let i = 3; i < count && at !== undefined; i++) {
          at = (at as Branch<T>).get(labels[this.keys[i] as string]);
        }
      }
    }
    return at === undefined ? this.#register(labels) : (at as T);
  }

  /** Removes a series; its child writes into nothing from then on. False if there is none. */
  remove(labels: Labels): boolean {
    const texts = this.#readValues(labels).map((value) => fitTagValue(String(value)));
    const child = this.#forget(texts);
    if (child === undefined) return false;
    for (const values of this.#aliases.get(child) ?? []) this.#forget(values);
    this.#aliases.delete(child);
    const series = this.core.registerSeries(this.source, encodeValues(texts), this.name);
    this.#bySeries.delete(series);
    child.retire();
    this.core.exports.remove(series);
    return true;
  }

  #register(labels: Labels): T {
    const { core } = this;
    for (const key of Object.keys(labels)) {
      if (!this.keys.includes(key)) this.#refuse(`unknown ${key}`);
    }
    const values = this.#readValues(labels);
    const texts = values.map((value) => this.#fit(String(value)));
    const overflows = core.overflowCount;
    const series = core.registerSeries(this.source, encodeValues(texts), this.name);
    const child = this.#bySeries.get(series) ?? this.make(series, this.source);
    this.#bySeries.set(series, child);
    if (core.overflowCount === overflows) {
      this.#remember(texts, child);
      this.#addAlias(values, child);
    }
    return child;
  }

  /** A value that is cut is looked up anew each time: the long text is not kept. */
  #fit(text: string): string {
    const fitting = fitTagValue(text);
    if (fitting.length < text.length) this.core.truncations++;
    return fitting;
  }

  /** NaN, which equals nothing, would be added anew each time: it is found by its text. */
  #addAlias(values: readonly LabelValue[], child: T): void {
    if (values.every((value) => typeof value === "string") || values.some(Number.isNaN)) return;
    this.#remember(values, child);
    this.#aliases.set(child, [...(this.#aliases.get(child) ?? []), values]);
  }

  #remember(values: readonly LabelValue[], child: T): void {
    let branch: Branch<T> = this.#root;
    const last = values.length - 1;
    for (let depth = 0; depth < last; depth++) {
      const value = values[depth];
      const next = (branch.get(value) as Branch<T> | undefined) ?? new Branch<T>();
      branch.set(value, next);
      branch = next;
    }
    branch.set(values[last], child);
  }

  /** Takes a child out, and the branches that held nothing else. */
  #forget(values: readonly LabelValue[]): T | undefined {
    const path: (Branch<T> | undefined)[] = [this.#root];
    for (const [depth, value] of values.entries()) {
      path.push(path[depth]?.get(value) as Branch<T> | undefined);
    }
    const child = path[values.length];
    if (child === undefined || child === this.#root) return undefined;
    let depth = values.length;
    do path[--depth]?.delete(values[depth]);
    while (depth > 0 && path[depth]?.isEmpty);
    return child as unknown as T;
  }

  /**
   * Reads each value once: it may be a getter's. Objects and functions are refused: also those that
   * every object inherits, as `constructor`.
   */
  #readValues(labels: Labels): LabelValue[] {
    return this.keys.map((key) => {
      const value: unknown = labels[key];
      if (LABEL_TYPES.includes(typeof value)) return value as LabelValue;
      return this.#refuse(`${key} is ${typeof value}, not text or a number`);
    });
  }

  #refuse(what: string): never {
    const wanted = this.keys.join(", ") || "none";
    throw new MonitorError("TAG_INVALID", `${this.name}: label ${what}; its labels: ${wanted}`);
  }
}

const LABEL_TYPES = ["string", "number", "boolean", "bigint"];

/** What follows one label's values. Most branches have one value only: it stands in the object. */
class Branch<T> {
  #value: LabelValue | undefined;
  #next: Branch<T> | T | undefined;
  #others: Map<LabelValue | undefined, Branch<T> | T> | undefined;

  get isEmpty(): boolean {
    return this.#next === undefined && !this.#others?.size;
  }

  get(value: LabelValue | undefined): Branch<T> | T | undefined {
    if (value === this.#value) return this.#next;
    // Not `?.`, which asks for null too, on the hottest path.
    return this.#others === undefined ? undefined : this.#others.get(value);
  }

  set(value: LabelValue | undefined, next: Branch<T> | T): void {
    if (this.#next === undefined || value === this.#value) {
      this.#others?.delete(value);
      this.#value = value;
      this.#next = next;
    } else {
      this.#others ??= new Map();
      this.#others.set(value, next);
    }
  }

  delete(value: LabelValue | undefined): void {
    if (value === this.#value) {
      this.#value = undefined;
      this.#next = undefined;
    } else this.#others?.delete(value);
  }
}
