/**
 * A binary heap: the heaviest of many things, again and again.
 */

/** Holds things of a weight; the heaviest comes out first. */
export class Heap<T> {
  private readonly things: T[] = [];

  constructor(private readonly weigh: (thing: T) => number) {}

  /** What is in it, in no order. */
  get rest(): readonly T[] {
    return this.things;
  }

  /** Puts a thing in. */
  push(thing: T): void {
    let index = this.things.push(thing) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.weightAt(parent) >= this.weightAt(index)) return;
      this.swap(index, parent);
      index = parent;
    }
  }

  /** Takes the heaviest thing out; undefined where nothing is left. */
  pop(): T | undefined {
    const [heaviest] = this.things;
    const last = this.things.pop();
    if (last === undefined || this.things.length === 0) return heaviest;
    this.things[0] = last;
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const child = this.weightAt(left + 1) > this.weightAt(left) ? left + 1 : left;
      if (this.weightAt(index) >= this.weightAt(child)) return heaviest;
      this.swap(index, child);
      index = child;
    }
  }

  /** Behind the last thing nothing weighs less. */
  private weightAt(index: number): number {
    const thing = this.things[index];
    return thing === undefined ? Number.NEGATIVE_INFINITY : this.weigh(thing);
  }

  private swap(one: number, other: number): void {
    const [first, second] = [this.things[one] as T, this.things[other] as T];
    this.things[one] = second;
    this.things[other] = first;
  }
}
