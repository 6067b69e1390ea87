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

/** Stands where a span was, so that its bytes are free at once. */
const GONE: PlacedSpan = { bytes: new Uint8Array(0), lineCount: 0, firstLine: 0, endLine: 0 };

/** A queue of lines that drops its oldest when it is full. */
export class LineBuffer {
  private spans: PlacedSpan[] = [];
  private head = 0;
  private bytes = 0;
  private nextLine = 0;

  constructor(private readonly limits: BufferLimits) {}

  get byteCount(): number {
    return this.bytes;
  }

  get lineCount(): number {
    return this.nextLine - this.firstLine;
  }

  /** The number of the oldest line held. */
  get firstLine(): number {
    return this.spans[this.head]?.firstLine ?? this.nextLine;
  }

  /** One past the number of the newest line. */
  get endLine(): number {
    return this.nextLine;
  }

  /** Whether it is less than half full, in both measures. */
  get isRoomy(): boolean {
    const { bytesMax, linesMax } = this.limits;
    return this.bytes * 2 < bytesMax && this.lineCount * 2 < linesMax;
  }

  /** Appends, then drops the oldest lines that do not fit; returns how many those were. */
  append(span: Span): number {
    const firstLine = this.nextLine;
    this.nextLine += span.lineCount;
    this.spans.push({ ...span, firstLine, endLine: this.nextLine });
    this.bytes += span.bytes.length;
    return this.dropExcess();
  }

  /** Lets every line before `endLine` go; returns how many those were. */
  releaseBefore(endLine: number): number {
    const before = this.firstLine;
    for (let span = this.spans[this.head]; span && span.endLine <= endLine; ) {
      this.shift(span);
      span = this.spans[this.head];
    }
    const first = this.spans[this.head];
    if (first && first.firstLine < endLine) this.cut(first, endLine - first.firstLine);
    this.compact();
    return this.firstLine - before;
  }

  /** The oldest span with a line numbered `line` or later. Cost: logarithmic. */
  findFrom(line: number): PlacedSpan | undefined {
    let low = this.head;
    let high = this.spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.spans[middle]?.endLine ?? 0) > line) high = middle;
      else low = middle + 1;
    }
    return this.spans[low];
  }

  private dropExcess(): number {
    const before = this.firstLine;
    for (let span = this.spans[this.head]; span; span = this.spans[this.head]) {
      const excessBytes = this.bytes - this.limits.bytesMax;
      const excessLines = this.lineCount - this.limits.linesMax;
      if (excessBytes <= 0 && excessLines <= 0) break;
      const lineCount = Math.max(linesWithin(span, excessBytes), excessLines);
      if (lineCount >= span.lineCount) this.shift(span);
      else this.cut(span, lineCount);
    }
    this.compact();
    return this.firstLine - before;
  }

  private shift(span: PlacedSpan): void {
    this.spans[this.head++] = GONE;
    this.bytes -= span.bytes.length;
  }

  private cut(span: PlacedSpan, lineCount: number): void {
    const rest = dropLines(span, lineCount);
    const { endLine } = span;
    this.spans[this.head] = { ...rest, firstLine: endLine - rest.lineCount, endLine };
    this.bytes -= span.bytes.length - rest.bytes.length;
  }

  /** Shortens the list. Amortised: each span moves once in as many as are held. */
  private compact(): void {
    if (this.head < 64 && this.head < this.spans.length) return;
    if (this.head * 2 < this.spans.length) return;
    this.spans = this.spans.slice(this.head);
    this.head = 0;
  }
}
