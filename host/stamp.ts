/**
 * Timestamps of gathers. Platforms tell milliseconds, and a store keeps one point of a series at a
 * time: two gathers in one millisecond must not have the same stamp.
 */

/** A clock that is set back by more than this is believed. */
const STEP_NS = 1_000_000n;

/** The clock, made to move on between any two looks. */
export class StampClock {
  #lastNs = 0n;

  constructor(private readonly nowNs: () => bigint) {}

  /** The time now, or one nanosecond after the last stamp where the clock stood still. */
  next(): bigint {
    const nowNs = this.nowNs();
    const isStill = nowNs <= this.#lastNs && this.#lastNs - nowNs < STEP_NS;
    this.#lastNs = isStill ? this.#lastNs + 1n : nowNs;
    return this.#lastNs;
  }
}
