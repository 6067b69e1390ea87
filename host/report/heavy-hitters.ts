/**
 * Counts the frequent pairs of a stream in bounded memory, exactly as the reference's hotspots
 * does, order included.
 *
 * Algorithm: Misra and Gries 1982, as in janestreet/memtrace `bin/hotspots.ml` (Heavy_hitters).
 * Once there are 10,000 pairs, a new one is skipped, counts as a miss of every pair, and those with
 * as many misses as hits go. There every miss visits every pair; here each pair stands in a list of
 * the miss that would end it, and moves when that comes and it was hit meanwhile.
 */

const PAIRS_MAX = 10_000;
/** Buckets of the reference's hash table: the power of two above its capacity. */
const BUCKETS = 1 << 14;

export interface Pair {
  readonly first: number;
  readonly second: number;
  hits: number;
  /** Misses of the whole table when this pair was added. */
  readonly missesBefore: number;
  /** Order of addition. */
  readonly order: number;
}

/** A summary of the pairs that were added. */
export class HeavyHitters {
  /** By second, then by first: maps of small integers are the fast ones. */
  readonly #pairs: Map<number, Pair>[] = [];
  /** Pairs by the count of misses that ends them, as far as their hits were known. */
  readonly #endings = new Map<number, Pair[]>();
  #count = 0;
  #misses = 0;
  #added = 0;

  /** Counts a pair of small integers. */
  add(first: number, second: number): void {
    const pair = this.#pairs[second]?.get(first);
    if (pair) pair.hits++;
    else if (this.#count < PAIRS_MAX) this.#insert(first, second);
    else this.#miss();
  }

  /** The pairs that are left, in the order of the reference's hash table. */
  list(): Pair[] {
    return this.#pairs
      .flatMap((row) => [...row.values()])
      .sort((one, other) => bucketOf(one) - bucketOf(other) || other.order - one.order);
  }

  #insert(first: number, second: number): void {
    const pair = { first, second, hits: 1, missesBefore: this.#misses, order: this.#added++ };
    const row = this.#pairs[second] ?? new Map<number, Pair>();
    this.#pairs[second] = row.set(first, pair);
    this.#count++;
    this.#enlist(pair);
  }

  #miss(): void {
    this.#misses++;
    const ending = this.#endings.get(this.#misses) ?? [];
    this.#endings.delete(this.#misses);
    for (const pair of ending) {
      if (pair.missesBefore + pair.hits > this.#misses) this.#enlist(pair);
      else this.#delete(pair);
    }
  }

  #delete({ first, second }: Pair): void {
    this.#pairs[second]?.delete(first);
    this.#count--;
  }

  #enlist(pair: Pair): void {
    const end = pair.missesBefore + pair.hits;
    const list = this.#endings.get(end);
    if (list) list.push(pair);
    else this.#endings.set(end, [pair]);
  }
}

/** The reference's hash, of which the low bits matter; new pairs go in front of their bucket. */
function bucketOf({ first, second }: Pair): number {
  return (Math.imul(first, 1231441) + Math.imul(second, 3821)) & (BUCKETS - 1);
}
