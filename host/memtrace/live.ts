/**
 * The sampled blocks of a guest that are alive: id by address. A hash table with open addressing
 * and backward-shift deletion (Knuth, TAOCP 6.4, algorithm R): a Map would box each address.
 */

/** Blocks kept; the table then has 64 MiB. */
export const LIVE_MAX = 1 << 22;

const SLOTS_MIN = 1 << 10;
/** 2^32 / golden ratio: spreads addresses that differ in few bits. */
const HASH_FACTOR = 0x9e3779b1;

export class LiveBlocks {
  count = 0;
  /** 0 is free: no block is at address 0. */
  #addresses = new Uint32Array(SLOTS_MIN);
  #ids = new Uint32Array(SLOTS_MIN);
  #shift = 32 - Math.log2(SLOTS_MIN);

  /**
   * Notes a block; the id of one that was noted at this address before, or -1. An `address` that is
   * new needs room: `isFull` is false.
   */
  put(address: number, id: number): number {
    if (this.count * 2 >= this.#addresses.length) this.#grow();
    const slot = this.#slotOf(address);
    const isKnown = this.#addresses[slot] === address;
    const previous = isKnown ? (this.#ids[slot] as number) : -1;
    this.#addresses[slot] = address;
    this.#ids[slot] = id;
    if (!isKnown) this.count++;
    return previous;
  }

  /** Whether no block at a new address can be noted. */
  get isFull(): boolean {
    return this.count >= LIVE_MAX;
  }

  /** Removes a block; its id, or -1 for one that was never noted. */
  take(address: number): number {
    // No block is at 0, which marks a free slot.
    if (this.count === 0 || address === 0) return -1;
    const slot = this.#slotOf(address);
    if (this.#addresses[slot] !== address) return -1;
    const id = this.#ids[slot] as number;
    this.#close(slot);
    this.count--;
    return id;
  }

  /** Removes all, and their memory; `visit` is told each address. */
  clear(visit: (address: number) => void): void {
    if (this.count > 0) for (const address of this.#addresses) if (address !== 0) visit(address);
    this.#resize(SLOTS_MIN);
    this.count = 0;
  }

  /** Where an address is, or the free slot where it would go. */
  #slotOf(address: number): number {
    const mask = this.#addresses.length - 1;
    let slot = Math.imul(address, HASH_FACTOR) >>> this.#shift;
    for (; ; slot = (slot + 1) & mask) {
      const found = this.#addresses[slot];
      if (found === address || found === 0) return slot;
    }
  }

  /** Frees a slot and moves up what had to go past it. */
  #close(slot: number): void {
    const mask = this.#addresses.length - 1;
    let hole = slot;
    for (let next = (hole + 1) & mask; this.#addresses[next] !== 0; next = (next + 1) & mask) {
      const address = this.#addresses[next] as number;
      const home = Math.imul(address, HASH_FACTOR) >>> this.#shift;
      // It may move to the hole only if that is not before its home.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#addresses[hole] = address;
      this.#ids[hole] = this.#ids[next] as number;
      hole = next;
    }
    this.#addresses[hole] = 0;
  }

  #grow(): void {
    const [addresses, ids] = [this.#addresses, this.#ids];
    this.#resize(addresses.length * 2);
    addresses.forEach((address, index) => {
      if (address === 0) return;
      const slot = this.#slotOf(address);
      this.#addresses[slot] = address;
      this.#ids[slot] = ids[index] as number;
    });
  }

  #resize(slotCount: number): void {
    this.#addresses = new Uint32Array(slotCount);
    this.#ids = new Uint32Array(slotCount);
    this.#shift = 32 - Math.log2(slotCount);
  }
}
