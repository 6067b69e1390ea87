/**
 * The mapping tables, active and of snapshots: every L1 table first, then every L2 table once,
 * counted as often as it is referred to. So the time is that of reading the file's tables once,
 * however many snapshots share them.
 */
import {
  compressedRegion,
  ENTRY_BYTES,
  hasL1Reserved,
  hasL2Reserved,
  hostOffset,
  isCompressed,
  isCopied,
  isZero,
} from "./entry.js";
import { claim, claimOnce, type Examination, isAligned } from "./examination.js";
import { hex } from "./finding.js";
import { eachEntry, type TablePlace } from "./table.js";
import { ROLES, Role } from "./tally.js";

/** An L1 table: the active one, or a snapshot's, which has a name. */
export interface L1Place extends TablePlace {
  readonly snapshot?: string;
}

/** Clusters of the active mapping, by what they are. */
export interface ClusterCounts {
  /** With space of their own in the file; compressed ones as well. */
  allocated: number;
  compressed: number;
  /** Not right behind their predecessor; compressed ones always. */
  fragmented: number;
  /** That read as zeros without data, whether space is kept for them or not. */
  zero: number;
}

/** Counts all that the tables refer to; what they say of the active mapping. */
export function examineMappings(
  examination: Examination,
  active: L1Place,
  snapshots: readonly L1Place[],
): ClusterCounts {
  const places = [active, ...snapshots].filter((place) => claimL1(examination, place));
  for (const place of places) claimL2s(examination, place);
  const walk = new L2Walk(examination);
  for (const place of places) {
    const isActive = place === active;
    const { onRead, file } = examination;
    eachEntry(file, place, (_, high, low) => walk.table(hostOffset(high, low), isActive));
    onRead(place.entryCount * ENTRY_BYTES);
  }
  return walk.counts;
}

function claimL1(examination: Examination, place: L1Place): boolean {
  const { offset, entryCount } = place;
  const what = () => `${nameL1(place)} at ${hex(offset)}`;
  if (entryCount === 0 || !isAligned(examination, offset, what)) return false;
  const region = { offset, byteCount: entryCount * ENTRY_BYTES };
  return claimOnce(examination, region, { what, roles: Role.L1 });
}

function nameL1({ snapshot }: L1Place): string {
  return snapshot === undefined ? "L1 table" : `L1 table of snapshot ${snapshot}`;
}

/** Counts the L2 tables of an L1 table. */
function claimL2s(examination: Examination, place: L1Place): void {
  const { file, header, findings } = examination;
  eachEntry(file, place, (index, high, low) => {
    const offset = hostOffset(high, low);
    const what = () => `${nameL1(place)}, entry ${index} (L2 table at ${hex(offset)})`;
    if (hasL1Reserved(high, low)) {
      findings.add("reserved-bits", offset, () => `${what()}: reserved bits are set`);
    }
    if (offset === 0) {
      findings.add("copied-flag", 0, () => `${what()}: flags without a table`);
      return;
    }
    if (!isAligned(examination, offset, what)) return;
    const flag = isCopied(high) ? Role.Copied : Role.NotCopied;
    const roles = Role.L2 | (place.snapshot === undefined ? flag : 0);
    claim(examination, { offset, byteCount: header.clusterBytes }, { what, roles });
  });
}

/** Goes through L2 tables, each once. */
class L2Walk {
  readonly counts: ClusterCounts = { allocated: 0, compressed: 0, fragmented: 0, zero: 0 };
  /** Within a table: what lies between two of them is no fragmentation. */
  #nextOffset: number | undefined;

  constructor(private readonly examination: Examination) {}

