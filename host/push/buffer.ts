/**
 * What a receiver has not got yet, or not provably: whole lines, oldest first, bounded in bytes and
 * in lines. A line's number counts from the first line ever appended, so that a transport's
 * position stays right while old lines leave.
 */
import { dropLines, linesWithin, type Span } from "./report.js";

/** A span at its place: its lines are `firstLine` up to, not including, `endLine`. */
export interface PlacedSpan extends Span {
  readonly firstLine: number;
  readonly endLine: number;
}

export interface BufferLimits {
  readonly bytesMax: number;
  readonly linesMax: number;
}

/** A queue of lines that drops its oldest when it is full. */
export class LineBuffer {
  byteCount = 0;
  /** One past the number of the newest line. */
  endLine = 0;
  readonly #spans: PlacedSpan[] = [];
  readonly #limits: BufferLimits;

  constructor(limits: BufferLimits) {
    this.#limits = limits;
  }

  get lineCount(): number {
    return this.endLine - this.firstLine;
  }

  /** The number of the oldest line held. */
  get firstLine(): number {
    return this.#spans[0]?.firstLine ?? this.endLine;
  }

  /** Appends, then drops the oldest lines that do not fit; returns how many those were. */
  append(span: Span): number {
    const { bytesMax, linesMax } = this.#limits;
    const firstLine = this.endLine;
    this.endLine += span.lineCount;
    this.#spans.push({ ...span, firstLine, endLine: this.endLine });
    this.byteCount += span.bytes.length;
    let endLine = this.endLine - linesMax;
    let excessBytes = this.byteCount - bytesMax;
    for (const oldest of this.#spans) {
      if (excessBytes <= 0) break;
      endLine = Math.max(endLine, oldest.firstLine + linesWithin(oldest, excessBytes));
      excessBytes -= oldest.bytes.length;
    }
    return this.releaseBefore(endLine);
  }

  /** Lets every line before `endLine` go; returns how many those were. */
  releaseBefore(endLine: number): number {
    const before = this.firstLine;
    const spans = this.#spans;
    let goneCount = 0;
    for (const { endLine: end, bytes } of spans) {
      if (end > endLine) break;
      this.byteCount -= bytes.length;
      goneCount++;
    }
    spans.splice(0, goneCount);
    const [first] = spans;
    if (first && first.firstLine < endLine) {
      const rest = dropLines(first, endLine - first.firstLine);
      this.byteCount -= first.bytes.length - rest.bytes.length;
      spans[0] = { ...rest, firstLine: endLine, endLine: first.endLine };
    }
    return this.firstLine - before;
  }

  /** The oldest span with a line numbered `line` or later. Cost: logarithmic. */
  findFrom(line: number): PlacedSpan | undefined {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#spans[middle] as PlacedSpan).endLine > line) high = middle;
      else low = middle + 1;
    }
    return this.#spans[low];
  }
}
