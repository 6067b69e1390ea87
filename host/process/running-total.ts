/**
 * A counter whose total the system keeps: what is missing is added, so that the total comes out
 * right.
 */
import type { Counter } from "./registrar.js";

/** Makes a counter follow a total that only grows. */
export class RunningTotal {
  /** What the counter has been brought to, with the same additions that its cell has seen. */
  private writtenTotal = 0;

  constructor(readonly counter: Counter) {}

  /**
   * Raises the counter to `total`.
   *
   * Waits while the counter is disabled, so that nothing is missing once it is enabled again; a
   * total that shrinks or is not a number is ignored, since a counter cannot.
   */
  raiseTo(total: number): void {
    if (this.counter.active === false) return;
    const missing = total - this.writtenTotal;
    if (!(missing > 0)) return;
    this.counter.inc(missing);
    this.writtenTotal += missing; // not `total`: an error of rounding is made good by the next call
  }
}
