/**
 * A block device over a qcow2 image. What is written goes to its cluster at once, what leads there
 * is kept in memory until `flush`: see *Order of writes* in the README.
 */
import { type BlockDevice, BlockError } from "../block/device.js";
import { compactStep } from "./compaction.js";
import type { EntryTable } from "./entries.js";
import type { QcowHeader } from "./header.js";
import type { Metadata } from "./metadata.js";
import type { Taken } from "./space.js";
import type { QcowStats } from "./stats.js";

/** What an image has beneath it: reads as zeros past its end. */
export interface Backing {
  /** Bytes that it has. */
  readonly byteCount: number;
  read(offset: number, target: Uint8Array): void;
  close(): void;
}

/** Zeros that are written at once at most, where a cluster cannot be given back. */
const ZEROS_BYTES_MAX = 1 << 20;

/** An open qcow2 image. Made by `openQcow`. */
export class QcowDevice implements BlockDevice {
  readonly capacityBytes: number;
  readonly isReadonly: boolean;
  readonly header: QcowHeader;
  readonly stats: QcowStats;

  /** Why nothing may be written any more: after a failed barrier nobody knows what is there. */
  private failure: unknown;
  private isClosed = false;

  constructor(
    private readonly metadata: Metadata,
    private readonly backing: Backing | undefined,
  ) {
    const { header, file, stats } = metadata;
    this.header = header;
    this.stats = stats;
    this.isReadonly = file.isReadonly;
    this.capacityBytes = header.capacityBytes - (header.capacityBytes % 512);
  }

  read(offset: number, target: Uint8Array): void {
    this.fill(offset, target);
    this.stats.reads += target.length;
  }

  write(offset: number, source: Uint8Array): void {
    this.assertWritable();
    this.put(offset, source);
    this.stats.writes += source.length;
  }

  discard(offset: number, byteCount: number): void {
    this.assertWritable();
    const { clusterBytes } = this.header;
    const end = offset + byteCount;
    const first = Math.ceil(offset / clusterBytes) * clusterBytes;
    // The last cluster may be longer than the disk: then its end is the disk's.
    const isLast = end >= this.capacityBytes;
    const last = isLast ? Math.ceil(end / clusterBytes) * clusterBytes : end - (end % clusterBytes);
    if (first >= last) this.putZeros(offset, end);
    else {
      this.putZeros(offset, first);
      for (let at = first; at < last; ) at = this.discardClusters(at, last);
      this.putZeros(last, end);
    }
    this.stats.discards += byteCount;
  }

