/**
 * What refers to each cluster of an image file: how often, and in which roles. Kept in small
 * pages, so that a sparse file of any length costs only what is really referred to.
 */
import { MonitorError } from "../../errors.js";

/** What a cluster is used as, a bit each. */
export const Role = {
  Header: 1,
  RefcountTable: 2,
  RefcountBlock: 4,
  L1: 8,
  L2: 16,
  Snapshots: 32,
  Bitmap: 64,
  Data: 128,
  /** Not roles but what was seen: an active entry says "copied", one does not, a table was read. */
  Copied: 256,
  NotCopied: 512,
  Walked: 1024,
} as const;

/** All bits that are uses. */
export const ROLES = 255;

const ROLE_BITS = 11;
const COUNT_BITS = 32 - ROLE_BITS;
/** A count that is this or more. */
export const REFERENCES_MAX = 2 ** COUNT_BITS - 1;

const PAGE_CLUSTERS = 128;
/** Pages are allocated so many at once. */
const CHUNK_PAGES = 256;
const CHUNK_CLUSTERS = CHUNK_PAGES * PAGE_CLUSTERS;
/** 8 TiB of 64 KiB clusters, all in use. */
const PAGES_MAX = 1 << 20;

/** References and roles of clusters, by their number in the file. */
export class Tally {
  /** The position of a page's first word, in all chunks taken as one. */
  readonly #pages = new Map<number, number>();
  readonly #chunks: Uint32Array[] = [];
  #lastIndex = -1;
  #last: number | undefined;
  /** One behind the last cluster that is referred to. */
  clusterCount = 0;

  /** `fileName` is for the message when there is no room for more. */
  constructor(private readonly fileName: string) {}

  /**
   * Adds references in a role; those above `REFERENCES_MAX` are that many. Throws LIMIT_REACHED for
   * a page too many.
   */
  add(cluster: number, roles: number, times = 1): void {
    const index = Math.floor(cluster / PAGE_CLUSTERS);
    const position = (this.#find(index) ?? this.#make(index)) + (cluster % PAGE_CLUSTERS);
    const chunk = this.#chunks[Math.floor(position / CHUNK_CLUSTERS)] as Uint32Array;
    const word = chunk[position % CHUNK_CLUSTERS] as number;
    const references = Math.min(REFERENCES_MAX, (word >>> ROLE_BITS) + times);
    const bits = (word & (2 ** ROLE_BITS - 1)) | roles;
    chunk[position % CHUNK_CLUSTERS] = (references << ROLE_BITS) | bits;
    if (cluster >= this.clusterCount) this.clusterCount = cluster + 1;
  }

  /** How often the cluster is referred to. */
  references(cluster: number): number {
    return this.#word(cluster) >>> ROLE_BITS;
  }

  /** In which roles, and what else was seen. */
  roles(cluster: number): number {
    return this.#word(cluster) & (2 ** ROLE_BITS - 1);
  }

  /** Tells the number of every cluster that is referred to, in order. */
  each(visit: (cluster: number) => void): void {
    for (const index of Float64Array.from(this.#pages.keys()).sort()) {
      const first = index * PAGE_CLUSTERS;
      for (let cluster = first; cluster < first + PAGE_CLUSTERS; cluster++) {
        if (this.#word(cluster) !== 0) visit(cluster);
      }
    }
  }

  #word(cluster: number): number {
    const page = this.#find(Math.floor(cluster / PAGE_CLUSTERS));
    if (page === undefined) return 0;
    const position = page + (cluster % PAGE_CLUSTERS);
    const chunk = this.#chunks[Math.floor(position / CHUNK_CLUSTERS)] as Uint32Array;
    return chunk[position % CHUNK_CLUSTERS] as number;
  }

  /** Neighbours are asked for one after the other. */
  #find(index: number): number | undefined {
    if (index !== this.#lastIndex) {
      this.#last = this.#pages.get(index);
      this.#lastIndex = index;
    }
    return this.#last;
  }

  #make(index: number): number {
    const count = this.#pages.size;
    if (count === PAGES_MAX) {
      const problem = "more clusters are in use, or further apart, than can be kept in memory";
      throw new MonitorError("LIMIT_REACHED", `${this.fileName}: ${problem} (640 MiB)`);
    }
    if (count % CHUNK_PAGES === 0) this.#chunks.push(new Uint32Array(CHUNK_CLUSTERS));
    const position = count * PAGE_CLUSTERS;
    this.#pages.set(index, position);
    this.#last = position;
    return position;
  }
}
