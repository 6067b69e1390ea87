/**
 * The clusters of a qcow2 file that is written, and their life after ocaml-qcow: one that loses its
 * last reference is junk; erased once the reference is gone from the file; available once that is
 * flushed; a root when taken again. Nothing is taken that the medium may still refer to.
 */
import type { ImageFile } from "../block/image-file.js";
import { ClusterSet } from "./clusters.js";
import type { ClusterSource, Refcounts } from "./refcounts.js";
import type { QcowStats } from "./stats.js";

/** Runs of junk that wait for a commit at most. */
const JUNK_RUNS_MAX = 65_536;

/** Clusters in a row that were taken. */
export interface Taken {
  readonly cluster: number;
  readonly count: number;
  /** Never written: reads as zeros. */
  readonly isFresh: boolean;
}

/** Hands out clusters and takes them back. */
export class Space implements ClusterSource {
  endCluster = 0;
  /** Free within the file. */
  readonly available = new ClusterSet();
  refcounts!: Refcounts;

  private junk: { readonly cluster: number; count: number }[] = [];
  private junkClusters = 0;
  /** From here on the file was never written. */
  private zeroCluster: number;

  constructor(
    private readonly file: ImageFile,
    private readonly clusterBytes: number,
    private readonly stats: QcowStats,
  ) {
    this.zeroCluster = Math.ceil(file.byteCount / clusterBytes);
  }

  /** Whether junk waits for a commit. */
  get hasJunk(): boolean {
    return this.junk.length > 0;
  }

  /** Whether so much junk waits that a commit is due. */
  get isFull(): boolean {
    return this.junk.length > JUNK_RUNS_MAX;
  }

  /** Takes up to `countMax` clusters in a row, the lowest that are free, with a refcount of 1. */
  take(countMax: number): Taken {
    const taken = this.takeFree(countMax) ?? this.takeEnd(countMax);
    let counted = 0;
    try {
      for (; counted < taken.count; counted++) this.refcounts.set(taken.cluster + counted, 1);
    } catch (error) {
      this.release(taken.cluster, counted);
      for (let i = counted; i < taken.count; i++) this.available.add(taken.cluster + i);
      throw error;
    }
    this.stats.roots += taken.count;
    return taken;
  }

  pick(): number {
    const { cluster } = this.takeFree(1) ?? this.takeEnd(1);
    this.stats.roots++;
    return cluster;
  }

  pickRow(count: number): number {
    this.stats.roots += count;
    return this.takeEnd(count).cluster;
  }

  /** Drops one reference to each of them at the next commit. */
  release(cluster: number, count: number): void {
    for (let i = 0; i < count; i++) if (this.refcounts.get(cluster + i) === 1) this.stats.junk++;
    const last = this.junk.at(-1);
    if (last !== undefined && last.cluster + last.count === cluster) last.count += count;
    else if (count > 0) this.junk.push({ cluster, count });
  }

  /** Junk is out of the file: only `free` may follow. */
  erase(): void {
    this.junkClusters = 0;
    for (const { cluster, count } of this.junk) {
      for (let i = 0; i < count; i++) {
        if (this.refcounts.get(cluster + i) === 1) this.junkClusters++;
      }
    }
    this.stats.erased += this.junkClusters;
  }

  /** Lowers the refcounts of junk: nothing on the medium refers to it any more. */
  free(): void {
    const junk = this.junk;
    this.junk = [];
    for (const { cluster, count } of junk) {
      for (let i = 0; i < count; i++) this.drop(cluster + i);
    }
  }

  /** Declares `cluster` free, as the image had it. */
  addFree(cluster: number): void {
    if (this.available.add(cluster)) this.stats.available++;
  }

  /** Makes the file end at its last cluster in use. */
  trim(): void {
    while (this.endCluster > 1 && this.refcounts.get(this.endCluster - 1) === 0) {
      this.endCluster--;
      this.available.delete(this.endCluster);
    }
    const byteCount = this.endCluster * this.clusterBytes;
    if (byteCount >= this.file.byteCount) return;
    this.file.truncate(byteCount);
    this.zeroCluster = Math.min(this.zeroCluster, this.endCluster);
    this.stats.size = this.fileClusters;
  }

  /** Clusters that the file has, or will have once its tables are written. */
  get fileClusters(): number {
    return Math.max(this.endCluster, Math.ceil(this.file.byteCount / this.clusterBytes));
  }

  /** Lengthens the file to the end of a cluster, for one that is written in part. */
  cover(cluster: number): void {
    const end = (cluster + 1) * this.clusterBytes;
    if (this.file.byteCount < end) this.file.truncate(end);
  }

  private takeFree(countMax: number): Taken | undefined {
    const cluster = this.available.first();
    if (cluster < 0) return undefined;
    let count = 0;
    while (count < countMax && this.available.delete(cluster + count)) count++;
    return { cluster, count, isFresh: false };
  }

  private takeEnd(count: number): Taken {
    const cluster = this.endCluster;
    this.endCluster += count;
    this.stats.available += count;
    this.stats.size = this.fileClusters;
    return { cluster, count, isFresh: cluster >= this.zeroCluster };
  }

  private drop(cluster: number): void {
    const refcount = this.refcounts.get(cluster);
    if (refcount === 0) return;
    this.refcounts.set(cluster, refcount - 1);
    if (refcount === 1) this.addFree(cluster);
  }
}
