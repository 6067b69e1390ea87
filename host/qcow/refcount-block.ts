/**
 * A block of refcounts: one cluster of numbers of 1 to 64 bits. Below 8 bits the first number is in
 * a byte's lowest bits; above, big-endian ("Refcount tables and blocks" of the specification).
 */
import { BlockError } from "../block/device.js";
import { Table } from "./table.js";

/** One block in memory. */
export class RefcountBlock extends Table {
  constructor(
    bytes: Uint8Array,
    offset: number,
    private readonly order: number,
  ) {
    super(bytes, offset);
  }

  /** Number `index`. Throws where it is over 2^53. */
  get(index: number): number {
    if (this.order === 4) return this.view.getUint16(index * 2);
    if (this.order < 3) {
      const perByte = 8 >> this.order;
      const byte = this.bytes[Math.floor(index / perByte)] as number;
      return (byte >> ((index % perByte) << this.order)) & refcountMax(this.order);
    }
    if (this.order === 3) return this.bytes[index] as number;
    if (this.order === 5) return this.view.getUint32(index * 4);
    const value = this.view.getBigUint64(index * 8);
    if (value > Number.MAX_SAFE_INTEGER) throw new BlockError("corrupt", `a refcount of ${value}`);
    return Number(value);
  }

  /** Changes number `index`; `value` must fit. */
  set(index: number, value: number): void {
    const from = Math.floor((index << this.order) / 8);
    if (this.order < 3) this.setBits(from, index, value);
    else if (this.order === 3) this.bytes[from] = value;
    else if (this.order === 4) this.view.setUint16(from, value);
    else if (this.order === 5) this.view.setUint32(from, value);
    else this.view.setBigUint64(from, BigInt(value));
    this.mark(from, Math.max(1, (1 << this.order) / 8));
  }

  private setBits(at: number, index: number, value: number): void {
    const shift = (index % (8 >> this.order)) << this.order;
    const kept = (this.bytes[at] as number) & ~(refcountMax(this.order) << shift);
    this.bytes[at] = kept | (value << shift);
  }
}

/** The most that a refcount of `1 << order` bits may be; 2^53 - 1 for 64. */
export function refcountMax(order: number): number {
  return order === 6 ? Number.MAX_SAFE_INTEGER : 2 ** (1 << order) - 1;
}
