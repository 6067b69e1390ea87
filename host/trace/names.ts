/**
 * Move-to-front tables of names, in which locations are coded: 31 file names, and for each of them
 * 31 names of definitions.
 *
 * Format: janestreet/memtrace `location_codec.ml`.
 */

/** The index that means: a name follows, which is new. */
export const NEW_NAME = 31;

const ENTRIES_MAX = 31;

/** The most recently used keys first, each with a value. */
export class RecentTable<Value> {
  readonly #keys: string[] = [];
  readonly #values: Value[] = [];

  /** The value that the next push will push out; undefined while there is room. */
  get last(): Value | undefined {
    return this.#values[ENTRIES_MAX - 1];
  }

  /** Key and value at `index`, which move to the front; undefined if there are none. */
  use(index: number): readonly [string, Value] | undefined {
    if (index >= this.#keys.length) return undefined;
    const [key] = this.#keys.splice(index, 1) as [string];
    const [value] = this.#values.splice(index, 1) as [Value];
    return this.push(key, value);
  }

  /** Puts a new entry in front; the 32nd falls out. */
  push(key: string, value: Value): readonly [string, Value] {
    this.#keys.unshift(key);
    this.#values.unshift(value);
    if (this.#keys.length > ENTRIES_MAX) {
      this.#keys.pop();
      this.#values.pop();
    }
    return [key, value];
  }
}
