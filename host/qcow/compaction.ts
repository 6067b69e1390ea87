/**
 * Compaction: clusters from the end of the file move into free ones, and the file gets shorter.
 *
 * A move is a copy, a flush, a changed reference, a flush, and only then a freed cluster: the same
 * order as of every write. What snapshots share stays where it is, and so do tables in a row (L1,
 * refcount table, snapshots).
 */
import { COPIED, ZERO } from "./entries.js";
import type { Metadata } from "./metadata.js";

/** Moves that are planned at once at most. */
const PLAN_MAX = 65_536;

/** A cluster, and what refers to it: entry `index` of an L2 table, an L1 or refcount table. */
interface Move {
  readonly kind: "data" | "table" | "block";
  readonly cluster: number;
  readonly l1Index: number;
  readonly index: number;
}

/** Does a step of at most `clustersMax` moves; returns whether there may be more to do. */
export function compactStep(metadata: Metadata, clustersMax: number): boolean {
  if (metadata.isDirty) metadata.commit();
  // Where nothing could be moved, and nothing was freed since, nothing can be moved now.
  if (metadata.compactedJunk === metadata.stats.junk) return false;
  const plan = planMoves(metadata, Math.min(clustersMax, PLAN_MAX));
  let moved = 0;
  for (const move of plan) if (tryMove(metadata, move)) moved++;
  if (moved > 0) metadata.commit();
  metadata.space.trim();
  if (moved === 0) metadata.compactedJunk = metadata.stats.junk;
  return moved > 0;
}

/** Clusters behind where the file would end if it had no free ones. */
function planMoves(metadata: Metadata, movesMax: number): Move[] {
  const { space, mappings, refcounts, header } = metadata;
  const boundary = space.endCluster - space.available.count;
  const moves: Move[] = [];
  if (space.available.count === 0 || space.available.first() >= boundary) return moves;
  const consider = (kind: Move["kind"], cluster: number, l1Index: number, index: number) => {
    if (cluster >= boundary && moves.length < movesMax)
      moves.push({ kind, cluster, l1Index, index });
  };
  for (let index = 0; index < refcounts.blockCount; index++) {
    consider("block", refcounts.blockCluster(index), 0, index);
  }
  for (let l1Index = 0; l1Index < header.l1Entries && moves.length < movesMax; l1Index++) {
    const table = mappings.find(l1Index);
    if (table === undefined) continue;
    const isOwn = metadata.isOwn(mappings.l1, l1Index);
    if (!isOwn) continue;
    consider("table", table.offset / header.clusterBytes, 0, l1Index);
    for (let index = 0; index < table.entryCount; index++) {
      const offset = table.offsetAt(index);
      if (offset / header.clusterBytes < boundary || !metadata.isOwn(table, index)) continue;
      consider("data", offset / header.clusterBytes, l1Index, index);
    }
  }
  return moves;
}

function tryMove(metadata: Metadata, move: Move): boolean {
  const { space } = metadata;
  const free = space.available.first();
  if (free < 0 || free >= move.cluster) return false;
  if (metadata.isFull) metadata.commit();
  const target = space.take(1).cluster;
  if (move.kind === "block") metadata.refcounts.move(move.index, target);
  else if (move.kind === "table") moveTable(metadata, move.index, target);
  else moveData(metadata, move, target);
  metadata.noteCopy();
  space.release(move.cluster, 1);
  return true;
}

function moveTable({ mappings, header }: Metadata, l1Index: number, target: number): void {
  const table = mappings.find(l1Index);
  if (table === undefined) return;
  mappings.touch(table);
  table.offset = target * header.clusterBytes;
  table.isNew = true;
  mappings.l1.set(l1Index, table.offset, COPIED);
}

function moveData(metadata: Metadata, move: Move, target: number): void {
  const { file, header } = metadata;
  const bytes = new Uint8Array(header.clusterBytes);
  file.read(move.cluster * header.clusterBytes, bytes);
  file.write(target * header.clusterBytes, bytes);
  const table = metadata.need(move.l1Index);
  metadata.mappings.touch(table);
  const low = table.isZero(move.index) ? ZERO : 0;
  table.set(move.index, target * header.clusterBytes, COPIED, low);
}
