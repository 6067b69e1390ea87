/**
 * The backtrace codec: a cache of 2^14 codes that writer and reader keep alike, in which a code
 * names its bucket and each bucket predicts the next one. After memtrace's `backtrace_codec.ml`,
 * byte for byte; the cache lies in memory as records of 16 bytes.
 *
 * A bucket goes by its *word*, index << 2, which is also its code word in the trace with the tag in
 * the low bits; its record is at CACHE + (word << 2).
 */
import { TraceCounter } from "./abi";
import { CACHE, CACHE_BYTES, count, MISSES } from "./layout";

const WORD_MASK: u32 = 0xfffc;

/** Bytes of one backtrace, less the largest code: no code begins behind them. */
const LIMIT: usize = 4096 - 10;

const CORRECT_MAX: u32 = 255;

const HIT_ONE: u32 = 1;
const HIT_MANY: u32 = 2;
const MISS: u32 = 3;

const FIRST_VERIFIED: u32 = 4242;
const VERIFIED_STEP: u32 = 5413;

/** Codes that the last backtrace brought into the cache; they are at MISSES, in order. */
export let missCount: u32 = 0;
/** Code words of the last backtrace: what an event counts. */
export let codeCount: u32 = 0;

let date: u64 = 0;
let verified: u32 = FIRST_VERIFIED;

/** Forgets all codes. */
export function clearCache(): void {
  memory.fill(CACHE, 0, CACHE_BYTES);
  missCount = 0;
  verified = FIRST_VERIFIED;
}

/** Says that no code was brought in since. */
export function clearMisses(): void {
  missCount = 0;
}

/**
 * Writes the frames of BACKTRACE from `from` up to `until` (addresses, caller first) for allocation
 * `id`; returns the address behind them. Stops beyond 4,086 bytes, counting a cut backtrace.
 */
export function putBacktrace(start: usize, from: usize, until: usize, id: u64): usize {
  const limit = start + LIMIT;
  let at = start;
  let frame = from;
  let predictor: u32 = 0;
  let codes: u32 = 0;
  date = id << 16;
  missCount = 0;
  while (frame < until && at <= limit) {
    codes++;
    const code = load<u64>(frame);
    frame += 8;
    const found = findBucket(code);
    let bucket: u32 = found;
    if (found < 0) {
      bucket = ~found;
      at = putMiss(at, bucket, code);
      point(predictor, bucket);
      predictor = bucket;
      continue;
    }
    for (;;) {
      touch(bucket);
      point(predictor, bucket);
      // From here on, as long as each bucket's guess of the next one is right, nothing is written.
      predictor = bucket;
      let correct: u32 = 0;
      let next: u32 = 0;
      let isGuessed = false;
      while (frame < until && at + 2 <= limit) {
        next = load<u16>(recordOf(predictor), 8);
        isGuessed = load<u64>(recordOf(next)) == load<u64>(frame);
        if (!isGuessed || correct == CORRECT_MAX) break;
        correct++;
        predictor = next;
        frame += 8;
        isGuessed = false;
      }
      at = putHit(at, bucket, correct);
      if (!isGuessed) break;
      // A run has at most 255 guesses: the next right one is written as a hit.
      bucket = next;
      frame += 8;
      codes++;
    }
  }
  if (frame < until) count(TraceCounter.CutBacktraces);
  codeCount = codes;
  return at;
}

/** Writes one bucket of the cache for readers to compare: another one each time. */
export function putVerifier(at: usize): usize {
  const record = recordOf(verified << 2);
  store<u16>(at, verified);
  store<u16>(at, load<u16>(record, 8) >> 2, 2);
  store<u64>(at, load<u64>(record), 4);
  verified = (verified + VERIFIED_STEP) & 0x3fff;
  return at + 12;
}

/** The bucket of a code; if it has none, the complement of the one that it may take. */
function findBucket(code: u64): i32 {
  const first = wordOf(code * 0x4983723, 9);
  if (load<u64>(recordOf(first)) == code) return first;
  const second = wordOf(code * 0xfdea731, 19);
  if (load<u64>(recordOf(second)) == code) return second;
  return ~(dateOf(first) < dateOf(second) ? first : second);
}

function wordOf(product: u64, shift: u64): u32 {
  return <u32>(product >> shift) & WORD_MASK;
}

function recordOf(word: u32): usize {
  return CACHE + ((<usize>word) << 2);
}

function dateOf(word: u32): u64 {
  return load<u64>(recordOf(word), 8) >> 16;
}

/** Dates a bucket; what it predicts stays. */
function touch(word: u32): void {
  const record = recordOf(word);
  store<u64>(record, date | load<u16>(record, 8), 8);
}

/** Makes `word` the bucket that `predictor` predicts. */
function point(predictor: u32, word: u32): void {
  store<u16>(recordOf(predictor), word, 8);
}

function putMiss(at: usize, bucket: u32, code: u64): usize {
  store<u64>(recordOf(bucket), code);
  touch(bucket);
  store<u64>(MISSES + ((<usize>missCount) << 3), code);
  missCount++;
  store<u16>(at, bucket | MISS);
  store<u64>(at, code, 2);
  return at + 10;
}

function putHit(at: usize, bucket: u32, correct: u32): usize {
  if (correct <= HIT_ONE) {
    store<u16>(at, bucket | correct);
    return at + 2;
  }
  store<u16>(at, bucket | HIT_MANY);
  store<u8>(at, correct, 2);
  return at + 3;
}
