/**
 * Where the clusters of a disk lie, looked up in order: the L1 table is held, and the L2 table that
 * was used last.
 */
import type { ImageFile } from "../../block/image-file.js";
import { MonitorError } from "../../errors.js";
import type { QcowHeader } from "../header.js";
import { ENTRY_BYTES, hostOffset, isCompressed, isZero } from "./entry.js";

/** Clusters of the disk that are alike. */
export interface Stretch {
  /** None: what lies behind the image shows. */
  readonly kind: "none" | "zero" | "data" | "compressed";
  /** Where the first lies in the file, the others behind it; undefined where none has a place. */
  readonly offset?: number;
  readonly clusterCount: number;
}

/** Looks clusters up in one image. */
export class Lookup {
  readonly #l1: DataView;
  readonly #l2Entries: number;
  #l2: DataView | undefined;
  #l2Offset = 0;

  constructor(
    private readonly file: ImageFile,
    private readonly header: QcowHeader,
  ) {
    this.#l1 = readView(file, header.l1Offset, header.l1Entries * ENTRY_BYTES);
    this.#l2Entries = header.clusterBytes / ENTRY_BYTES;
  }

  /**
   * What holds from `cluster` on, for at most `countMax` clusters. Throws MALFORMED where a table
   * leads out of the file.
   */
  find(cluster: number, countMax: number): Stretch {
    const offset = this.#tableOffset(Math.floor(cluster / this.#l2Entries));
    if (offset === 0) return { kind: "none", clusterCount: this.#withoutTable(cluster, countMax) };
    const table = this.#table(offset);
    const from = cluster % this.#l2Entries;
    const until = Math.min(this.#l2Entries, from + countMax);
    const first = this.#entry(table, from);
    let at = from + 1;
    while (at < until && this.#continues(first, this.#entry(table, at), at - from)) at += 1;
    return { ...first, clusterCount: at - from };
  }

  /** Clusters up to the next that has an L2 table. */
  #withoutTable(cluster: number, countMax: number): number {
    let index = Math.floor(cluster / this.#l2Entries) + 1;
    const end = cluster + countMax;
    while (index * this.#l2Entries < end && this.#tableOffset(index) === 0) index += 1;
    return Math.min(index * this.#l2Entries, end) - cluster;
  }

  #tableOffset(index: number): number {
    const at = index * ENTRY_BYTES;
    return hostOffset(this.#l1.getUint32(at), this.#l1.getUint32(at + 4));
  }

  #table(offset: number): DataView {
    if (this.#l2 !== undefined && this.#l2Offset === offset) return this.#l2;
    this.#within(offset);
    this.#l2 = readView(this.file, offset, this.header.clusterBytes);
    this.#l2Offset = offset;
    return this.#l2;
  }

  #entry(table: DataView, index: number): Omit<Stretch, "clusterCount"> {
    const high = table.getUint32(index * ENTRY_BYTES);
    const low = table.getUint32(index * ENTRY_BYTES + 4);
    if (isCompressed(high)) return { kind: "compressed" };
    const offset = hostOffset(high, low);
    if (offset === 0) return { kind: isZero(low) ? "zero" : "none" };
    this.#within(offset);
    return { kind: isZero(low) ? "zero" : "data", offset };
  }

  #continues(
    first: Omit<Stretch, "clusterCount">,
    next: Omit<Stretch, "clusterCount">,
    distance: number,
  ): boolean {
    if (first.kind !== next.kind) return false;
    if (first.offset === undefined) return next.offset === undefined;
    return next.offset === first.offset + distance * this.header.clusterBytes;
  }

  #within(offset: number): void {
    const isAligned = offset % this.header.clusterBytes === 0;
    if (isAligned && offset <= this.file.byteCount) return;
    const problem = `a table leads to byte ${offset}, which is no cluster of the file`;
    const advice = "wmon qcow check says more";
    throw new MonitorError("MALFORMED", `${this.file.name}: ${problem}; ${advice}`);
  }
}

function readView(file: ImageFile, offset: number, byteCount: number): DataView {
  const bytes = new Uint8Array(byteCount);
  file.read(offset, bytes);
  return new DataView(bytes.buffer);
}
