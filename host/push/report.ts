/**
 * One gather as receivers share it: a copy of what the core encoded, cut at line ends into spans.
 */

/** Whole lines. The bytes never change: receivers and writes in flight share them. */
export interface Span {
  readonly bytes: Uint8Array;
  readonly lineCount: number;
}

const NEWLINE = 10;

/** Spans of this size keep a slow write's progress visible, and a batch cheap to repeat. */
export const SPAN_BYTES_MAX = 64 * 1024;

/**
 * Copies `encoded` once and cuts the copy into spans of at most `spanBytesMax`, or of one line
 * where a line is longer. What follows the last newline is no line and is left out.
 */
export function copyReport(encoded: Uint8Array, spanBytesMax = SPAN_BYTES_MAX): readonly Span[] {
  const bytes = new Uint8Array(encoded.lastIndexOf(NEWLINE) + 1);
  bytes.set(encoded.subarray(0, bytes.length));
  const spans: Span[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = lineEndBefore(bytes, start, start + spanBytesMax);
    const span = bytes.subarray(start, end);
    spans.push({ bytes: span, lineCount: countLines(span) });
    start = end;
  }
  return spans;
}

/** Takes the first `lineCount` lines off a span. */
export function dropLines(span: Span, lineCount: number): Span {
  let start = 0;
  for (let i = 0; i < lineCount; i++) start = span.bytes.indexOf(NEWLINE, start) + 1;
  return { bytes: span.bytes.subarray(start), lineCount: span.lineCount - lineCount };
}

/** How many lines it takes, from the start, to hold `byteCount` bytes; at most all of them. */
export function linesWithin(span: Span, byteCount: number): number {
  let lineCount = 0;
  for (let end = 0; end < byteCount && lineCount < span.lineCount; lineCount++) {
    end = span.bytes.indexOf(NEWLINE, end) + 1;
  }
  return lineCount;
}

/**
 * The end of the last line that starts at or after `start` and ends at or before `limit`; where the
 * first line is longer than that, its end. `bytes` ends in a newline.
 */
export function lineEndBefore(bytes: Uint8Array, start: number, limit: number): number {
  if (limit >= bytes.length) return bytes.length;
  const end = bytes.lastIndexOf(NEWLINE, limit - 1) + 1;
  return end > start ? end : bytes.indexOf(NEWLINE, start) + 1;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
