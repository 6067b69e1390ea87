/**
 * The quantile sketch of a summary: a log-linear histogram, the layout of HdrHistogram (Gil Tene).
 * The top bits of a double are octave and sub-bucket already. 64 octaves from 2^-24 (60 ns in
 * seconds) to 2^40, 32 sub-buckets each: a quantile is within 1.6 % of the truth. What lies outside
 * counts in the first or last bucket. 8 KiB a series.
 */
/** Bytes of a sketch: a u32 a bucket. */
export const SKETCH_BYTES: u32 = 8192;
const SHIFT = 47;
/** The top 17 bits of 2^-24. */
const FIRST: u64 = (1023 - 24) << 5;

/** Counts one value; a counter that is full stays. */
export function sketchCount(sketch: usize, value: f64): void {
  const bucket = <i32>(reinterpret<i64>(value) >> SHIFT) - <i32>FIRST;
  const at = sketch + min(max(bucket << 2, 0), <i32>SKETCH_BYTES - 4);
  const count = load<u32>(at) + 1;
  if (count) store<u32>(at, count);
}

/**
 * The value below which a share of `quantile` of `count` values lies: the middle of its bucket; NaN
 * when there are none.
 */
export function sketchQuantile(sketch: usize, quantile: f64, count: f64): f64 {
  if (!count) return NaN;
  let rank = max(ceil(count * quantile), 1);
  let index: u32 = 0;
  // Counters that are full may leave some of the count over.
  for (; index < SKETCH_BYTES / 4 - 1; index++) {
    rank -= <f64>load<u32>(sketch + ((<usize>index) << 2));
    if (rank <= 0) break;
  }
  if (!index) return 0;
  return reinterpret<f64>(((<u64>index + FIRST) << SHIFT) | ((<u64>1) << (SHIFT - 1)));
}
