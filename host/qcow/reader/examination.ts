/**
 * The state of one check: the file, what has been seen to use each cluster, what is wrong.
 */
import type { ImageFile } from "../../block/image-file.js";
import type { QcowHeader } from "../header.js";
import type { Region } from "./entry.js";
import { type Findings, hex } from "./finding.js";
import { ROLES, Role, type Tally } from "./tally.js";

export interface Examination {
  readonly file: ImageFile;
  readonly header: QcowHeader;
  readonly tally: Tally;
  readonly findings: Findings;
  /** Told how many bytes of tables have been read since the last call. */
  readonly onRead: (byteCount: number) => void;
}

/** A use of a region: the words for it, its role, and how many refer to it. */
export interface Use {
  readonly what: () => string;
  readonly roles: number;
  /** @default 1 */
  readonly times?: number;
}

/**
 * Counts a use of every cluster of a region. A region that ends a cluster or more behind the file
 * is a finding and not counted: false. One that ends a little behind reads as zeros there.
 */
export function claim(examination: Examination, region: Region, use: Use): boolean {
  const { file, header, tally, findings } = examination;
  const { offset, byteCount } = region;
  if (byteCount === 0) return true;
  if (offset + byteCount - file.byteCount >= header.clusterBytes) {
    const end = hex(file.byteCount);
    findings.add("past-end", offset, () => `${use.what()}: lies past the file's end, ${end}`);
    return false;
  }
  const first = Math.floor(offset / header.clusterBytes);
  const last = Math.floor((offset + byteCount - 1) / header.clusterBytes);
  for (let cluster = first; cluster <= last; cluster++) tally.add(cluster, use.roles, use.times);
  return true;
}

/**
 * The same for a table that belongs to nobody else: one that runs into another of its role is a
 * finding and false, so that no part of the file is gone through twice.
 */
export function claimOnce(examination: Examination, region: Region, use: Use): boolean {
  const { file, header, tally, findings } = examination;
  const { clusterBytes } = header;
  if (region.offset + region.byteCount - file.byteCount >= clusterBytes) {
    return claim(examination, region, use);
  }
  const last = (region.offset + region.byteCount - 1) / clusterBytes;
  for (let cluster = region.offset / clusterBytes; cluster <= last; cluster++) {
    if ((tally.roles(cluster) & use.roles & ROLES) !== 0) {
      const place = hex(cluster * clusterBytes);
      findings.add("overlap", region.offset, () => `${use.what()}: runs into another at ${place}`);
      return false;
    }
    tally.add(cluster, use.roles);
  }
  return true;
}

/** Whether `offset` begins a cluster; a finding if not. */
export function isAligned(examination: Examination, offset: number, what: () => string): boolean {
  if (offset % examination.header.clusterBytes === 0) return true;
  examination.findings.add(
    "misaligned",
    offset,
    () => `${what()}: ${hex(offset)} is not the beginning of a cluster`,
  );
  return false;
}

const ROLE_NAMES: readonly (readonly [number, string])[] = [
  [Role.Header, "header"],
  [Role.RefcountTable, "refcount table"],
  [Role.RefcountBlock, "refcount block"],
  [Role.L1, "L1 table"],
  [Role.L2, "L2 table"],
  [Role.Snapshots, "snapshot table"],
  [Role.Bitmap, "bitmap"],
  [Role.Data, "data"],
];

/** The roles in words. */
export function nameRoles(roles: number): string[] {
  return ROLE_NAMES.filter(([role]) => (roles & role) !== 0).map(([, name]) => name);
}

/** Whether a cluster has uses that exclude each other, or too many of one that is alone. */
export function isOverlap(roles: number, references: number): boolean {
  const uses = roles & ROLES;
  const isSeveral = (uses & (uses - 1)) !== 0;
  return isSeveral || ((uses & (Role.L2 | Role.Data)) === 0 && references > 1);
}
