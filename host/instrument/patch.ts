/**
 * A module put together from spans of the original and bytes in between. Remembers which byte came
 * from where, and which original bytes were left out.
 */
import { u32 } from "./assembler.js";
import type { OffsetSegment } from "./description.js";

/** A span of the original's bytes, taken over as it is. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** A span, or bytes that are new. */
export type Piece = Span | ArrayLike<number>;

/** Bytes that the pieces make. */
export function byteCountOf(pieces: readonly Piece[]): number {
  let sum = 0;
  for (const piece of pieces) sum += isSpan(piece) ? piece.until - piece.from : piece.length;
  return sum;
}

/** The pieces behind their size in bytes, as sections and bodies are. */
export function sized(pieces: readonly Piece[]): Piece[] {
  return [u32(byteCountOf(pieces)), ...pieces];
}

/** The bytes of pieces, spans included; for copies that stand elsewhere. */
export function flatten(original: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const bytes = new Uint8Array(byteCountOf(pieces));
  let position = 0;
  for (const piece of pieces) {
    const part = isSpan(piece) ? original.subarray(piece.from, piece.until) : piece;
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

export interface Patched {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly segments: OffsetSegment[];
  /** Original bytes that no span covers, in order. */
  readonly removed: Uint8Array;
}

/** Puts a module together; spans must ascend. */
export function patch(original: Uint8Array, pieces: readonly Piece[]): Patched {
  const bytes = new Uint8Array(byteCountOf(pieces));
  const segments: OffsetSegment[] = [];
  const removed: number[] = [];
  let position = 0;
  let covered = 0;
  let originalAt = -2;
  for (const piece of pieces) {
    const begin = isSpan(piece) ? piece.from : -1;
    const part = isSpan(piece) ? original.subarray(piece.from, piece.until) : piece;
    if (part.length === 0) continue;
    if (begin !== originalAt) segments.push({ instrumentedAt: position, originalAt: begin });
    if (isSpan(piece)) {
      for (; covered < piece.from; covered++) removed.push(original[covered] as number);
      covered = piece.until;
    }
    originalAt = isSpan(piece) ? piece.until : -1;
    bytes.set(part, position);
    position += part.length;
  }
  for (; covered < original.length; covered++) removed.push(original[covered] as number);
  return { bytes, segments, removed: Uint8Array.from(removed) };
}

function isSpan(piece: Piece): piece is Span {
  return "from" in piece;
}
