/**
 * The children of a labelled thing: one object a tag set, found by comparing values, so that a
 * look-up makes no string. Past the core's caps tag sets share the overflow series and are not
 * remembered.
 */
import type { Core } from "../core.js";
import { encodeValues } from "../definition.js";
import { MonitorError } from "../errors.js";

/** A label's or tag's value; numbers and booleans count as their text. */
export type LabelValue = string | number | boolean;

/** Values by label or tag key. */
export type Labels = Readonly<Record<string, LabelValue>>;

/** Finds and registers children. `keys` are the labels, in the definition's order. */
export class Children<T> {
  readonly #root: Branch<T> = new Branch();
  readonly #bySeries = new Map<number, T>();
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
    let branch: Branch<T> = this.#root;
    for (const key of this.keys.slice(0, -1)) {
      const next = branch.get(labels[key]);
      if (next === undefined) return undefined;
      branch = next as Branch<T>;
    }
    const last = labels[this.keys.at(-1) ?? ""];
    const child = branch.get(last) as T | undefined;
    if (child === undefined) return undefined;
    branch.delete(last);
    for (const [series, other] of this.#bySeries) {
      if (other !== child) continue;
      this.#bySeries.delete(series);
      return { series, child };
    }
    return undefined;
  }

  #findDeeper(from: Branch<T>, labels: Labels): Branch<T> | T | undefined {
    let at: Branch<T> | T | undefined = from;
    for (let i = 3; i < this.keys.length && at !== undefined; i++) {
      at = (at as Branch<T>).get(labels[this.keys[i] as string]);
    }
    return at;
  }

  #register(labels: Labels): T {
    const { core, keys } = this;
    this.#refuseOthers(labels);
    const values = keys.map((key) => this.#valueOf(labels, key));
    const overflows = core.exports.overflowCount();
    const series = core.registerSeries(this.source, encodeValues(values), this.name);
    const child = this.#bySeries.get(series) ?? this.make(series);
    this.#bySeries.set(series, child);
    if (core.exports.overflowCount() === overflows) this.#remember(labels, child);
    return child;
  }

  #remember(labels: Labels, child: T): void {
    let branch: Branch<T> = this.#root;
    for (const [index, key] of this.keys.entries()) {
      const value = labels[key];
      if (index === this.keys.length - 1) {
        branch.set(value, child);
        return;
      }
      const next = (branch.get(value) as Branch<T> | undefined) ?? new Branch<T>();
      branch.set(value, next);
      branch = next;
    }
  }

  #valueOf(labels: Labels, key: string): string {
    const value = labels[key];
    if (value !== undefined && value !== null) return String(value);
    throw new MonitorError("TAG_INVALID", `${this.name}: no value for ${key}; ${this.#wanted()}`);
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

/** What follows one label's values. Most branches have one value only: it stands in the object. */
class Branch<T> {
  #value: LabelValue | undefined;
  #next: Branch<T> | T | undefined;
  #others: Map<LabelValue | undefined, Branch<T> | T> | undefined;

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
