/**
 * What a writer does with refcounts before it trusts them: it compares them with what a walk of the
 * tables counted, lowers what is too high, or rebuilds all in an image that was left dirty.
 */
import { COUNT_MAX } from "./clusters.js";
import { COPIED, ZERO } from "./entries.js";
import { BACKING_FORMAT, DIRTY, FEATURE_NAMES, malformed } from "./header.js";
import { writeIncompatible } from "./header-writer.js";
import type { Metadata } from "./metadata.js";
import { refcountMax } from "./refcount-block.js";
import { FILE_CLUSTERS_MAX, type Scan } from "./scan.js";

/** Refcounts that are looked at: all of a file, and as many behind it as come to this. */
const VISITS_MAX = FILE_CLUSTERS_MAX + 65_536 * 8;

/** Takes stock of the clusters of an image that is opened for writing. */
export function takeStock(metadata: Metadata, scan: Scan): void {
  const { file, refcounts } = metadata;
  assertFits(metadata, scan);
  scan.counts.forEach((cluster, count) => {
    const refcount = refcounts.get(cluster);
    if (refcount < count) {
      throw malformed(file, `cluster ${cluster} has ${count} references, but refcount ${refcount}`);
    }
  });
  lowerCounts(metadata, scan);
  findFree(metadata);
}

/**
 * Makes every refcount what was counted, and the COPIED flags with them; then clears the dirty bit.
 * The image has to be read anew afterwards.
 */
export function rebuild(metadata: Metadata, scan: Scan): void {
  const { file, header, refcounts } = metadata;
  assertFits(metadata, scan);
  const most = refcountMax(header.refcountOrder);
  // First what falls: blocks that are added for what rises are counted by none.
  visitCounted(metadata, (cluster, refcount) => {
    if (refcount !== 0 && scan.counts.get(cluster) === 0) refcounts.set(cluster, 0);
  });
  scan.counts.forEach((cluster, count) => {
    if (count > most || count === COUNT_MAX) {
      throw malformed(file, `cluster ${cluster} has ${count} references`);
    }
    if (refcounts.get(cluster) !== count) refcounts.set(cluster, count);
  });
  fixCopied(metadata);
  metadata.commit();
  writeIncompatible(file, header.incompatible & ~DIRTY);
  file.sync();
}

function assertFits({ file, space }: Metadata, { faults, counts }: Scan): void {
  if (faults.first !== undefined) {
    const more = faults.count > 1 ? ` (and ${faults.count - 1} more)` : "";
    throw malformed(file, faults.first + more);
  }
  counts.forEach((cluster) => {
    space.endCluster = Math.max(space.endCluster, cluster + 1);
  });
}

/** Lowers refcounts that are too high, as a crash leaves them. */
function lowerCounts(metadata: Metadata, scan: Scan): void {
  const { file, header, refcounts, space } = metadata;
  // What we do not know may refer to clusters too: bitmaps do.
  const isKnown = header.extensions.every(
    ({ type }) => type === BACKING_FORMAT || type === FEATURE_NAMES,
  );
  const fileClusters = Math.ceil(file.byteCount / header.clusterBytes);
  let mustFlag = false;
  visitCounted(metadata, (cluster, refcount) => {
    if (refcount === 0) return;
    const count = scan.counts.get(cluster);
    if (refcount <= count || count === COUNT_MAX) return;
    if (isKnown) {
      // Nothing refers to it any more, on the medium either: no commit needs to come before.
      refcounts.set(cluster, count);
      if (count === 1) mustFlag = true;
    } else if (cluster < fileClusters) space.endCluster = Math.max(space.endCluster, cluster + 1);
  });
  if (mustFlag) fixCopied(metadata);
}

function findFree(metadata: Metadata): void {
  const { space } = metadata;
  visitCounted(metadata, (cluster, refcount) => {
    if (refcount === 0 && cluster < space.endCluster) space.addFree(cluster);
  });
}

/** Shows clusters that have a place in a block of refcounts, those behind the file's end too. */
function visitCounted(
  { refcounts }: Metadata,
  see: (cluster: number, refcount: number) => void,
): void {
  let left = VISITS_MAX;
  for (let block = 0; block < refcounts.blockCount; block++) {
    if (refcounts.blockCluster(block) < 0) continue;
    const first = block * refcounts.perBlock;
    for (let i = 0; i < refcounts.perBlock; i++) {
      if (left-- === 0) return;
      see(first + i, refcounts.get(first + i));
    }
  }
}

/** The COPIED flag of every entry says whether the refcount is 1. */
function fixCopied(metadata: Metadata): void {
  const { header, mappings, refcounts } = metadata;
  const isSingle = (offset: number) => refcounts.get(offset / header.clusterBytes) === 1;
  for (let l1Index = 0; l1Index < header.l1Entries; l1Index++) {
    const table = mappings.find(l1Index);
    if (table === undefined) continue;
    const isOwn = isSingle(table.offset);
    if (mappings.l1.isCopied(l1Index) !== isOwn) {
      mappings.l1.set(l1Index, table.offset, isOwn ? COPIED : 0);
    }
    for (let index = 0; index < table.entryCount; index++) {
      const offset = table.offsetAt(index);
      if (offset === 0 || table.isCopied(index) === isSingle(offset)) continue;
      mappings.touch(table);
      table.set(index, offset, isSingle(offset) ? COPIED : 0, table.isZero(index) ? ZERO : 0);
    }
    if (metadata.isFull) metadata.commit();
  }
}
