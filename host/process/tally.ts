/**
 * A gauge with one label that counts how often each word occurs in a list.
 */
import type { Gauge, GaugeSeries } from "./registrar.js";

/** Shows counts by word; a word that no longer occurs is 0, its series stays. */
export class Tally {
  private readonly series = new Map<string, { readonly gauge: GaugeSeries; count: number }>();

  constructor(
    private readonly family: Gauge,
    private readonly label: string,
  ) {}

  /** Replaces all counts by those of `words`. */
  show(words: readonly string[]): void {
    for (const entry of this.series.values()) entry.count = 0;
    for (const word of words) this.entryOf(word).count++;
    for (const { gauge, count } of this.series.values()) gauge.set(count);
  }

  private entryOf(word: string) {
    const known = this.series.get(word);
    if (known) return known;
    const entry = { gauge: this.family.child({ [this.label]: word }), count: 0 };
    this.series.set(word, entry);
    return entry;
  }
}