  flush(): void {
    if (this.isReadonly) return;
    this.assertWritable();
    this.guard(() => {
      if (this.metadata.isDirty) this.metadata.commit();
      else this.metadata.file.sync();
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      if (!this.isReadonly && this.failure === undefined) this.flush();
    } finally {
      this.backing?.close();
      this.metadata.file.close();
    }
  }

  /**
   * Moves up to `clustersMax` clusters from the end of the file into free ones, and makes the file
   * end at the last in use. What it moves is flushed. Returns whether there may be more to do.
   */
  compact(clustersMax: number): boolean {
    if (this.isReadonly) return false;
    this.assertWritable();
    return this.guard(() => compactStep(this.metadata, clustersMax));
  }

  /** Reads without counting. */
  private fill(offset: number, target: Uint8Array): void {
    const { mappings, file } = this.metadata;
    for (let at = 0; at < target.length; ) {
      const extent = mappings.extentAt(offset + at, target.length - at);
      const piece = target.subarray(at, at + extent.byteCount);
      if (extent.kind === "data") file.read(extent.offset, piece);
      else if (extent.kind === "none" && this.isBacked(offset + at)) {
        this.backing?.read(offset + at, piece);
      } else piece.fill(0);
      at += extent.byteCount;
    }
  }

  /** Whether the backing file has anything at `position` or behind. */
  private isBacked(position: number): boolean {
    return this.backing !== undefined && position < this.backing.byteCount;
  }

  /** Writes without counting. */
  private put(offset: number, source: Uint8Array): void {
    for (let at = 0; at < source.length; ) {
      if (this.metadata.isFull) this.guard(() => this.metadata.commit());
      at += this.putSome(offset + at, source.subarray(at));
    }
  }

  /** Writes as much as lies in one row in the file; returns how many bytes. */
  private putSome(position: number, source: Uint8Array): number {
    const { mappings } = this.metadata;
    const { clusterBytes } = this.header;
    const table = this.metadata.need(Math.floor(position / mappings.tableSpan));
    const inTable = mappings.tableSpan - (position % mappings.tableSpan);
    const piece = source.subarray(0, inTable);
    const first = Math.floor((position % mappings.tableSpan) / clusterBytes);
    const within = position % clusterBytes;
    const most = Math.ceil((within + piece.length) / clusterBytes);
    const inPlace = this.countInPlace(table, first, most);
    if (inPlace > 0) {
      const bytes = piece.subarray(0, inPlace * clusterBytes - within);
      this.metadata.file.write(mappings.dataAt(table, first) + within, bytes);
      return bytes.length;
    }
    let count = 1;
    while (count < most && !this.isInPlace(table, first + count)) count++;
    const taken = this.metadata.space.take(count);
    const bytes = piece.subarray(0, taken.count * clusterBytes - within);
    this.putNew(position, bytes, taken);
    for (let i = 0; i < taken.count; i++) this.link(table, first + i, taken.cluster + i);
    return bytes.length;
  }

  /** How many clusters from entry `first` on lie in a row and may be written where they are. */
  private countInPlace(table: EntryTable, first: number, most: number): number {
    if (!this.isInPlace(table, first)) return 0;
    const start = this.metadata.mappings.dataAt(table, first);
    let count = 1;
    while (
      count < most &&
      table.offsetAt(first + count) === start + count * this.header.clusterBytes &&
      this.isInPlace(table, first + count)
    ) {
      count++;
    }
    return count;
  }

  private isInPlace(table: EntryTable, index: number): boolean {
    const isData = this.metadata.mappings.kindAt(table, index) === "data";
    return isData && this.metadata.isOwn(table, index);
  }

  private link(table: EntryTable, index: number, cluster: number): void {
    if (this.metadata.mappings.kindAt(table, index) === "data") this.metadata.noteCopy();
    this.metadata.link(table, index, cluster);
  }

  /** Writes new clusters: `bytes`, and before and behind what the disk had there. */
  private putNew(position: number, bytes: Uint8Array, taken: Taken): void {
    const { file, space } = this.metadata;
    const { clusterBytes } = this.header;
    const before = position % clusterBytes;
    const end = position + bytes.length;
    const behind = (clusterBytes - (end % clusterBytes)) % clusterBytes;
    const start = taken.cluster * clusterBytes;
    try {
      file.write(start + before, bytes);
      this.putOld(position - before, before, start, taken);
      this.putOld(end, behind, start + before + bytes.length, taken);
      if (behind > 0) space.cover(taken.cluster + taken.count - 1);
    } catch (error) {
      space.release(taken.cluster, taken.count);
      throw error;
    }
  }

  /** Copies `byteCount` bytes of the disk at `position` to byte `target` of the file. */
  private putOld(position: number, byteCount: number, target: number, taken: Taken): void {
    if (byteCount === 0) return;
    if (taken.isFresh && this.isZero(position, byteCount)) return;
    const bytes = new Uint8Array(byteCount);
    const end = Math.min(position + byteCount, this.header.capacityBytes);
    if (end > position) this.fill(position, bytes.subarray(0, end - position));
    this.metadata.file.write(target, bytes);
  }

  /** Whether a span within one cluster reads as zeros, without reading it. */
  private isZero(position: number, byteCount: number): boolean {
    const { kind } = this.metadata.mappings.extentAt(position, byteCount);
    return kind === "zero" || (kind === "none" && !this.isBacked(position));
  }

  /** Writes zeros where it does not read as zeros already. */
  private putZeros(from: number, until: number): void {
    for (let at = from; at < until; ) {
      const most = Math.min(until - at, ZEROS_BYTES_MAX);
      const { kind, byteCount } = this.metadata.mappings.extentAt(at, most);
      const isThere = kind === "data" || (kind === "none" && this.isBacked(at));
      // Filled, though zeros already: from pages that were never touched, a kernel copies in pieces
      // that end within a sector, and a kill may stop it there.
      if (isThere) this.put(at, new Uint8Array(byteCount).fill(0));
      at += byteCount;
    }
  }

  /** Gives back the whole clusters from `from` on that one L2 table has; returns where it ended. */
  private discardClusters(from: number, until: number): number {
    if (this.metadata.isFull) this.guard(() => this.metadata.commit());
    const { mappings } = this.metadata;
    const { clusterBytes, version } = this.header;
    const l1Index = Math.floor(from / mappings.tableSpan);
    const end = Math.min(until, (l1Index + 1) * mappings.tableSpan);
    // Version 2 cannot say that a cluster hides the backing file: it writes zeros.
    if (version === 2 && this.isBacked(from)) {
      this.putZeros(from, Math.min(end, this.capacityBytes));
      return end;
    }
    if (mappings.find(l1Index) === undefined && !this.isBacked(from)) return end;
    const table = this.metadata.need(l1Index);
    for (let at = from; at < end; at += clusterBytes) {
      this.discardCluster(table, at);
    }
    return end;
  }

  private discardCluster(table: EntryTable, position: number): void {
    const { mappings } = this.metadata;
    const index = Math.floor((position % mappings.tableSpan) / this.header.clusterBytes);
    const isBacked = this.isBacked(position);
    const kind = mappings.kindAt(table, index);
    const hasCluster = table.offsetAt(index) !== 0;
    if (hasCluster || (kind === "none" && isBacked)) this.metadata.clear(table, index, isBacked);
  }

  private assertWritable(): void {
    if (this.failure === undefined) return;
    const cause = this.failure;
    const message = `${this.metadata.file.name}: not written any more, for a flush failed`;
    throw new BlockError("io", message, { cause });
  }

  /** Runs what has barriers: when the storage fails there, nothing may be written any more. */
  private guard<Result>(run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof BlockError && error.fault === "no-space")) this.failure = error;
      throw error;
    }
  }
}
