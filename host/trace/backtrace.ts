/**
 * Backtraces of one domain: a cache of 2^14 codes, each predicting which follows it.
 *
 * Format: janestreet/memtrace `backtrace_codec.ml`. The reader follows the writer's choice of
 * buckets, so it needs neither its hashes nor its dates.
 */
import { CODES_MAX, type CodeTable, ZERO_CODE } from "./code-table.js";
import type { Cursor } from "./cursor.js";
import { DamageError } from "./damage.js";
import type { CacheVerifier } from "./packet.js";

const BUCKETS = 1 << 14;
const NO_VERIFIER = 0xffff;
const FRAMES_MIN = 64;

/** Deeper backtraces lose their innermost frames, counted: a few bytes can stand for 256 frames. */
export const FRAMES_MAX = 1 << 18;

/** Low bits of a coded word. 0 and 1 are hits with as many correct predictions. */
const HIT_MANY = 2;
const MISS = 3;

/** The last backtrace, and what is needed to read the next one. */
export class BacktraceDecoder {
  /** Numbers of codes, entry point first; valid up to `frameCount`. */
  frames = new Uint32Array(FRAMES_MIN);
  frameCount = 0;
  /** Frames left out over FRAMES_MAX. */
  cutFrames = 0;

  readonly #cache = new Uint32Array(BUCKETS).fill(ZERO_CODE);
  readonly #next = new Uint16Array(BUCKETS);

  constructor(private readonly codes: CodeTable) {}

  /** Whether this cache is the writer's, as far as the packet's header tells. */
  verifies({ index, prediction, code }: CacheVerifier): boolean {
    if (index === NO_VERIFIER) return true;
    return (
      index < BUCKETS &&
      this.#next[index] === prediction &&
      this.codes.code(this.#cache[index] as number) === code
    );
  }

  /**
   * Reads a backtrace of `words` coded words, of which the last one's first `sharedCount` frames
   * are the beginning. Where that is more than there were (its writer cut it), the frames are those
   * of the last backtrace, as in `Reader.get_backtrace`.
   */
  read(cursor: Cursor, words: number, sharedCount: number): void {
    const lastCount = this.frameCount;
    const isShort = sharedCount > lastCount;
    // The frames behind the last backtrace are scratch then: the cache has to be kept up to date.
    this.frameCount = isShort ? lastCount : sharedCount;
    let predictor = 0;
    for (let index = 0; index < words; index++) predictor = this.#readWord(cursor, predictor);
    if (isShort) this.frameCount = lastCount;
  }

  /** Reads one word and follows its predictions; returns the bucket that predicts the next. */
  #readWord(cursor: Cursor, predictor: number): number {
    const word = cursor.u16();
    const tag = word & 3;
    let bucket = word >>> 2;
    this.#next[predictor] = bucket;
    if (tag === MISS) {
      this.#cache[bucket] = this.#number(cursor);
      this.#put(bucket);
      return bucket;
    }
    this.#put(bucket);
    let correctCount = tag === HIT_MANY ? cursor.u8() : tag;
    for (; correctCount > 0; correctCount--) {
      bucket = this.#next[bucket] as number;
      this.#put(bucket);
    }
    return bucket;
  }

  #number(cursor: Cursor): number {
    const at = cursor.byte;
    const number = this.codes.number(cursor.i64());
    if (number === undefined)
      throw new DamageError(at, `more than ${CODES_MAX} different location codes`);
    return number;
  }

  #put(bucket: number): void {
    const index = this.frameCount;
    if (index === this.frames.length) {
      if (index === FRAMES_MAX) {
        this.cutFrames++;
        return;
      }
      const larger = new Uint32Array(2 * index);
      larger.set(this.frames);
      this.frames = larger;
    }
    this.frames[index] = this.#cache[bucket] as number;
    this.frameCount = index + 1;
  }
}
