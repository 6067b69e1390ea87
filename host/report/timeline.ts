/**
 * A sum over time in bounded memory: changes are added up in slots of time that become twice as
 * long whenever the trace outgrows them. Changes may come in any order.
 */
const SLOTS = 2048;

/** A sum, from a moment on. */
export interface TimelinePoint {
  readonly timeUs: number;
  readonly value: number;
}

/** Adds up changes; times are microseconds. */
export class Timeline {
  #slotUs = 1;
  readonly #changes = new Float64Array(SLOTS);

  add(timeUs: number, change: number): void {
    while (timeUs >= this.#slotUs * SLOTS) this.#widen();
    const slot = Math.floor(timeUs / this.#slotUs);
    this.#changes[slot] = (this.#changes[slot] as number) + change;
  }

  /** The sum at the end of each slot in which it changed, given at the start of the slot. */
  points(): TimelinePoint[] {
    const points: TimelinePoint[] = [];
    let value = 0;
    this.#changes.forEach((change, slot) => {
      if (change === 0) return;
      value += change;
      points.push({ timeUs: slot * this.#slotUs, value });
    });
    return points;
  }

  #widen(): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const from = 2 * slot;
      this.#changes[slot] = (this.#changes[from] ?? 0) + (this.#changes[from + 1] ?? 0);
    }
    this.#slotUs *= 2;
  }
}
