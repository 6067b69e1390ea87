/**
 * The children of a labelled thing: one object a tag set, found through nested maps so that a look-up makes no
 * string. Past the core's caps tag sets share the overflow series and are not remembered.
 */
import type { Core } from "../core.js";
import { encodeValues } from "../definition.js";
import { MonitorError } from "../errors.js";

/** Values by label or tag key. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

type Level<T> = Map<string | number | boolean, Level<T> | T>;

export class Children<T> {
  readonly #root: Level<T> = new Map();
  readonly #bySeries = new Map<number, T>();

  constructor(
    private readonly core: Core,
    private readonly source: number,
    private readonly name: string,
    private readonly keys: readonly string[],
    private readonly make: (series: number) => T,
  ) {}

  /** The child of a tag set; registers it the first time. Throws `TAG_INVALID`. */
  find(labels: Labels): T {
    const { keys } = this;
    let at: Level<T> | T | undefined = this.#root;
    for (let i = 0; i < keys.length; i++) {
      at = (at as Level<T>).get(labels[keys[i] as string] as string);
      if (at === undefined) return this.#register(labels);
    }
    return at as T;
  }

  /** The one child of a thing without keys. */
  only(): T {
    return this.#register({});
  }

  /** Forgets a tag set; its series and child, or undefined if there is none. */
  take(labels: Labels): { series: number; child: T } | undefined {
    let level = this.#root;
    for (const key of this.keys.slice(0, -1)) {
      const next = level.get(labels[key] as string);
      if (!(next instanceof Map)) return undefined;
      level = next as Level<T>;
    }
    const last = labels[this.keys.at(-1) ?? ""] as string;
    const child = level.get(last) as T | undefined;
    if (child === undefined) return undefined;
    level.delete(last);
    for (const [series, other] of this.#bySeries) {
      if (other !== child) continue;
      this.#bySeries.delete(series);
      return { series, child };
    }
    return undefined;
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
    let level = this.#root;
    for (const [index, key] of this.keys.entries()) {
      const value = labels[key] as string;
      if (index === this.keys.length - 1) {
        level.set(value, child);
        return;
      }
      const next = (level.get(value) as Level<T> | undefined) ?? (new Map() as Level<T>);
      level.set(value, next);
      level = next;
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
