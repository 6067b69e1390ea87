/**
 * The oldest lines of a buffer as one body. The lines stay in the buffer until they are confirmed.
 */
import type { LineBuffer } from "./buffer.js";

export interface Batch {
  readonly bytes: Uint8Array;
  /** One past the number of the last line. */
  readonly endLine: number;
}

/** Joins the oldest spans up to `bytesMax` bytes, at least one. */
export function gatherBatch(buffer: LineBuffer, bytesMax: number): Batch {
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  let endLine = buffer.firstLine;
  for (let span = buffer.findFrom(endLine); span; span = buffer.findFrom(endLine)) {
    if (byteCount > 0 && byteCount + span.bytes.length > bytesMax) break;
    parts.push(span.bytes);
    byteCount += span.bytes.length;
    endLine = span.endLine;
  }
  const bytes = new Uint8Array(byteCount);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return { bytes, endLine };
}
