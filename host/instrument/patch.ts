/**
 * A module put together from spans of the original and bytes in between: which byte comes from
 * where, and which original bytes are left out.
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
  const size: Piece[] = [u32(byteCountOf(pieces))];
  return size.concat(pieces);
}

/** The bytes of pieces, spans included. */
export function flatten(original: Uint8Array, pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteCountOf(pieces));
  let position = 0;
  for (const piece of pieces) {
    const part = isSpan(piece) ? original.subarray(piece.from, piece.until) : piece;
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** How what pieces make relates to the original. */
export interface Plan {
  readonly segments: OffsetSegment[];
  /** Original bytes that no span covers, in order. */
  readonly removed: Uint8Array;
}

/** Maps offsets; spans must ascend. */
export function planOf(original: Uint8Array, pieces: readonly Piece[]): Plan {
  const segments: OffsetSegment[] = [];
  const removed: number[] = [];
  let position = 0;
  let covered = 0;
  let follows = -2;
  for (const piece of pieces) {
    const from = isSpan(piece) ? piece.from : -1;
    const count = isSpan(piece) ? piece.until - from : piece.length;
    if (count === 0) continue;
    if (from !== follows) segments.push({ instrumentedAt: position, originalAt: from });
    if (from >= 0) {
      for (; covered < from; covered++) removed.push(original[covered] as number);
      covered += count;
    }
    follows = from < 0 ? -1 : covered;
    position += count;
  }
  for (; covered < original.length; covered++) removed.push(original[covered] as number);
  // Behind the pieces: the description.
  segments.push({ instrumentedAt: position, originalAt: -1 });
  return { segments, removed: Uint8Array.from(removed) };
}

function isSpan(piece: Piece): piece is Span {
  return "from" in piece;
}
