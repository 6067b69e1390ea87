/**
 * The refcounts of a qcow2 image that is written: its table, and blocks as they are needed.
 *
 * What is in memory may go to the file at any time: counts rise before anything refers to the
 * cluster, and fall after the last reference is gone from the medium. A new block, table or place
 * of one is linked by `link`, behind a barrier.
 */
import { BlockError } from "../block/device.js";
import type { ImageFile } from "../block/image-file.js";
import { ENTRY_BYTES, EntryTable, readEntries } from "./entries.js";
import { type QcowHeader, REFCOUNT_TABLE_BYTES_MAX } from "./header.js";
import { writeRefcountTable } from "./header-writer.js";
import { RefcountBlock } from "./refcount-block.js";

/** Bytes of blocks that are kept in memory, and how many at least. */
const CACHE_BYTES = 8 << 20;
const CACHE_BLOCKS_MIN = 8;

/** Who hands out clusters and takes them back. */
export interface ClusterSource {
  /** A cluster for a block of refcounts; its own refcount is set by the caller. */
  pick(): number;
  /** That many clusters in a row, for a table; likewise. */
  pickRow(count: number): number;
  /** First cluster behind all that are in use. */
  readonly endCluster: number;
  /** Frees clusters once nothing on the medium refers to them. */
  release(cluster: number, count: number): void;
}

/** Refcounts by cluster number. */
export class Refcounts {
  /** Refcounts of one block. */
  readonly perBlock: number;

  private table: EntryTable;
  private tableClusters: number;
  /** Where the file's header leads while a longer table waits for `link`. */
  private oldTable: { readonly cluster: number; readonly count: number } | undefined;
  /** In the order in which they were read. */
  private readonly blocks = new Map<number, RefcountBlock>();
  private readonly blocksMax: number;
  /** The block that was looked up last. */
  private recent: RefcountBlock | undefined;
  private recentIndex = -1;

  constructor(
    private readonly file: ImageFile,
    private readonly header: QcowHeader,
    private readonly source: ClusterSource,
  ) {
    const { clusterBytes, refcountOrder } = header;
    this.perBlock = (clusterBytes * 8) >> refcountOrder;
    this.tableClusters = header.refcountTableClusters;
    const entryCount = (this.tableClusters * clusterBytes) / ENTRY_BYTES;
    this.table = readEntries(file, header.refcountTableOffset, entryCount);
    this.blocksMax = Math.max(CACHE_BLOCKS_MIN, Math.floor(CACHE_BYTES / clusterBytes));
  }

  /** How many blocks the table has room for. */
  get blockCount(): number {
    return this.table.entryCount;
  }

  /** Whether anything waits to be written or linked. */
  get isDirty(): boolean {
    if (this.table.isDirty || this.oldTable !== undefined) return true;
    for (const block of this.blocks.values()) if (block.isDirty) return true;
    return false;
  }

  /** Cluster of block `index`, or -1. */
  blockCluster(index: number): number {
    const offset = this.table.offsetAt(index);
    return offset === 0 ? -1 : offset / this.header.clusterBytes;
  }

  /** Refcount of `cluster`; 0 where no block has it. */
  get(cluster: number): number {
    const index = Math.floor(cluster / this.perBlock);
    return this.find(index)?.get(cluster % this.perBlock) ?? 0;
  }

  /** Changes the refcount of `cluster`, with a new block where there is none. */
  set(cluster: number, value: number): void {
    const index = Math.floor(cluster / this.perBlock);
    // The longer table counts its own clusters, and may have added this very block.
    if (index >= this.table.entryCount) this.grow(index);
    const block = this.find(index) ?? this.add(index);
    block.set(cluster % this.perBlock, value);
  }

  /** Writes changed blocks; new ones are not linked yet. Returns whether a barrier must follow. */
  writeBlocks(): boolean {
    for (const block of this.blocks.values()) if (block.isDirty) block.write(this.file);
    return this.table.isDirty || this.oldTable !== undefined;
  }

  /** Links new blocks, or the new table: after a barrier, and before another. */
  link(): void {
    if (this.oldTable === undefined) {
      this.table.write(this.file);
      return;
    }
    this.table.write(this.file);
    this.file.sync();
    writeRefcountTable(this.file, this.table.offset, this.tableClusters);
    this.source.release(this.oldTable.cluster, this.oldTable.count);
    this.oldTable = undefined;
  }

  /** Moves block `index` to `cluster`, which must have a refcount; linked by `link`. */
  move(index: number, cluster: number): void {
    const block = this.find(index);
    if (block === undefined) return;
    block.offset = cluster * this.header.clusterBytes;
    block.isNew = true;
    this.table.set(index, block.offset, 0);
  }

  private find(index: number): RefcountBlock | undefined {
    if (index === this.recentIndex) return this.recent;
    const cached = this.blocks.get(index);
    if (cached !== undefined) return this.note(index, cached);
    const offset = index < this.table.entryCount ? this.table.offsetAt(index) : 0;
    if (offset === 0) return undefined;
    const bytes = new Uint8Array(this.header.clusterBytes);
    this.file.read(offset, bytes);
    return this.keep(index, new RefcountBlock(bytes, offset, this.header.refcountOrder));
  }

  private add(index: number): RefcountBlock {
    const cluster = this.source.pick();
    const bytes = new Uint8Array(this.header.clusterBytes);
    const offset = cluster * this.header.clusterBytes;
    const block = new RefcountBlock(bytes, offset, this.header.refcountOrder);
    block.isNew = true;
    this.keep(index, block);
    this.table.set(index, offset, 0);
    // Often in this very block; where its own block is missing too, the next one describes itself.
    this.set(cluster, 1);
    return block;
  }

  /** A longer table in a row of new clusters. The old one stays until the header leads here. */
  private grow(index: number): void {
    const { clusterBytes } = this.header;
    const perCluster = clusterBytes / ENTRY_BYTES;
    const entries = Math.ceil(Math.max(index + 2, this.table.entryCount) * 1.5);
    const count = Math.min(
      Math.ceil(entries / perCluster),
      REFCOUNT_TABLE_BYTES_MAX / clusterBytes,
    );
    if (count * perCluster <= index + 1) {
      throw new BlockError("no-space", `${this.file.name}: its refcount table cannot grow`);
    }
    const cluster = this.source.pickRow(count);
    const bytes = new Uint8Array(count * clusterBytes);
    bytes.set(this.table.bytes);
    const before = { cluster: this.table.offset / clusterBytes, count: this.tableClusters };
    this.table = new EntryTable(bytes, cluster * clusterBytes);
    this.table.isNew = true;
    // A table that was never linked goes too: nothing on the medium leads there.
    if (this.oldTable !== undefined) this.source.release(before.cluster, before.count);
    else this.oldTable = before;
    this.tableClusters = count;
    for (let i = 0; i < count; i++) this.set(cluster + i, 1);
  }

  private note(index: number, block: RefcountBlock): RefcountBlock {
    this.recentIndex = index;
    this.recent = block;
    return block;
  }

  private keep(index: number, block: RefcountBlock): RefcountBlock {
    this.note(index, block);
    this.blocks.set(index, block);
    if (this.blocks.size <= this.blocksMax) return block;
    for (const [other, { isDirty }] of this.blocks) {
      if (isDirty || other === index) continue;
      this.blocks.delete(other);
      break;
    }
    return block;
  }
}
