/**
 * Whether an image is whole: every cluster that something refers to is counted as often, none is
 * used twice, no table leads out of the file. Reads only, and shares nothing with the writer but
 * the header's parser, so that it can judge what the writer makes. After QEMU's
 * docs/interop/qcow2.txt; `tests/peers/qcow-check.test.ts` compares it with `qemu-img check`.
 */
import type { ImageFile } from "../../block/image-file.js";
import { parseHeader, type QcowHeader } from "../header.js";
import { bitmapState, examineBitmaps } from "./bitmaps.js";
import { claim, type Examination } from "./examination.js";
import { type Finding, type FindingKind, Findings } from "./finding.js";
import { type ClusterCounts, examineMappings } from "./mappings.js";
import { compareRefcounts, examineBlocks } from "./refcounts.js";
import { examineSnapshots } from "./snapshots.js";
import { Role, Tally } from "./tally.js";

/** Findings of a kind that are kept in words. */
const KEPT_MAX = 1000;

export interface CheckOptions {
  /** Told the bytes of tables that were read since the last call. */
  readonly onRead?: (byteCount: number) => void;
  /**
   * Findings of each kind to keep in words; the others are counted.
   * @default 1000
   */
  readonly keptMax?: number;
}

/** What a check came to. */
export interface CheckReport {
  readonly header: QcowHeader;
  /** Corrupt: data are lost, or will be. Leaks: only space is. */
  readonly verdict: "clean" | "leaks" | "corrupt";
  readonly corruptions: number;
  readonly leaks: number;
  /** Findings by kind; kinds without any are absent. */
  readonly counts: Partial<Record<FindingKind, number>>;
  /** The first of each kind. */
  readonly findings: readonly Finding[];
  /** What is no fault, but worth knowing. */
  readonly notes: readonly string[];
  readonly clusters: ClusterCounts;
  /** Clusters of the disk, allocated or not. */
  readonly totalClusters: number;
  /** Where the last cluster ends that is in use or counted as such. */
  readonly endOffset: number;
}

/**
 * Checks an image. Throws MALFORMED for what is no image, OPTION_INVALID for a feature that cannot
 * be judged, LIMIT_REACHED for more clusters in use than memory allows, BlockError when the file
 * cannot be read. Time and memory grow with the tables that the file really has.
 */
export function checkImage(file: ImageFile, options: CheckOptions = {}): CheckReport {
  const header = parseHeader(file);
  const { onRead = () => {}, keptMax = KEPT_MAX } = options;
  const findings = new Findings(keptMax);
  const examination: Examination = { file, header, tally: new Tally(file.name), findings, onRead };
  const headerUse = { what: () => "header", roles: Role.Header };
  claim(examination, { offset: 0, byteCount: header.clusterBytes }, headerUse);
  const blocks = examineBlocks(examination);
  const bitmapNames = examineBitmaps(examination);
  const snapshots = examineSnapshots(examination);
  const active = { offset: header.l1Offset, entryCount: header.l1Entries };
  const clusters = examineMappings(examination, active, snapshots);
  const endCluster = compareRefcounts(examination, blocks);
  if (header.isCorrupt) findings.add("corrupt-bit", 0, () => CORRUPT);
  const corruptions = findings.total("corruption");
  const leaks = findings.total("leak");
  return {
    header,
    verdict: corruptions > 0 ? "corrupt" : leaks > 0 ? "leaks" : "clean",
    corruptions,
    leaks,
    counts: findings.counts(),
    findings: findings.kept,
    notes: notesOf(header, bitmapNames),
    clusters,
    totalClusters: Math.ceil(header.capacityBytes / header.clusterBytes),
    endOffset: endCluster * header.clusterBytes,
  };
}

const CORRUPT = "header: an earlier writer found the image corrupt and marked it so";

function notesOf(header: QcowHeader, bitmapNames: readonly string[]): string[] {
  const notes: string[] = [];
  if (header.isDirty) {
    notes.push("dirty: its writer did not close it; the next one rebuilds the refcounts");
  }
  if (header.snapshotCount > 0) notes.push(`has ${header.snapshotCount} internal snapshots`);
  if (bitmapNames.length > 0)
    notes.push(`has bitmaps, which are counted: ${bitmapNames.join(", ")}`);
  if (bitmapState(header) === "stale") {
    notes.push("has bitmaps that are out of date; their clusters are leaks");
  }
  return notes;
}
