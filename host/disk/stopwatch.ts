/**
 * Times operations that may take little longer than two looks at the clock do. As long as there are
 * fewer than some 100,000 a second, each is timed. Beyond, one in 64 is, at random distances, and
 * stands for those that follow it until the next: each is counted, and means and shares of slow
 * operations come out right, for what was measured has no say in how many it stands for. (Random
 * systematic sampling: Cochran, Sampling Techniques, 1977, chapter 8.)
 */
import { Buckets, bucketOf } from "../instruments/buckets.js";
import { DURATION_BOUNDS } from "./sources.js";

/** With less time than this from one operation to the next, not each is timed. */
const GAP_MIN_MS = 0.01;
/** How fast the mean gap forgets. */
const GAP_WEIGHT = 1 / 8;
/** So long that the first 80 operations are timed, however fast they come. */
const GAP_FIRST_MS = 500;
/** Bits of a distance: 0 to 127 operations are passed over, 63.5 on average. */
const DISTANCE_BITS = 7;

/** Times operations of one kind on one file. */
export class Stopwatch {
  /** Time of the current operation, measured or that of one before it. */
  seconds = 0;
  /** Index of its bucket among `DURATION_BOUNDS`. */
  bucket = 0;
  private left = 0;
  private distance = 1;
  private gapMs = GAP_FIRST_MS;
  private begunMs = 0;
  private endedMs = 0;
  private random = 1;

  /** Whether the next operation is to be timed; to be asked once for each. */
  isDue(): boolean {
    return this.left-- <= 0;
  }

  /** Begins an operation that is timed. */
  begin(): void {
    this.begunMs = nowMs();
  }

  /** Ends an operation that is timed. */
  end(): void {
    const endedMs = nowMs();
    const gapMs = (endedMs - this.endedMs) / this.distance;
    this.endedMs = endedMs;
    // Before this operation is part of the mean: it must not choose what it stands for.
    this.left = this.gapMs < GAP_MIN_MS ? this.draw() : 0;
    this.distance = this.left + 1;
    this.gapMs += (Math.min(gapMs, GAP_FIRST_MS) - this.gapMs) * GAP_WEIGHT;
    this.seconds = (endedMs - this.begunMs) / 1000;
    this.bucket = durationBucket(this.seconds);
  }

  /** A linear congruential generator, constants of Numerical Recipes; its high bits are good. */
  private draw(): number {
    this.random = (Math.imul(this.random, 1664525) + 1013904223) | 0;
    return this.random >>> (32 - DISTANCE_BITS);
  }
}

/** Index of the bucket of a duration among `DURATION_BOUNDS`. */
export function durationBucket(seconds: number): number {
  return bucketOf(BOUNDS, BELOW, seconds);
}

const { bounds: BOUNDS, below: BELOW } = new Buckets(DURATION_BOUNDS);

/** Bound, for the method checks what it is called on each time. */
const nowMs = performance.now.bind(performance);