  /** Counts what the table refers to, if it is one and was not read before. */
  table(offset: number, isActive: boolean): void {
    const { header, tally, file, onRead } = this.examination;
    const cluster = offset / header.clusterBytes;
    // An L1 entry that was refused has no L2 table here.
    if (!Number.isInteger(cluster)) return;
    const roles = tally.roles(cluster);
    // What is something else as well has no entries that mean anything.
    if ((roles & ROLES) !== Role.L2 || (roles & Role.Walked) !== 0) return;
    const times = tally.references(cluster);
    tally.add(cluster, Role.Walked, 0);
    this.#nextOffset = undefined;
    const entryCount = header.clusterBytes / ENTRY_BYTES;
    eachEntry(file, { offset, entryCount }, (index, high, low) => {
      if (this.#plain(high, low, { times, isActive })) return;
      const entry = { table: offset, index, high, low };
      if (isCompressed(high)) this.#compressed(entry, times, isActive);
      else this.#standard(entry, times, isActive);
    });
    onRead(header.clusterBytes);
  }

  /** Counts an entry that has nothing to say but where its data lie: most of millions. */
  #plain(high: number, low: number, use: { times: number; isActive: boolean }): boolean {
    const { header, tally, file } = this.examination;
    if ((high & 0x7fff_ffff) >>> 24 !== 0 || (low & 0x1ff) !== 0) return false;
    const offset = hostOffset(high, low);
    const { clusterBytes } = header;
    const isWithin = offset + clusterBytes <= file.byteCount;
    if (offset === 0 || offset % clusterBytes !== 0 || !isWithin) return false;
    const flag = isCopied(high) ? Role.Copied : Role.NotCopied;
    tally.add(offset / clusterBytes, Role.Data | (use.isActive ? flag : 0), use.times);
    if (use.isActive) this.#count(offset);
    return true;
  }

  #compressed(entry: L2Entry, times: number, isActive: boolean): void {
    const { header, findings } = this.examination;
    const { high, low } = entry;
    const region = compressedRegion(high, low, header.clusterBits);
    const what = () => `${nameEntry(entry)} (compressed data at ${hex(region.offset)})`;
    if (isCopied(high)) {
      const problem = "is compressed, and must not have its copied flag set";
      findings.add("copied-flag", region.offset, () => `${what()}: ${problem}`);
    }
    if (isActive) {
      this.counts.allocated += 1;
      this.counts.compressed += 1;
      this.counts.fragmented += 1;
    }
    claim(this.examination, region, { what, roles: Role.Data, times });
  }

  #standard(entry: L2Entry, times: number, isActive: boolean): void {
    const { header, findings } = this.examination;
    const { high, low } = entry;
    const offset = hostOffset(high, low);
    const what = () => `${nameEntry(entry)} (data at ${hex(offset)})`;
    if (hasL2Reserved(high, low)) {
      findings.add("reserved-bits", offset, () => `${what()}: reserved bits are set`);
    }
    if (isZero(low) && header.version < 3) {
      const problem = "zero flag, which version 2 does not have";
      findings.add("zero-in-version-2", offset, () => `${what()}: ${problem}`);
    }
    if (isActive && isZero(low)) this.counts.zero += 1;
    if (offset === 0) {
      this.#withoutOffset(entry);
      return;
    }
    if (isActive) this.#count(offset);
    if (!isAligned(this.examination, offset, what)) return;
    const flag = isCopied(high) ? Role.Copied : Role.NotCopied;
    const roles = Role.Data | (isActive ? flag : 0);
    claim(this.examination, { offset, byteCount: header.clusterBytes }, { what, roles, times });
  }

  #withoutOffset(entry: L2Entry): void {
    if (!isCopied(entry.high)) return;
    const problem = "copied flag without a cluster";
    this.examination.findings.add("copied-flag", 0, () => `${nameEntry(entry)}: ${problem}`);
  }

  #count(offset: number): void {
    this.counts.allocated += 1;
    if (this.#nextOffset !== undefined && this.#nextOffset !== offset) this.counts.fragmented += 1;
    this.#nextOffset = offset + this.examination.header.clusterBytes;
  }
}

/** An entry, and where it stands. */
interface L2Entry {
  readonly table: number;
  readonly index: number;
  readonly high: number;
  readonly low: number;
}

function nameEntry({ table, index }: L2Entry): string {
  return `L2 table at ${hex(table)}, entry ${index}`;
}
