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

/** The buckets of one list of ascending bounds, at most 255. */
export class Buckets {
  // No #private members: this is the hottest path there is.
  private readonly bounds: readonly number[];
  private below: Uint8Array | undefined;

  constructor(bounds: readonly number[]) {
    this.bounds = [...bounds, Number.POSITIVE_INFINITY];
  }

  /**
   * Index of the first bound that is at least `value`, which is not NaN; past the last one `+Inf`.
   */
  indexOf(value: number): number {
    const { bounds, below = this.#fill() } = this;
    scratch[0] = value;
    let index = below[(words[1] as number) >>> BIN_SHIFT] as number;
    while (value > (bounds[index] as number)) index++;
    return index;
  }

  /** 32 KiB, at the first value. */
  #fill(): Uint8Array {
    const below = new Uint8Array(BINS);
    let index = 0;
    for (let bin = BINS - 1; bin >= FIRST_NEGATIVE; bin--) {
      index = this.#countBelow(lowest(bin), index);
      below[bin] = index;
    }
    for (let bin = 0; bin < FIRST_NEGATIVE; bin++) {
      index = this.#countBelow(lowest(bin), index);
      below[bin] = index;
    }
    this.below = below;
    return below;
  }

  #countBelow(value: number, from: number): number {
    let index = from;
    while (value > (this.bounds[index] as number)) index++;
    return index;
  }
}

/** The lowest double of a bin: of a negative one that with all bits set. */
function lowest(bin: number): number {
  const rest = bin >= FIRST_NEGATIVE ? 0xffff_ffff : 0;
  words[0] = rest;
  words[1] = ((bin << BIN_SHIFT) | (rest >>> (32 - BIN_SHIFT))) >>> 0;
  return scratch[0] as number;
}
