/**
 * Finds the bucket of a value in constant time, without a call into the core: the top bits of a
 * double (sign, exponent, three bits of the fraction) pick a bin, and for each bin it is known how
 * many bounds lie below all of it. Three in four bins hold no bound at all, so that the comparison
 * left is one that the processor predicts. The same table is what HdrHistogram (Gil Tene) computes
 * by shifts; here bounds are any.
 */
const BIN_SHIFT = 17;
const BINS = 1 << (32 - BIN_SHIFT);
const FIRST_NEGATIVE = BINS / 2;

const scratch = new Float64Array(1);
/** The double's words, the low one first: typed arrays over wasm's memory are little-endian. */
const words = new Uint32Array(scratch.buffer);

/** The buckets of one list of ascending bounds, at most 255. 32 KiB. */
export class Buckets {
  /** The bounds, `+Inf` last. */
  readonly bounds: readonly number[];
  /** By bin, how many bounds lie below all of it. */
  readonly below = new Uint8Array(BINS);

  constructor(bounds: readonly number[]) {
    this.bounds = [...bounds, Number.POSITIVE_INFINITY];
    let index = 0;
    // In the order of their values: negative ones first, whose lowest has all bits set.
    for (let rank = 0; rank < BINS; rank++) {
      const isNegative = rank < FIRST_NEGATIVE;
      const bin = isNegative ? BINS - 1 - rank : rank - FIRST_NEGATIVE;
      words[0] = isNegative ? -1 : 0;
      words[1] = ((bin + (isNegative ? 1 : 0)) << BIN_SHIFT) - (isNegative ? 1 : 0);
      while ((scratch[0] as number) > (this.bounds[index] as number)) index++;
      this.below[bin] = index;
    }
  }
}

/**
 * Index of the first bound that is at least `value`, which is not NaN. Takes the members of
 * `Buckets` by themselves: on the hottest path there is, each object on the way counts.
 */
export function bucketOf(bounds: readonly number[], below: Uint8Array, value: number): number {
  scratch[0] = value;
  let index = below[(words[1] as number) >>> BIN_SHIFT] as number;
  while (value > (bounds[index] as number)) index++;
  return index;
}
