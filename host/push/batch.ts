/**
 * The oldest lines of a buffer as one body. The lines stay in the buffer until they are confirmed.
 */
import type { LineBuffer, PlacedSpan } from "./buffer.js";

export interface Batch {
  readonly bytes: Uint8Array;
  /** One past the number of the last line. */
  readonly endLine: number;
}

/** Joins the oldest spans up to `bytesMax` bytes, at least one; copies only several. */
export function gatherBatch(buffer: LineBuffer, bytesMax: number): Batch {
  const spans: PlacedSpan[] = [];
  let byteCount = 0;
  let endLine = buffer.firstLine;
  for (let span = buffer.findFrom(endLine); span; span = buffer.findFrom(endLine)) {
    if (spans.length > 0 && byteCount + span.bytes.length > bytesMax) break;
    spans.push(span);
    byteCount += span.bytes.length;
    endLine = span.endLine;
  }
  const [first] = spans;
  if (first && spans.length === 1) return { bytes: first.bytes, endLine };
  return { bytes: join(spans, byteCount), endLine };
}

function join(spans: readonly PlacedSpan[], byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  let offset = 0;
  for (const span of spans) {
    bytes.set(span.bytes, offset);
    offset += span.bytes.length;
  }
  return bytes;
}
