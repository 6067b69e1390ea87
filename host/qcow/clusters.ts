/**
 * Sets and counts of clusters by number, in chunks: memory follows what is in them, not the highest
 * number. Numbers are non-negative integers, up to 2^53.
 */
const CHUNK = 4096;

/** A set of clusters. */
export class ClusterSet {
  /** How many are in it. */
  count = 0;

  private readonly chunks = new Map<number, Uint32Array>();
  /** No member is below. */
  private lowest = 0;
  /** The chunk that was looked up last: neighbours come together. */
  private recent: Uint32Array | undefined;
  private recentIndex = -1;

  /** Puts `cluster` in; returns whether it was not there. */
  add(cluster: number): boolean {
    const bits = this.chunkOf(Math.floor(cluster / CHUNK));
    const [word, bit] = place(cluster);
    if (((bits[word] as number) & bit) !== 0) return false;
    bits[word] = (bits[word] as number) | bit;
    this.lowest = this.count === 0 ? cluster : Math.min(this.lowest, cluster);
    this.count++;
    return true;
  }

  /** Takes `cluster` out; returns whether it was there. */
  delete(cluster: number): boolean {
    if (!this.has(cluster)) return false;
    const bits = this.chunkOf(Math.floor(cluster / CHUNK));
    const [word, bit] = place(cluster);
    bits[word] = (bits[word] as number) & ~bit;
    this.count--;
    return true;
  }

  /** Whether `cluster` is in it. */
  has(cluster: number): boolean {
    const bits = this.find(Math.floor(cluster / CHUNK));
    if (bits === undefined) return false;
    const within = cluster % CHUNK;
    return ((bits[within >>> 5] as number) & (1 << (within & 31))) !== 0;
  }

  /** The lowest member, or -1. */
  first(): number {
    if (this.count === 0) return -1;
    let cluster = this.lowest;
    while (!this.has(cluster)) cluster = this.skip(cluster);
    this.lowest = cluster;
    return cluster;
  }

  /** The next that may be a member: empty chunks and words are jumped over. */
  private skip(cluster: number): number {
    const bits = this.find(Math.floor(cluster / CHUNK));
    if (bits === undefined) return (Math.floor(cluster / CHUNK) + 1) * CHUNK;
    const word = Math.floor((cluster % CHUNK) / 32);
    return bits[word] === 0 ? cluster - (cluster % 32) + 32 : cluster + 1;
  }

  private find(index: number): Uint32Array | undefined {
    if (index !== this.recentIndex) {
      this.recent = this.chunks.get(index);
      this.recentIndex = index;
    }
    return this.recent;
  }

  private chunkOf(index: number): Uint32Array {
    let bits = this.find(index);
    if (bits === undefined) {
      bits = new Uint32Array(CHUNK / 32);
      this.chunks.set(index, bits);
      this.recent = bits;
    }
    return bits;
  }
}

/** Word in the chunk, and the bit there. */
function place(cluster: number): [word: number, bit: number] {
  const within = cluster % CHUNK;
  return [within >>> 5, 1 << (within & 31)];
}

/** The most that a count can say; it stays there. */
export const COUNT_MAX = 65_535;

/** How often each cluster is referenced. */
export class ClusterCounts {
  private readonly chunks = new Map<number, Uint16Array>();
  /** The chunk that was looked up last. */
  private recent: Uint16Array | undefined;
  private recentIndex = -1;

  /** Count of `cluster`; `COUNT_MAX` means that or more. */
  get(cluster: number): number {
    return this.find(Math.floor(cluster / CHUNK))?.[cluster % CHUNK] ?? 0;
  }

  /** Counts `times` more references to `cluster`. */
  add(cluster: number, times: number): void {
    const index = Math.floor(cluster / CHUNK);
    let chunk = this.find(index);
    if (chunk === undefined) {
      chunk = new Uint16Array(CHUNK);
      this.chunks.set(index, chunk);
      this.recent = chunk;
    }
    const within = cluster % CHUNK;
    chunk[within] = Math.min(COUNT_MAX, (chunk[within] as number) + times);
  }

  /** Shows every cluster that is referenced, with its count. */
  forEach(see: (cluster: number, count: number) => void): void {
    for (const [index, chunk] of this.chunks) {
      for (let within = 0; within < CHUNK; within++) {
        const count = chunk[within] as number;
        if (count !== 0) see(index * CHUNK + within, count);
      }
    }
  }

  private find(index: number): Uint16Array | undefined {
    if (index !== this.recentIndex) {
      this.recent = this.chunks.get(index);
      this.recentIndex = index;
    }
    return this.recent;
  }
}
