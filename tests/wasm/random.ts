/**
 * Seeded random numbers (xoshiro128**, Blackman and Vigna): fast, and the same in every run with
 * the same seed. A run prints its seed; `SEED=… npm test -- wasm/` repeats it.
 */

/** The seed of this run: from the environment, or new. */
export const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A source of random numbers. */
export class Random {
  private a: number;
  private b = 0x9e3779b9;
  private c = 0x243f6a88;
  private d = 0xb7e15162;

  constructor(seed: number) {
    this.a = seed | 0;
    for (let round = 0; round < 16; round++) this.word();
  }

  /** 32 random bits, as an unsigned number. */
  word(): number {
    const result = Math.imul(rotate(Math.imul(this.b, 5), 7), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = rotate(this.d, 11);
    return result;
  }

  /** An integer from 0 to `bound`, excluded. */
  below(bound: number): number {
    return this.word() % bound;
  }

  /** One of some things. */
  pick<T>(things: readonly [T, ...T[]]): T {
    return things[this.below(things.length)] ?? things[0];
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
