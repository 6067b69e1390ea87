/**
 * A counter source: a function from an event to a key; the fields are one counter a key, and
 * `total`. Keys appear as events bring them. (`counter_metrics` of mirage-monitoring.)
 */
import { MonitorError } from "../errors.js";
import type { Meter } from "../meter.js";
import type { CounterCell } from "./cell.js";
import type { Source } from "./source.js";

export interface CounterSourceOptions<E> {
  readonly name: string;
  readonly help?: string | undefined;
  /** The key under which an event counts; one that cannot be shown counts as `other`. */
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

  constructor(meter: Pick<Meter, "source">, options: CounterSourceOptions<E>) {
    this.#keyOf = options.keyOf;
    const { name, help, keysMax = KEYS_MAX } = options;
    if (!Number.isInteger(keysMax) || keysMax < 1) {
      throw new MonitorError("OPTION_INVALID", `${name}: keysMax ${keysMax} is no count of keys`);
    }
    this.#keysMax = Math.min(keysMax, KEYS_LIMIT);
    this.source = meter.source({ name, help, fields: [{ key: TOTAL, type: "counter" }] });
    this.#total = this.source.counter(TOTAL);
    for (const key of options.keys ?? []) this.#add(key);
  }

  /** Counts one event. */
  count(event: E): void {
    if (!this.#total.active) return;
    this.#find(String(this.#keyOf(event))).inc();
    this.#total.inc();
  }

  #find(key: string): CounterCell {
    const known = this.#counters.get(key);
    if (known !== undefined) return known;
    if (key === OTHER) return this.#add(key);
    if (this.#counters.size >= this.#keysMax) return this.#find(OTHER);
    try {
      return this.#add(key);
    } catch (error) {
      if (!(error instanceof MonitorError)) throw error;
      // Events bring what they like: `total`, nothing, or two keys that Prometheus writes alike.
      const other = this.#find(OTHER);
      this.#counters.set(key, other);
      return other;
    }
  }

  #add(key: string): CounterCell {
    const counter = this.source.addField({ key, type: "counter" }) as CounterCell;
    this.#counters.set(key, counter);
    return counter;
  }
}
