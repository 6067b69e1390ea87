/**
 * Where clusters of the disk lie in a qcow2 file: its L1 table, and L2 tables as they are needed.
 *
 * Changes stay in memory until a commit. A table that a snapshot shares is copied first.
 */
import { BlockError } from "../block/device.js";
import type { ImageFile } from "../block/image-file.js";
import { COPIED, ENTRY_BYTES, EntryTable, readEntries } from "./entries.js";
import type { QcowHeader } from "./header.js";

/** Bytes of L2 tables that are kept in memory, and how many at least. */
const CACHE_BYTES = 16 << 20;
const CACHE_TABLES_MIN = 8;

/** A span of the disk, all in one place. */
export interface Extent {
  /** "none" is for the backing file, or zeros. */
  readonly kind: "data" | "zero" | "none";
  /** Byte of the file, of data. */
  readonly offset: number;
  readonly byteCount: number;
}

/** The tables of the active disk. */
export class Mappings {
  readonly l1: EntryTable;
  /** Entries of an L2 table. */
  readonly perTable: number;
  /** Bytes of the disk that an L2 table maps. */
  readonly tableSpan: number;

  /** In the order in which they were read. */
  private readonly tables = new Map<number, EntryTable>();
  private readonly tablesMax: number;
  /** Tables that changed since the last commit, or more. */
  private touchedCount = 0;

  constructor(
    private readonly file: ImageFile,
    private readonly header: QcowHeader,
  ) {
    const { clusterBytes, l1Entries, l1Offset } = header;
    this.l1 = readEntries(file, l1Offset, l1Entries);
    this.perTable = clusterBytes / ENTRY_BYTES;
    this.tableSpan = this.perTable * clusterBytes;
    this.tablesMax = Math.max(CACHE_TABLES_MIN, Math.floor(CACHE_BYTES / clusterBytes));
  }

  /** Where `position` of the disk lies, and up to `byteCountMax` bytes that lie in a row. */
  extentAt(position: number, byteCountMax: number): Extent {
    const { clusterBytes } = this.header;
    const l1Index = Math.floor(position / this.tableSpan);
    const table = this.find(l1Index);
    if (table === undefined) {
      const byteCount = Math.min(byteCountMax, (l1Index + 1) * this.tableSpan - position);
      return { kind: "none", offset: 0, byteCount };
    }
    const first = Math.floor((position % this.tableSpan) / clusterBytes);
    const within = position % clusterBytes;
    const kind = this.kindAt(table, first);
    const start = kind === "data" ? this.dataAt(table, first) : 0;
    let count = 1;
    while (
      count * clusterBytes - within < byteCountMax &&
      first + count < this.perTable &&
      this.kindAt(table, first + count) === kind &&
      (kind !== "data" || table.offsetAt(first + count) === start + count * clusterBytes)
    ) {
      count++;
    }
    const byteCount = Math.min(byteCountMax, count * clusterBytes - within);
    return { kind, offset: start + within, byteCount };
  }

  /** What entry `index` of an L2 table says. Throws on what this image cannot have. */
  kindAt(table: EntryTable, index: number): Extent["kind"] {
    if (table.isCompressed(index)) throw this.corrupt("a compressed cluster");
    if (table.isZero(index)) {
      if (this.header.version === 3) return "zero";
      throw this.corrupt("a zero cluster in an image of version 2");
    }
    return table.offsetAt(index) === 0 ? "none" : "data";
  }

  /** Byte of the file of entry `index`: 0 for none, else a cluster's. */
  dataAt(table: EntryTable, index: number): number {
    const offset = table.offsetAt(index);
    if (offset % this.header.clusterBytes === 0) return offset;
    throw this.corrupt(`a cluster at byte ${offset}`);
  }

  /** L2 table `l1Index`, or undefined where the disk has none. */
  find(l1Index: number): EntryTable | undefined {
    const cached = this.tables.get(l1Index);
    if (cached !== undefined) return cached;
    const offset = this.l1.offsetAt(l1Index);
    if (offset === 0) return undefined;
    if (offset % this.header.clusterBytes !== 0 || offset >= this.file.byteCount) {
      throw this.corrupt(`an L2 table at byte ${offset}`);
    }
    return this.keep(l1Index, readEntries(this.file, offset, this.perTable));
  }

  /** Adds L2 table `l1Index` at a cluster of its own: empty, or a copy of `bytes`. */
  add(l1Index: number, cluster: number, bytes?: Uint8Array): EntryTable {
    const { clusterBytes } = this.header;
    const own = bytes?.slice() ?? new Uint8Array(clusterBytes);
    const table = new EntryTable(own, cluster * clusterBytes);
    this.touch(table);
    table.isNew = true;
    this.l1.set(l1Index, table.offset, COPIED);
    return this.keep(l1Index, table);
  }

  get isDirty(): boolean {
    if (this.l1.isDirty) return true;
    for (const table of this.tables.values()) if (table.isDirty) return true;
    return false;
  }

  /** Counts `table` among those that wait: it is about to change. */
  touch(table: EntryTable): void {
    if (!table.isDirty) this.touchedCount++;
  }

  /** Whether so many tables wait to be written that a commit is due. */
  get isFull(): boolean {
    return this.touchedCount > this.tablesMax / 2;
  }

  /** Writes new tables, which nothing leads to yet. */
  writeNew(): void {
    for (const table of this.tables.values()) if (table.isNew) table.write(this.file);
  }

  /** Writes what changed in tables, and what leads to new ones. */
  writeChanged(): void {
    for (const table of this.tables.values()) if (table.isDirty) table.write(this.file);
    if (this.l1.isDirty) this.l1.write(this.file);
    this.touchedCount = 0;
  }

  private keep(l1Index: number, table: EntryTable): EntryTable {
    this.tables.set(l1Index, table);
    if (this.tables.size <= this.tablesMax) return table;
    for (const [other, { isDirty }] of this.tables) {
      if (isDirty || other === l1Index) continue;
      this.tables.delete(other);
      break;
    }
    return table;
  }

  private corrupt(what: string): BlockError {
    return new BlockError("corrupt", `${this.file.name} has ${what}; run qemu-img check`);
  }
}
