/**
 * The children of a labelled thing: one object a tag set, found by comparing values, so that a
 * look-up makes no string. Past the core's caps tag sets share the overflow series and are not
 * remembered.
 */
import type { Core } from "../core.js";
import { encodeValues, fitTagValue } from "../definition.js";
import { MonitorError } from "../errors.js";

/** A label's or tag's value; what is no text counts as its text: 1 and "1" are one value. */
export type LabelValue = string | number | bigint | boolean;

/** Values by label or tag key. */
export type Labels = Readonly<Record<string, LabelValue>>;

/** Finds and registers children. `keys` are the labels, in the definition's order. */
export class Children<T> {
  readonly #root: Branch<T> = new Branch();
  readonly #bySeries = new Map<number, T>();
  /** Under which other values than its texts a child is found; few have any. */
  readonly #aliases = new Map<T, (readonly LabelValue[])[]>();
  // The first three keys by name: each look-up below is then a site of its own, which V8 can cache.
  readonly #key0: string;
  readonly #key1: string;
  readonly #key2: string;

  constructor(
    private readonly core: Core,
    private readonly source: number,
    private readonly name: string,
    private readonly keys: readonly string[],
    private readonly make: (series: number) => T,
  ) {
    [this.#key0 = "", this.#key1 = "", this.#key2 = ""] = keys;
  }

  /** The child of a tag set; registers it the first time. Throws `TAG_INVALID`. */
  find(labels: Labels): T {
    const count = this.keys.length;
    if (count === 0) return this.#register(labels);
    let at: Branch<T> | T | undefined = this.#root.get(labels[this.#key0]);
    if (count > 1 && at !== undefined) {
      at = (at as Branch<T>).get(labels[this.#key1]);
      if (count > 2 && at !== undefined) {
        at = (at as Branch<T>).get(labels[this.#key2]);
        if (count > 3 && at !== undefined) at = this.#findDeeper(at as Branch<T>, labels);
      }
    }
    return at === undefined ? this.#register(labels) : (at as T);
  }

  /** The one child of a thing without keys. */
  only(): T {
    return this.#register({});
  }

  /** Forgets a tag set; its series and child, or undefined if there is none. */
  take(labels: Labels): { series: number; child: T } | undefined {
    const texts = this.#readValues(labels).map((value) => fitTagValue(String(value)));
    const child = this.#forget(texts);
    if (child === undefined) return undefined;
    for (const values of this.#aliases.get(child) ?? []) this.#forget(values);
    this.#aliases.delete(child);
    const series = this.core.registerSeries(this.source, encodeValues(texts), this.name);
    this.#bySeries.delete(series);
    return { series, child };
  }

  #findDeeper(from: Branch<T>, labels: Labels): Branch<T> | T | undefined {
    let at: Branch<T> | T | undefined = from;
    for (let i = 3; i < this.keys.length && at !== undefined; i++) {
      at = (at as Branch<T>).get(labels[this.keys[i] as string]);
    }
    return at;
  }

  #register(labels: Labels): T {
    const { core } = this;
    this.#refuseOthers(labels);
    const values = this.#readValues(labels);
    const texts = values.map((value) => this.#fit(String(value)));
    const overflows = core.overflowCount;
    const series = core.registerSeries(this.source, encodeValues(texts), this.name);
    const child = this.#bySeries.get(series) ?? this.make(series);
    this.#bySeries.set(series, child);
    if (core.overflowCount !== overflows) return child;
    this.#remember(texts, child);
    if (values.some((value) => typeof value !== "string")) this.#addAlias(values, child);
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
    if (values.some(Number.isNaN)) return;
    this.#remember(values, child);
    const aliases = this.#aliases.get(child);
    if (aliases === undefined) this.#aliases.set(child, [values]);
    else aliases.push(values);
  }

  #remember(values: readonly LabelValue[], child: T): void {
    let branch: Branch<T> = this.#root;
    for (const [index, value] of values.entries()) {
      if (index === values.length - 1) {
        branch.set(value, child);
        return;
      }
      const next = (branch.get(value) as Branch<T> | undefined) ?? new Branch<T>();
      branch.set(value, next);
      branch = next;
    }
  }

  /** Takes a child out, and the branches that held nothing else. */
  #forget(values: readonly LabelValue[]): T | undefined {
    const path: Branch<T>[] = [];
    let at: Branch<T> | T | undefined = this.#root;
    for (const value of values) {
      if (at === undefined) return undefined;
      path.push(at as Branch<T>);
      at = (at as Branch<T>).get(value);
    }
    if (at === undefined || path.length === 0) return undefined;
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const branch = path[depth] as Branch<T>;
      branch.delete(values[depth]);
      if (!branch.isEmpty) break;
    }
    return at as T;
  }

  /** Reads each value once: it may be a getter's. */
  #readValues(labels: Labels): LabelValue[] {
    return this.keys.map((key) => {
      const value: unknown = labels[key];
      if (isLabelValue(value)) return value;
      const what =
        value === undefined || value === null
          ? `no value for ${key}`
          : `the value of ${key} is ${articled(typeof value)}, not text or a number`;
      throw new MonitorError("TAG_INVALID", `${this.name}: ${what}; ${this.#wanted()}`);
    });
  }

  #refuseOthers(labels: Labels): void {
    const other = Object.keys(labels).find((key) => !this.keys.includes(key));
    if (other === undefined) return;
    throw new MonitorError("TAG_INVALID", `${this.name}: unknown ${other}; ${this.#wanted()}`);
  }

  #wanted(): string {
    return this.keys.length === 0 ? "it has no labels" : `it has ${this.keys.join(", ")}`;
  }
}

/** Objects and functions are refused: also those that every object inherits, as `constructor`. */
function isLabelValue(value: unknown): value is LabelValue {
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" || type === "bigint";
}

function articled(type: string): string {
  return type === "object" ? "an object" : `a ${type}`;
}

/** What follows one label's values. Most branches have one value only: it stands in the object. */
class Branch<T> {
  #value: LabelValue | undefined;
  #next: Branch<T> | T | undefined;
  #others: Map<LabelValue | undefined, Branch<T> | T> | undefined;

  get isEmpty(): boolean {
    return this.#next === undefined && (this.#others?.size ?? 0) === 0;
  }

  get(value: LabelValue | undefined): Branch<T> | T | undefined {
    if (value === this.#value) return this.#next;
    return this.#others === undefined ? undefined : this.#others.get(value);
  }

  set(value: LabelValue | undefined, next: Branch<T> | T): void {
    if (this.#next === undefined || value === this.#value) {
      this.#others?.delete(value);
      this.#value = value;
      this.#next = next;
      return;
    }
    this.#others ??= new Map();
    this.#others.set(value, next);
  }

  delete(value: LabelValue | undefined): void {
    if (value === this.#value) {
      this.#value = undefined;
      this.#next = undefined;
    } else this.#others?.delete(value);
  }
}
