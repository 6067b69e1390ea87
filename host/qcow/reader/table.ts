/**
 * Tables of 64-bit big-endian entries, read in pieces: no table is ever whole in memory.
 */
import type { ImageFile } from "../../block/image-file.js";
import { ENTRY_BYTES } from "./entry.js";

const PIECE_BYTES = 1 << 16;

/** Called with an entry's index and halves. */
export type EntryVisitor = (index: number, high: number, low: number) => void;

/** Where a table lies. */
export interface TablePlace {
  readonly offset: number;
  readonly entryCount: number;
}

/** Tells every entry of a table that is not zero, in order; past the file's end all are. */
export function eachEntry(file: ImageFile, place: TablePlace, visit: EntryVisitor): void {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, place.entryCount * ENTRY_BYTES));
  const byteCount = place.entryCount * ENTRY_BYTES;
  for (let from = 0; from < byteCount; from += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, byteCount - from));
    file.read(place.offset + from, part);
    const view = new DataView(part.buffer, 0, part.length);
    for (let at = 0; at < part.length; at += ENTRY_BYTES) {
      const high = view.getUint32(at);
      const low = view.getUint32(at + 4);
      if ((high | low) !== 0) visit((from + at) / ENTRY_BYTES, high, low);
    }
  }
}
