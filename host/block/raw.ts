/**
 * A block device over a raw file: byte for byte. A file that is not whole sectors loses its end.
 */
import { type BlockDevice, SECTOR_BYTES } from "./device.js";
import type { ImageFile } from "./image-file.js";

/** Bytes that are looked at and made zeros at once. */
const PIECE_BYTES = 1 << 20;

/** Opens `file` as it is; its length is the disk's, and stays. */
export function openRaw(file: ImageFile): BlockDevice {
  const capacityBytes = file.byteCount - (file.byteCount % SECTOR_BYTES);
  return {
    capacityBytes,
    isReadonly: file.isReadonly,
    read: (offset, target) => file.read(offset, target),
    write: (offset, source) => file.write(offset, source),
    discard: (offset, byteCount) => putZeros(file, offset, byteCount),
    flush() {
      if (!file.isReadonly) file.sync();
    },
    close() {
      try {
        if (!file.isReadonly) file.sync();
      } finally {
        file.close();
      }
    },
  };
}

/**
 * Node cannot make holes; but what is one stays one, for zeros are written only over what is none.
 */
function putZeros(file: ImageFile, offset: number, byteCount: number): void {
  // Filled, though zeros already: a kill must not stop a copy of untouched pages within a sector.
  const zeros = new Uint8Array(Math.min(byteCount, PIECE_BYTES)).fill(0);
  const found = new Uint8Array(zeros.length);
  for (let at = 0; at < byteCount; at += zeros.length) {
    const piece = found.subarray(0, byteCount - at);
    file.read(offset + at, piece);
    if (hasData(piece)) file.write(offset + at, zeros.subarray(0, piece.length));
  }
}

/** Whether a piece of whole sectors has a byte that is not zero: four at a time. */
function hasData(piece: Uint8Array): boolean {
  const words = new Uint32Array(piece.buffer, piece.byteOffset, piece.length / 4);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return true;
  return false;
}
