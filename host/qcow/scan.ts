/**
 * Walks every table of a qcow2 image once, and counts what refers to which cluster: what a writer
 * must know before it trusts the refcounts, and all there is to rebuild them from.
 */
import type { ImageFile } from "../block/image-file.js";
import { ClusterCounts, ClusterSet } from "./clusters.js";
import { COPIED, type EntryTable, readEntries, ZERO } from "./entries.js";
import { L1_BYTES_MAX, malformed, type QcowHeader, refused } from "./header.js";
import { readSnapshots } from "./snapshots.js";

/** Bytes of tables that are read at most: 8 TiB of disk in clusters of 64 KiB. */
const TABLE_BYTES_MAX = 1 << 30;
/** Clusters of a file at most: 8 TiB in clusters of 64 KiB. */
export const FILE_CLUSTERS_MAX = 2 ** 27;

/** What a walk found. */
export interface Scan {
  /** References to each cluster. */
  readonly counts: ClusterCounts;
  /** Clusters that hold data of the user, those of snapshots included. */
  readonly usedClusters: number;
  readonly compressedClusters: number;
  /** What is broken: nothing may be written then. The first is kept, all are counted. */
  readonly faults: { readonly first: string | undefined; readonly count: number };
}

/** Reads all tables of `file` that lead to clusters. Throws where they are more than we take. */
export function scanImage(file: ImageFile, header: QcowHeader): Scan {
  const walk = new Walk(file, header);
  walk.markFixed("the header", 0, 1);
  walk.walkRefcounts();
  walk.walkTables();
  walk.walkData();
  const { counts, usedClusters, compressedClusters, firstFault, faultCount } = walk;
  const faults = { first: firstFault, count: faultCount };
  return { counts, usedClusters, compressedClusters, faults };
}

/** What an entry leads to, and the flags that it may have in its two halves. */
interface EntryKind {
  readonly what: string;
  readonly high: number;
  readonly low: number;
}

const REFCOUNT_BLOCK: EntryKind = { what: "a refcount block", high: 0, low: 0 };
const L2_TABLE: EntryKind = { what: "an L2 table", high: COPIED, low: 0 };
const DATA: EntryKind = { what: "data", high: COPIED, low: ZERO };
const DATA_V2: EntryKind = { what: "data", high: COPIED, low: 0 };

class Walk {
  readonly counts = new ClusterCounts();
  usedClusters = 0;
  compressedClusters = 0;
  firstFault: string | undefined;
  faultCount = 0;

  /** Clusters that have one reference: header, L1 and refcount tables and blocks, snapshots. */
  private readonly fixed = new ClusterSet();
  private readonly tables: number[] = [];
  private readonly tableSet = new ClusterSet();
  private readonly fileClusters: number;
  private tableBytes = 0;

  constructor(
    private readonly file: ImageFile,
    private readonly header: QcowHeader,
  ) {
    this.fileClusters = Math.ceil(file.byteCount / header.clusterBytes);
    if (this.fileClusters > FILE_CLUSTERS_MAX) {
      const advice = `${FILE_CLUSTERS_MAX} at most, larger ones by -o cluster_size=`;
      throw refused(file, `has ${this.fileClusters} clusters (${advice})`);
    }
  }

  /** Marks clusters that must have no other reference. */
  markFixed(what: string, first: number, count: number): void {
    for (let cluster = first; cluster < first + count; cluster++) {
      if (!this.isInside(what, cluster)) return;
      if (!this.fixed.add(cluster)) this.note(`${what} overlaps another table`);
      this.counts.add(cluster, 1);
    }
  }

  walkRefcounts(): void {
    const { file, header } = this;
    const { clusterBytes, refcountTableOffset, refcountTableClusters } = header;
    this.markFixed("the refcount table", refcountTableOffset / clusterBytes, refcountTableClusters);
    const entryCount = (refcountTableClusters * clusterBytes) / 8;
    const table = readEntries(file, refcountTableOffset, entryCount);
    for (let index = 0; index < entryCount; index++) {
      if (table.isEmpty(index)) continue;
      const cluster = this.clusterAt(table, index, REFCOUNT_BLOCK);
      if (cluster < 0) continue;
      this.addTableBytes(clusterBytes);
      this.markFixed("a refcount block", cluster, 1);
    }
  }

