/**
 * The quantile sketch of a summary: a log-linear histogram, the layout of HdrHistogram (Gil Tene). The top
 * bits of a double are octave and sub-bucket already. 64 octaves from 2^-24 (60 ns in seconds) to
 * 2^40, 32 sub-buckets each: a quantile is within 1.6 % of the truth. What lies outside counts in the
 * first or last bucket. 8 KiB a series.
 */
export const SKETCH_BUCKETS = 2048;
const SHIFT = 47;
/** The top 17 bits of 2^-24. */
const FIRST: u64 = (1023 - 24) << 5;

/** Counts one value. When a counter is full all are halved, which leaves quantiles as they are. */
export function sketchCount(buckets: usize, value: f64): void {
  const top = <i32>((reinterpret<u64>(max(value, 0)) >> SHIFT) - FIRST);
  const at = buckets + ((<usize>min(max(top, 0), SKETCH_BUCKETS - 1)) << 2);
  if (load<u32>(at) == u32.MAX_VALUE) {
    for (let i = buckets; i < buckets + (SKETCH_BUCKETS << 2); i += 4) {
      store<u32>(i, load<u32>(i) >> 1);
    }
  }
  store<u32>(at, load<u32>(at) + 1);
}

/** The value below which a share of `quantile` lies: the middle of its bucket; NaN when empty. */
export function sketchQuantile(buckets: usize, quantile: f64): f64 {
  let total: u64 = 0;
  for (let i = buckets; i < buckets + (SKETCH_BUCKETS << 2); i += 4) total += load<u32>(i);
  if (!total) return NaN;
  const rank = max<u64>(<u64>ceil(<f64>total * quantile), 1);
  let index: u64 = 0;
  for (
    let below: u64 = load<u32>(buckets);
    below < rank;
    below += load<u32>(buckets + ((<usize>index) << 2))
  ) {
    index++;
  }
  if (!index) return 0;
  return reinterpret<f64>(((index + FIRST) << SHIFT) | ((<u64>1) << (SHIFT - 1)));
}
