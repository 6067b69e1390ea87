/**
 * A table of 64-bit big-endian entries in a qcow2 image: L1, L2 or refcount table. Each has a
 * cluster's offset in bits 9 to 55, and flags (qcow2 specification, "Cluster mapping").
 *
 * Halves of 32 bits are read, for BigInt is slow: offsets over 2^53 never pass `parseHeader`.
 */
import type { ImageFile } from "../block/image-file.js";
import { Table } from "./table.js";

/** The cluster has one reference and may be written in place (bit 63). */
export const COPIED = 0x8000_0000;
/** L2: the cluster is compressed (bit 62). */
const COMPRESSED = 0x4000_0000;
/** L2 of version 3: the cluster reads as zeros, whatever its offset (bit 0). */
export const ZERO = 1;

export const ENTRY_BYTES = 8;
const OFFSET_HIGH = 0x00ff_ffff;
const OFFSET_LOW = 0xffff_fe00;
const WORD = 2 ** 32;

/** Entries in memory, at their place in the file. */
export class EntryTable extends Table {
  get entryCount(): number {
    return Math.floor(this.bytes.length / ENTRY_BYTES);
  }

  /** Byte of the file that entry `index` leads to; 0 for none. */
  offsetAt(index: number): number {
    const high = this.view.getUint32(index * ENTRY_BYTES) & OFFSET_HIGH;
    const low = this.view.getUint32(index * ENTRY_BYTES + 4) & OFFSET_LOW;
    return high * WORD + (low >>> 0);
  }

  isCopied(index: number): boolean {
    return (this.view.getUint32(index * ENTRY_BYTES) & COPIED) !== 0;
  }

  isCompressed(index: number): boolean {
    return (this.view.getUint32(index * ENTRY_BYTES) & COMPRESSED) !== 0;
  }

  isZero(index: number): boolean {
    return (this.view.getUint32(index * ENTRY_BYTES + 4) & ZERO) !== 0;
  }

  /** Bits of entry `index` that are neither offset nor among `flagsHigh` and `flagsLow`. */
  hasReserved(index: number, flagsHigh: number, flagsLow: number): boolean {
    const high = this.view.getUint32(index * ENTRY_BYTES) & ~(OFFSET_HIGH | flagsHigh);
    const low = this.view.getUint32(index * ENTRY_BYTES + 4) & ~(OFFSET_LOW | flagsLow);
    return (high | low) !== 0;
  }

  /** Whether entry `index` is all zero. */
  isEmpty(index: number): boolean {
    const at = index * ENTRY_BYTES;
    return (this.view.getUint32(at) | this.view.getUint32(at + 4)) === 0;
  }

  /** Changes entry `index`. `high` and `low` are flags of its two halves. */
  set(index: number, offset: number, high: number, low = 0): void {
    const at = index * ENTRY_BYTES;
    this.view.setUint32(at, (Math.floor(offset / WORD) | high) >>> 0);
    this.view.setUint32(at + 4, ((offset % WORD) | low) >>> 0);
    this.mark(at, ENTRY_BYTES);
  }
}

/** Reads `entryCount` entries from byte `offset`; what lies past the file's end is empty. */
export function readEntries(file: ImageFile, offset: number, entryCount: number): EntryTable {
  const bytes = new Uint8Array(entryCount * ENTRY_BYTES);
  file.read(offset, bytes);
  return new EntryTable(bytes, offset);
}