  /** All L1 tables first: what is a table must be known before data is. */
  walkTables(): void {
    const { file, header } = this;
    const { clusterBytes } = header;
    this.walkL1(header.l1Offset, header.l1Entries);
    if (header.snapshotCount === 0) return;
    const snapshots = readSnapshots(file, header);
    const clusters = Math.ceil(snapshots.byteCount / clusterBytes);
    this.markFixed("the snapshot table", header.snapshotsOffset / clusterBytes, clusters);
    for (const { offset, entryCount } of snapshots.tables) {
      if (entryCount * 8 > L1_BYTES_MAX || offset % clusterBytes !== 0) {
        throw malformed(file, `a snapshot's L1 table of ${entryCount} entries at byte ${offset}`);
      }
      this.walkL1(offset, entryCount);
    }
  }

  walkData(): void {
    const { file, header } = this;
    const perTable = header.clusterBytes / 8;
    for (const cluster of this.tables) {
      const table = readEntries(file, cluster * header.clusterBytes, perTable);
      const times = this.counts.get(cluster);
      for (let index = 0; index < perTable; index++) {
        if (!table.isEmpty(index)) this.walkEntry(table, index, times);
      }
    }
  }

  private walkL1(offset: number, entryCount: number): void {
    if (entryCount === 0) return;
    const { clusterBytes } = this.header;
    this.addTableBytes(entryCount * 8);
    const clusters = Math.ceil((entryCount * 8) / clusterBytes);
    this.markFixed("an L1 table", offset / clusterBytes, clusters);
    const table = readEntries(this.file, offset, entryCount);
    for (let index = 0; index < entryCount; index++) {
      if (table.isEmpty(index)) continue;
      const cluster = this.clusterAt(table, index, L2_TABLE);
      if (cluster < 0) continue;
      if (this.fixed.has(cluster)) this.note("an L2 table overlaps another table");
      this.counts.add(cluster, 1);
      if (!this.tableSet.add(cluster)) continue;
      this.addTableBytes(clusterBytes);
      this.tables.push(cluster);
    }
  }

  private walkEntry(table: EntryTable, index: number, times: number): void {
    if (table.isCompressed(index)) {
      this.compressedClusters++;
      return;
    }
    const cluster = this.clusterAt(table, index, this.header.version === 3 ? DATA : DATA_V2);
    if (cluster < 0) return;
    if (this.fixed.has(cluster) || this.tableSet.has(cluster)) {
      this.note("data overlaps a table");
    }
    if (this.counts.get(cluster) === 0) this.usedClusters++;
    this.counts.add(cluster, times);
  }

  /** Cluster of an entry, or -1 where it has none or one that cannot be. */
  private clusterAt(table: EntryTable, index: number, { what, high, low }: EntryKind): number {
    const offset = table.offsetAt(index);
    if (table.hasReserved(index, high, low)) this.note(`${what} has unknown flags`);
    if (offset === 0) return -1;
    if (offset % this.header.clusterBytes !== 0) {
      this.note(`${what} at byte ${offset}, which is no cluster`);
      return -1;
    }
    const cluster = offset / this.header.clusterBytes;
    return this.isInside(what, cluster) ? cluster : -1;
  }

  private isInside(what: string, cluster: number): boolean {
    if (cluster < this.fileClusters) return true;
    this.note(`${what} at cluster ${cluster}, past the file's end`);
    return false;
  }

  private addTableBytes(byteCount: number): void {
    this.tableBytes += byteCount;
    if (this.tableBytes > TABLE_BYTES_MAX) {
      throw refused(this.file, `has over ${TABLE_BYTES_MAX} bytes of tables`);
    }
  }

  private note(what: string): void {
    this.firstFault ??= what;
    this.faultCount++;
  }
}
