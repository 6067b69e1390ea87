/**
 * Ranges of addresses and what lies in them. Ranges of different owners hardly ever overlap: only
 * in files that a tool has rewritten without their debug information.
 */

/** How many ranges that begin before an address are looked at. */
const OVERLAPPING_MAX = 16;

interface Span<Owner> {
  readonly low: number;
  readonly high: number;
  readonly owner: Owner;
}

/** Ranges that are added in any order, sorted once, then searched. */
export class SpanList<Owner> {
  private readonly spans: Span<Owner>[] = [];

  /** `high` is exclusive. */
  add(low: number, high: number, owner: Owner): void {
    this.spans.push({ low, high, owner });
  }

  /** Has to be called after the last `add` and before the first `find`. */
  sort(): void {
    this.spans.sort((one, other) => one.low - other.low);
  }

  /**
   * The owner of the last range to begin that holds the address. Of two that begin together it is
   * the first added: of a function that several units have, a linker keeps the first.
   */
  find(address: number): Owner | undefined {
    let best: Span<Owner> | undefined;
    const end = this.endOfThoseUpTo(address);
    for (let each = end - 1; each >= 0 && each >= end - OVERLAPPING_MAX; each--) {
      const span = this.spans[each] as Span<Owner>;
      if (best !== undefined && span.low !== best.low) break;
      if (address < span.high) best = span;
    }
    return best?.owner;
  }

  private endOfThoseUpTo(address: number): number {
    let low = 0;
    let high = this.spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.spans[middle] as Span<Owner>).low <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  visit(sink: (low: number, high: number) => void): void {
    for (const { low, high } of this.spans) sink(low, high);
  }
}

/** Ranges that hold each other: the one that was added last is the innermost. */
export class SpanNest<Owner> {
  private readonly lows: number[] = [];
  private readonly highs: number[] = [];
  private readonly owners: Owner[] = [];

  /** `high` is exclusive. */
  add(low: number, high: number, owner: Owner): void {
    this.lows.push(low);
    this.highs.push(high);
    this.owners.push(owner);
  }

  /** The owner of the innermost range that holds the address. */
  find(address: number): Owner | undefined {
    for (let each = this.lows.length - 1; each >= 0; each--) {
      if (address >= (this.lows[each] as number) && address < (this.highs[each] as number)) {
        return this.owners[each];
      }
    }
    return undefined;
  }
}
