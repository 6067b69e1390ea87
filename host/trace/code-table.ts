/**
 * Location codes of a whole trace, numbered as they appear, and what they stand for.
 */
import type { Location } from "../symbols/location.js";

/** Different codes in one trace: a map of more would not fit either. */
export const CODES_MAX = 1 << 22;

/** The number of code 0, which stands for what the writer's cache holds before anything else. */
export const ZERO_CODE = 0;

const NONE: readonly Location[] = [];

/** Numbers 64-bit codes, so that a backtrace is an array of small integers. */
export class CodeTable {
  readonly #numbers = new Map<bigint | number, number>();
  readonly #codes: bigint[] = [];
  readonly #locations: (readonly Location[])[] = [];

  constructor() {
    this.number(0n);
  }

  /** How many codes there are. */
  get count(): number {
    return this.#codes.length;
  }

  /** The number of a code, new if it was not seen before; undefined when there are too many. */
  number(code: bigint): number | undefined {
    // A number is the faster key; the codes of wasm guests and most others fit.
    const key = code >= 0n && code <= Number.MAX_SAFE_INTEGER ? Number(code) : code;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#codes.length;
    if (number === CODES_MAX) return undefined;
    this.#numbers.set(key, number);
    this.#codes.push(code);
    this.#locations.push(NONE);
    return number;
  }

  /** The code itself, as the writer chose it. */
  code(number: number): bigint {
    return this.#codes[number] ?? 0n;
  }

  /** What a code stands for, outermost function first; empty if the trace does not say. */
  locations(number: number): readonly Location[] {
    return this.#locations[number] ?? NONE;
  }

  /** Says what a code stands for; false if it was said to be something else, which stays. */
  describe(number: number, locations: readonly Location[]): boolean {
    const known = this.#locations[number] ?? NONE;
    if (known.length > 0) return areEqual(known, locations);
    this.#locations[number] = locations;
    return true;
  }
}

function areEqual(one: readonly Location[], other: readonly Location[]): boolean {
  return (
    one.length === other.length &&
    one.every((location, index) => {
      const peer = other[index];
      return (
        location.file === peer?.file &&
        location.line === peer.line &&
        location.firstColumn === peer.firstColumn &&
        location.lastColumn === peer.lastColumn &&
        location.definition === peer.definition
      );
    })
  );
}
