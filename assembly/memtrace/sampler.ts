/**
 * The geometric sampler: every word is sampled independently with the same probability, so the gaps
 * between samples are geometrically distributed. Inverse transform, the method of memtrace's
 * `geometric_sampler.ml`; that file approximates the logarithm, this one calls `Math.log`.
 * Randomness: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
 * 2014).
 */
import { COUNTDOWN_MAX } from "./abi";

/** Past so many samples expected in one block, they are drawn at once. */
const DRAWS_MAX: f64 = 65536;

/** Any block is smaller. */
const WORDS_MAX: f64 = 9007199254740992;

let rate: f64 = 1;
let inverseLogMiss: f64 = 0;
let state: u64 = 0;
/** Words to the next sample, beyond those of the countdown. */
let beyond: f64 = 0;

/** Takes rate, 1 / log1p(-rate) and a seed; returns the first countdown in words. */
export function startSampler(samplingRate: f64, inverse: f64, seed: u64): u32 {
  rate = samplingRate;
  inverseLogMiss = inverse;
  state = seed;
  return drawCountdown();
}

/** Draws a gap; returns the countdown for it. */
export function drawCountdown(): u32 {
  beyond = drawGap();
  return armCountdown();
}

/** What of the words to the next sample fits into a countdown. */
export function armCountdown(): u32 {
  const armed = min<f64>(beyond, COUNTDOWN_MAX);
  beyond -= armed;
  return <u32>armed;
}

/**
 * Counts the samples of a block in which a countdown ended, `overshootWords` before the block's
 * end. What is left of the last gap is for `armCountdown`.
 */
export function countSamples(overshootWords: f64): f64 {
  let left = overshootWords > 0 ? min<f64>(overshootWords, WORDS_MAX) : 0;
  if (beyond > left) {
    beyond -= left;
    return 0;
  }
  left -= beyond;
  if (left * rate > DRAWS_MAX) {
    beyond = drawGap();
    return 1 + drawBinomial(left);
  }
  let samples: f64 = 1;
  for (beyond = drawGap(); beyond <= left; beyond = drawGap()) {
    left -= beyond;
    samples++;
  }
  beyond -= left;
  return samples;
}

/** Words up to and including the next sample; at least 1, mean `1 / rate`. */
export function drawGap(): f64 {
  return 1 + Math.floor(Math.log(drawUnit()) * inverseLogMiss);
}

/**
 * Samples among very many words: the normal approximation, with the sum of twelve units for a
 * normal number. Exact at rate 1, where the variance is 0.
 */
function drawBinomial(words: f64): f64 {
  let normal: f64 = -6;
  for (let index = 0; index < 12; index++) normal += drawUnit();
  const mean = words * rate;
  return min<f64>(words, Math.floor(mean + normal * Math.sqrt(mean * (1 - rate)) + 0.5));
}

/** Uniform in (0, 1]. */
function drawUnit(): f64 {
  state += 0x9e3779b97f4a7c15;
  let mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return <f64>(((mixed ^ (mixed >> 31)) >> 11) + 1) * 1.1102230246251565e-16;
}
