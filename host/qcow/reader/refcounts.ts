/**
 * The refcounts on disk against what really refers to each cluster.
 */
import { blockOffset, ENTRY_BYTES } from "./entry.js";
import { claim, type Examination, isAligned, isOverlap, nameRoles } from "./examination.js";
import { hex } from "./finding.js";
import { eachEntry } from "./table.js";
import { REFERENCES_MAX, Role } from "./tally.js";

/** Where the refcount blocks lie, by their number; 0 where there is none, or none to be trusted. */
export type Blocks = Float64Array;

/** Counts the refcount table and its blocks. */
export function examineBlocks(examination: Examination): Blocks {
  const { file, header, tally, findings } = examination;
  const offset = header.refcountTableOffset;
  const byteCount = header.refcountTableClusters * header.clusterBytes;
  const tableUse = { what: () => "refcount table", roles: Role.RefcountTable };
  if (!claim(examination, { offset, byteCount }, tableUse)) return new Float64Array(0);
  const entryCount = byteCount / ENTRY_BYTES;
  const blocks = new Float64Array(entryCount);
  eachEntry(file, { offset, entryCount }, (index, high, low) => {
    const block = blockOffset(high, low);
    const what = () => `refcount table, entry ${index} (block at ${hex(block)})`;
    if ((low & 0x1ff) !== 0) {
      findings.add("reserved-bits", block, () => `${what()}: reserved bits are set`);
    }
    if (!isAligned(examination, block, what)) return;
    // A block that is another's as well is read for the first alone: the sum stays the file's.
    const isTaken = (tally.roles(block / header.clusterBytes) & Role.RefcountBlock) !== 0;
    const region = { offset: block, byteCount: header.clusterBytes };
    if (claim(examination, region, { what, roles: Role.RefcountBlock }) && !isTaken) {
      blocks[index] = block;
    }
  });
  return blocks;
}

/**
 * Finds refcounts that differ from the references, wrong copied flags, and overlaps. Returns the
 * cluster behind the last one that is in use or counted as such.
 */
export function compareRefcounts(examination: Examination, blocks: Blocks): number {
  const { file, header, tally, onRead } = examination;
  const comparison = new Comparison(examination);
  const perBlock = (header.clusterBytes * 8) / 2 ** header.refcountOrder;
  const fileClusters = Math.ceil(file.byteCount / header.clusterBytes);
  const clusterCount = Math.max(fileClusters, tally.clusterCount);
  const bytes = new Uint8Array(header.clusterBytes);
  for (let index = 0; index < blocks.length; index++) {
    const block = blocks[index] as number;
    if (block === 0) continue;
    file.read(block, bytes);
    onRead(bytes.length);
    const first = index * perBlock;
    const within = Math.max(0, Math.min(perBlock, clusterCount - first));
    for (let entry = 0; entry < within; entry++) {
      comparison.compare(first + entry, refcountAt(bytes, header.refcountOrder, entry));
    }
    comparison.compareRest(bytes, { first, entry: within, entryCount: perBlock });
  }
  tally.each((cluster) => {
    if (!blocks[Math.floor(cluster / perBlock)]) comparison.compare(cluster, 0);
  });
  return comparison.end();
}

/** Entry of a refcount block; entries of less than a byte begin at its lowest bit. */
export function refcountAt(block: Uint8Array, order: number, entry: number): number {
  if (order < 3) {
    const bits = 1 << order;
    const perByte = 8 / bits;
    const byte = block[Math.floor(entry / perByte)] as number;
    return (byte >> ((entry % perByte) * bits)) & ((1 << bits) - 1);
  }
  const byteCount = 1 << (order - 3);
  let value = 0;
  for (let at = entry * byteCount; at < (entry + 1) * byteCount; at++) {
    value = value * 256 + (block[at] as number);
  }
  return value;
}

/** Neighbouring clusters whose refcounts are wrong alike. */
interface Run {
  readonly first: number;
  readonly refcount: number;
  readonly references: number;
  count: number;
}

class Comparison {
  #run: Run | undefined;
  #endCluster = 0;

  constructor(private readonly examination: Examination) {}

  compare(cluster: number, refcount: number): void {
    const { tally } = this.examination;
    const references = tally.references(cluster);
    if (refcount === 0 && references === 0) return;
    this.#endCluster = Math.max(this.#endCluster, cluster + 1);
    const isManyAlike = references === REFERENCES_MAX && refcount >= REFERENCES_MAX;
    if (refcount !== references && !isManyAlike) this.#extend({ cluster, refcount, references });
    if (references > 0) this.#compareRoles(cluster, refcount, references);
  }

  /** Entries for clusters behind the file: nothing refers to them, so they have to be zero. */
  compareRest(
    block: Uint8Array,
    { first, entry, entryCount }: { first: number; entry: number; entryCount: number },
  ): void {
    const { refcountOrder } = this.examination.header;
    const bytesPerEntry = 2 ** (refcountOrder - 3);
    let at = entry;
    while (at < entryCount) {
      // Mostly all is zero, and bytes are looked through faster than entries.
      const byte = Math.floor(at * bytesPerEntry);
      if (block[byte] === 0 && bytesPerEntry <= 1) {
        at = Math.floor((byte + 1) / bytesPerEntry);
        continue;
      }
      this.compare(first + at, refcountAt(block, refcountOrder, at));
      at += 1;
    }
  }

  /** Tells what has been gathered; the end of what is in use. */
  end(): number {
    this.#tell();
    return this.#endCluster;
  }

  #compareRoles(cluster: number, refcount: number, references: number): void {
    const { header, findings, tally } = this.examination;
    const roles = tally.roles(cluster);
    const offset = cluster * header.clusterBytes;
    const what = () => `cluster at ${hex(offset)} (${nameRoles(roles).join(" and ")})`;
    if (isOverlap(roles, references)) {
      findings.add("overlap", offset, () => `${what()}: has ${references} users, one is allowed`);
    }
    if ((roles & Role.Copied) !== 0 && refcount !== 1) {
      const problem = `copied flag is set, but its refcount is ${refcount}`;
      findings.add("copied-flag", offset, () => `${what()}: ${problem}`);
    }
    if ((roles & Role.NotCopied) !== 0 && refcount === 1) {
      findings.add("copied-flag", offset, () => `${what()}: copied flag is missing`);
    }
  }

  #extend(wrong: { cluster: number; refcount: number; references: number }): void {
    const { cluster, refcount, references } = wrong;
    const run = this.#run;
    const isAlike = run?.refcount === refcount && run.references === references;
    if (run && isAlike && run.first + run.count === cluster) {
      run.count += 1;
      return;
    }
    this.#tell();
    this.#run = { first: cluster, refcount, references, count: 1 };
  }

  #tell(): void {
    if (!this.#run) return;
    const { first, refcount, references, count } = this.#run;
    this.#run = undefined;
    const { header, findings, file } = this.examination;
    const offset = first * header.clusterBytes;
    const until = offset + count * header.clusterBytes;
    const where =
      count === 1
        ? `cluster at ${hex(offset)}`
        : `${count} clusters from ${hex(offset)} to ${hex(until)}`;
    const kind = refcount < references ? "refcount-too-low" : "leak";
    const isBehind = offset >= file.byteCount ? ", behind the file's end" : "";
    const message = `${where}: refcount ${refcount}, references ${references}${isBehind}`;
    findings.add(kind, offset, () => message, count);
  }
}
