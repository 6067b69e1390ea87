/**
 * All that a qcow2 image that is written knows about its clusters, and the one way in which changes
 * of it reach the medium.
 */
import type { ImageFile } from "../block/image-file.js";
import { COPIED, type EntryTable, ZERO } from "./entries.js";
import type { QcowHeader } from "./header.js";
import { Mappings } from "./mappings.js";
import { Refcounts } from "./refcounts.js";
import { Space } from "./space.js";
import type { QcowStats } from "./stats.js";

/** Mappings, refcounts and free clusters of one image. */
export class Metadata {
  readonly mappings: Mappings;
  readonly space: Space;
  readonly refcounts: Refcounts;

  /** How much junk there had been when compaction found nothing to move. */
  compactedJunk = -1;

  /** Copies of clusters that are not on the medium yet. */
  private copies = 0;

  constructor(
    readonly file: ImageFile,
    readonly header: QcowHeader,
    readonly stats: QcowStats,
  ) {
    this.mappings = new Mappings(file, header);
    this.space = new Space(file, header.clusterBytes, stats);
    this.refcounts = new Refcounts(file, header, this.space);
    this.space.refcounts = this.refcounts;
  }

  /** L2 table `l1Index`, to be changed: made where there is none, copied where it is shared. */
  need(l1Index: number): EntryTable {
    const table = this.mappings.find(l1Index);
    if (table === undefined) return this.mappings.add(l1Index, this.space.take(1).cluster);
    const cluster = table.offset / this.header.clusterBytes;
    if (this.isOwn(this.mappings.l1, l1Index)) return table;
    const copy = this.mappings.add(l1Index, this.space.take(1).cluster, table.bytes);
    this.noteCopy();
    this.space.release(cluster, 1);
    return copy;
  }

  /** Whether the cluster of entry `index` has no other reference. */
  isOwn(table: EntryTable, index: number): boolean {
    if (!table.isCopied(index)) return false;
    return this.refcounts.get(table.offsetAt(index) / this.header.clusterBytes) === 1;
  }

  /** Makes entry `index` lead to a cluster of data of its own. */
  link(table: EntryTable, index: number, cluster: number): void {
    this.unlink(table, index);
    this.mappings.touch(table);
    table.set(index, cluster * this.header.clusterBytes, COPIED);
    this.stats.used++;
  }

  /** Makes entry `index` read as zeros, or as what the backing file has. */
  clear(table: EntryTable, index: number, isZero: boolean): void {
    this.unlink(table, index);
    this.mappings.touch(table);
    table.set(index, 0, 0, isZero ? ZERO : 0);
  }

  /** Counts a cluster that was copied. */
  noteCopy(): void {
    this.copies++;
    this.stats.copied++;
  }

  /** Whether a commit is due, for memory's sake. */
  get isFull(): boolean {
    return this.mappings.isFull || this.space.isFull;
  }

  get isDirty(): boolean {
    return this.mappings.isDirty || this.refcounts.isDirty || this.space.hasJunk;
  }

  /**
   * Makes all that was written before survive a loss of power, in this order: refcounts that rose,
   * new tables, and data; a barrier; references; a barrier; refcounts that fall. Where it stops
   * half-way, clusters are counted that nothing refers to, and nothing else.
   */
  commit(): void {
    const { file, mappings, refcounts, space, stats } = this;
    const mustLink = refcounts.writeBlocks();
    mappings.writeNew();
    if (mustLink) {
      file.sync();
      refcounts.link();
    }
    file.sync();
    stats.flushed += this.copies;
    const moved = this.copies;
    this.copies = 0;
    mappings.writeChanged();
    space.erase();
    file.sync();
    stats.referenced += moved;
    space.free();
    refcounts.writeBlocks();
  }

  private unlink(table: EntryTable, index: number): void {
    const offset = this.mappings.dataAt(table, index);
    if (offset === 0) return;
    const cluster = offset / this.header.clusterBytes;
    if (this.refcounts.get(cluster) === 1) this.stats.used--;
    this.space.release(cluster, 1);
  }
}
