/**
 * Entries of the tables of a qcow2 image, decoded: QEMU's docs/interop/qcow2.txt, *Cluster
 * mapping* and *Host cluster management*. An entry comes as its two halves, for a double cannot
 * hold 64 bits; an offset has at most 47 bits above its 9 low zeros, so a double holds it exactly.
 */

const TWO_32 = 2 ** 32;
const SECTOR_BYTES = 512;

/** Bytes of an entry of an L1, L2, refcount or bitmap table. */
export const ENTRY_BYTES = 8;

/** Bits 9 to 55: where the cluster lies that an L1, L2 or bitmap table entry leads to. */
export function hostOffset(high: number, low: number): number {
  return (high & 0x00ff_ffff) * TWO_32 + ((low & ~0x1ff) >>> 0);
}

/** Bits 9 to 63: where the refcount block lies; above 2^62 rounded, which no file reaches. */
export function blockOffset(high: number, low: number): number {
  return (high >>> 0) * TWO_32 + ((low & ~0x1ff) >>> 0);
}

/** Bit 63: the entry's cluster may be written in place, for its refcount is one. */
export function isCopied(high: number): boolean {
  return high >>> 31 === 1;
}

/** Bit 62 of an L2 entry. */
export function isCompressed(high: number): boolean {
  return (high & 0x4000_0000) !== 0;
}

/** Bit 0 of a standard L2 entry: reads as zeros, whatever its offset. */
export function isZero(low: number): boolean {
  return (low & 1) === 1;
}

/** Whether bits are set in an L1 entry that have no meaning. */
export function hasL1Reserved(high: number, low: number): boolean {
  return (high & 0x7f00_0000) !== 0 || (low & 0x1ff) !== 0;
}

/** The same of a standard L2 entry. */
export function hasL2Reserved(high: number, low: number): boolean {
  return (high & 0x3f00_0000) !== 0 || (low & 0x1fe) !== 0;
}

/** The same of an entry of a bitmap's table: bit 0 says "all ones" where there is no offset. */
export function hasBitmapReserved(high: number, low: number): boolean {
  const isOffset = hostOffset(high, low) !== 0;
  return high >>> 24 !== 0 || (low & (isOffset ? 0x1ff : 0x1fe)) !== 0;
}

/** Where compressed data may lie: from its first byte to the end of its last sector. */
export function compressedRegion(high: number, low: number, clusterBits: number): Region {
  const offsetHighBits = 62 - (clusterBits - 8) - 32;
  const offset = (high & ((1 << offsetHighBits) - 1)) * TWO_32 + (low >>> 0);
  const sectorCount = ((high & 0x3fff_ffff) >>> offsetHighBits) + 1;
  return { offset, byteCount: sectorCount * SECTOR_BYTES - (offset % SECTOR_BYTES) };
}

/** Bytes of the image file. */
export interface Region {
  readonly offset: number;
  readonly byteCount: number;
}
