/**
 * A counter source: a function from an event to a key; the fields are one counter a key, and
 * `total`. Keys appear as events bring them. (`counter_metrics` of mirage-monitoring.)
 */
import type { Core } from "../core.js";
import type { CounterCell } from "./cell.js";
import { Source } from "./source.js";

export interface CounterSourceOptions<E> {
  readonly name: string;
  readonly help?: string | undefined;
  /** The key under which an event counts. */
  readonly keyOf: (event: E) => string;
  /** Keys to show from the start, at 0. @default none */
  readonly keys?: readonly string[] | undefined;
  /** Keys at most; events of further ones count as `other`. At most 240. @default 64 */
  readonly keysMax?: number | undefined;
}

const KEYS_MAX = 64;
const KEYS_LIMIT = 240;
const TOTAL = "total";
const OTHER = "other";

export class CounterSource<E> {
  readonly source: Source;
  readonly #keyOf: (event: E) => string;
  readonly #total: CounterCell;
  readonly #counters = new Map<string, CounterCell>();
  readonly #keysMax: number;

  constructor(core: Core, options: CounterSourceOptions<E>) {
    this.#keyOf = options.keyOf;
    this.#keysMax = Math.min(options.keysMax ?? KEYS_MAX, KEYS_LIMIT);
    const { name, help } = options;
    this.source = new Source(core, { name, help, fields: [{ key: TOTAL, type: "counter" }] });
    this.#total = this.source.counter(TOTAL);
    for (const key of options.keys ?? []) this.#find(key);
  }

  /** Counts one event. */
  count(event: E): void {
    if (!this.#total.active) return;
    this.#find(this.#keyOf(event)).inc();
    this.#total.inc();
  }

  #find(key: string): CounterCell {
    const known = this.#counters.get(key);
    if (known !== undefined) return known;
    if (this.#counters.size >= this.#keysMax && key !== OTHER) return this.#find(OTHER);
    const counter = this.source.addField({ key, type: "counter" }) as CounterCell;
    this.#counters.set(key, counter);
    return counter;
  }
}
