/**
 * The backtrace codec of the model of the trace writer: frame by frame, over three arrays.
 */
import type { Bytes } from "./trace-bytes.js";

export const BUCKETS = 1 << 14;

/** Bytes after which no code begins. */
const LIMIT = 4086;
const RUN_MAX = 255;

/** A hit that is not written yet, and the frames after it that were predicted. */
interface Hit {
  readonly bucket: number;
  run: number;
}

/** The cache of codes that writers and readers keep alike. */
export class Cache {
  readonly codes: bigint[] = new Array(BUCKETS).fill(0n);
  readonly next: number[] = new Array(BUCKETS).fill(0);
  readonly #dates: number[] = new Array(BUCKETS).fill(0);
  #predictor = 0;

  /** Writes frames, caller first, for allocation `id`; how many codes, and which were new. */
  encode(packet: Bytes, frames: readonly bigint[], id: number) {
    const limit = packet.list.length + LIMIT;
    const misses: bigint[] = [];
    let count = 0;
    let hit: Hit | undefined;
    this.#predictor = 0;
    for (const code of frames) {
      if (packet.list.length + (hit ? 2 : 0) > limit) break;
      const guess = this.next[this.#predictor] ?? 0;
      const isRight = hit !== undefined && this.codes[guess] === code;
      if (hit && isRight && hit.run < RUN_MAX) {
        hit.run++;
        this.#predictor = guess;
        continue;
      }
      if (hit) putHit(packet, hit);
      hit = undefined;
      if (packet.list.length > limit && !isRight) break;
      const found = isRight ? guess : this.#find(code);
      const bucket = found < 0 ? this.#victim(code) : found;
      this.#use(bucket, code, id);
      count++;
      if (found >= 0) {
        hit = { bucket, run: 0 };
        continue;
      }
      misses.push(code);
      packet.put(BigInt(4 * bucket + 3), 2);
      packet.put(code, 8);
    }
    if (hit) putHit(packet, hit);
    return { misses, count };
  }

  #use(bucket: number, code: bigint, id: number): void {
    this.codes[bucket] = code;
    this.#dates[bucket] = id;
    this.next[this.#predictor] = bucket;
    this.#predictor = bucket;
  }

  /** Where a code is, or -1. */
  #find(code: bigint): number {
    return places(code).find((bucket) => this.codes[bucket] === code) ?? -1;
  }

  /** The second place, unless the first one was used longer ago. */
  #victim(code: bigint): number {
    const [first = 0, second = 0] = places(code);
    return (this.#dates[first] ?? 0) < (this.#dates[second] ?? 0) ? first : second;
  }
}

function putHit(packet: Bytes, { bucket, run }: Hit): void {
  packet.put(BigInt(4 * bucket + Math.min(run, 2)), 2);
  if (run > 1) packet.put(BigInt(run), 1);
}

/** The two buckets in which a code may be. */
function places(code: bigint): number[] {
  const first = (code * 0x4983723n) >> 11n;
  const second = (code * 0xfdea731n) >> 21n;
  return [first, second].map((hash) => Number(hash & 0x3fffn));
}
