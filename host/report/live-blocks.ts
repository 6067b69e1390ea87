/**
 * Blocks that are allocated and not collected: by id, what has to be taken back when it ends.
 *
 * A hash table in typed arrays with linear probing and deletion by shifting back (Knuth, volume 3,
 * algorithm 6.4R): a Map of objects takes three times the memory, and no Map holds 2^24 entries.
 */

const SLOTS_MIN = 1 << 10;
/** At most half of the slots are full: 2 GiB then. */
const BLOCKS_MAX = 1 << 25;
const EMPTY = -1;
const HASH = 0x9e3779b1; // 2^32 divided by the golden ratio
/** Ids that differ in these bits only share a cache line or two. */
const NEAR_BITS = 3;

/** Numbers of a slot: id, node, samples, weight. */
const STRIDE = 4;
const NODE = 1;
const SAMPLES = 2;
const WEIGHT = 3;

/** What is known of a live block. */
export interface LiveBlock {
  /** Where in the stack tree it was allocated. */
  readonly node: number;
  readonly samples: number;
  /** Blocks that this one stands for. */
  readonly weight: number;
}

/** Live blocks by id. */
export class LiveBlocks {
  #count = 0;
  #mask = SLOTS_MIN - 1;
  #slots = emptySlots(SLOTS_MIN);

  get count(): number {
    return this.#count;
  }

  /** Adds a block, in place of one of the same id; false if there are too many. */
  add(id: number, { node, samples, weight }: LiveBlock): boolean {
    if (2 * this.#count > this.#mask && !this.#grow()) return false;
    const at = this.#find(id);
    if (this.#slots[at] === EMPTY) this.#count++;
    this.#slots[at] = id;
    this.#slots[at + NODE] = node;
    this.#slots[at + SAMPLES] = samples;
    this.#slots[at + WEIGHT] = weight;
    return true;
  }

  /** Takes a block out; undefined if there is none of this id. */
  remove(id: number): LiveBlock | undefined {
    const at = this.#find(id);
    if (this.#slots[at] === EMPTY) return undefined;
    const block = this.#block(at);
    this.#empty(at / STRIDE);
    this.#count--;
    return block;
  }

  /** Calls `visit` for each block, in the order of ids. */
  forEach(visit: (block: LiveBlock) => void): void {
    const ids = this.#slots.filter((id, at) => at % STRIDE === 0 && id !== EMPTY).sort();
    for (const id of ids) visit(this.#block(this.#find(id)));
  }

  #block(at: number): LiveBlock {
    return {
      node: this.#slots[at + NODE] as number,
      samples: this.#slots[at + SAMPLES] as number,
      weight: this.#slots[at + WEIGHT] as number,
    };
  }

  /** Where the slot of an id is in the array, or the empty one where it would be. */
  #find(id: number): number {
    for (let slot = this.#home(id); ; slot = (slot + 1) & this.#mask) {
      const found = this.#slots[slot * STRIDE];
      if (found === id || found === EMPTY) return slot * STRIDE;
    }
  }

  /** Fibonacci hashing (Knuth, volume 3, section 6.4) of all but the lowest bits. */
  #home(id: number): number {
    const mixed = Math.imul(id >>> NEAR_BITS, HASH) ^ Math.imul(id / 0x1_0000_0000, HASH);
    return (((mixed ^ (mixed >>> 15)) << NEAR_BITS) | (id & ((1 << NEAR_BITS) - 1))) & this.#mask;
  }

  /** Moves back what was pushed beyond the slot that becomes empty. */
  #empty(first: number): void {
    let hole = first;
    for (let slot = (hole + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const id = this.#slots[slot * STRIDE] as number;
      if (id === EMPTY) break;
      const isBeyond = ((slot - this.#home(id)) & this.#mask) >= ((slot - hole) & this.#mask);
      if (!isBeyond) continue;
      this.#slots.copyWithin(hole * STRIDE, slot * STRIDE, (slot + 1) * STRIDE);
      hole = slot;
    }
    this.#slots[hole * STRIDE] = EMPTY;
  }

  #grow(): boolean {
    if (this.#count >= BLOCKS_MAX) return false;
    const before = this.#slots;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = emptySlots(this.#mask + 1);
    for (let from = 0; from < before.length; from += STRIDE) {
      const id = before[from] as number;
      if (id !== EMPTY) this.#slots.set(before.subarray(from, from + STRIDE), this.#find(id));
    }
    return true;
  }
}

function emptySlots(count: number): Float64Array<ArrayBuffer> {
  return new Float64Array(count * STRIDE).fill(EMPTY);
}
