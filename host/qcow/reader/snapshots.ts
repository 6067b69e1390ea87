/**
 * The snapshot table: QEMU's docs/interop/qcow2.txt, *Snapshots*.
 */
import type { ImageFile } from "../../block/image-file.js";
import { escapeControl } from "../../logs/escape.js";
import type { QcowHeader } from "../header.js";
import { claim, type Examination } from "./examination.js";
import type { L1Place } from "./mappings.js";
import { Role } from "./tally.js";

const FIXED_BYTES = 40;
const ALIGNMENT = 8;
/** As qemu's: more is no table. */
const EXTRA_BYTES_MAX = 1024;
const L1_ENTRIES_MAX = (32 << 20) / 8;
/** Size of the machine's state and of the disk: version 3 must have both. */
const EXTRA_BYTES_MIN = 16;

/** An internal snapshot. */
export interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly l1Offset: number;
  readonly l1Entries: number;
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Time that the guest had been running. */
  readonly clockNs: bigint;
  /** Bytes of the machine's state; 0 without one. */
  readonly stateBytes: number;
  readonly extraBytes: number;
}

/** The snapshots, and the bytes of their table; `problem` says why it ends before its end. */
export interface SnapshotTable {
  readonly snapshots: readonly Snapshot[];
  readonly byteCount: number;
  readonly problem?: string;
}

/** Reads the snapshot table as far as it makes sense. */
export function readSnapshots(file: ImageFile, header: QcowHeader): SnapshotTable {
  const snapshots: Snapshot[] = [];
  let at = header.snapshotsOffset;
  const ended = (problem: string) => {
    return { snapshots, byteCount: at - header.snapshotsOffset, problem };
  };
  for (let index = 0; index < header.snapshotCount; index++) {
    const name = `snapshot table, entry ${index}`;
    if (at + FIXED_BYTES > file.byteCount) return ended(`${name}: lies past the file's end`);
    const fixed = readView(file, at, FIXED_BYTES);
    const extraBytes = fixed.getUint32(36);
    const idBytes = fixed.getUint16(12);
    const variableBytes = extraBytes + idBytes + fixed.getUint16(14);
    if (extraBytes > EXTRA_BYTES_MAX) return ended(`${name}: ${extraBytes} bytes of extra data`);
    if (at + FIXED_BYTES + variableBytes > file.byteCount) {
      return ended(`${name}: lies past the file's end`);
    }
    const variable = readView(file, at + FIXED_BYTES, variableBytes);
    snapshots.push(parseSnapshot(fixed, variable, { extraBytes, idBytes }));
    const byteCount = FIXED_BYTES + variableBytes;
    at += Math.ceil(byteCount / ALIGNMENT) * ALIGNMENT;
  }
  return { snapshots, byteCount: at - header.snapshotsOffset };
}

function parseSnapshot(
  fixed: DataView,
  variable: DataView,
  { extraBytes, idBytes }: { extraBytes: number; idBytes: number },
): Snapshot {
  const isLong = extraBytes >= 8;
  return {
    id: text(variable, extraBytes, idBytes),
    name: text(variable, extraBytes + idBytes, fixed.getUint16(14)),
    l1Offset: Number(fixed.getBigUint64(0)),
    l1Entries: fixed.getUint32(8),
    seconds: fixed.getUint32(16),
    nanoseconds: fixed.getUint32(20),
    clockNs: fixed.getBigUint64(24),
    stateBytes: isLong ? Number(variable.getBigUint64(0)) : fixed.getUint32(32),
    extraBytes,
  };
}

/** Counts the table; the L1 tables of its snapshots. */
export function examineSnapshots(examination: Examination): L1Place[] {
  const { file, header, findings } = examination;
  if (header.snapshotCount === 0) return [];
  const offset = header.snapshotsOffset;
  const { snapshots, byteCount, problem } = readSnapshots(file, header);
  if (problem !== undefined) findings.add("snapshot", offset, () => problem);
  claim(
    examination,
    { offset, byteCount },
    { what: () => "snapshot table", roles: Role.Snapshots },
  );
  return snapshots.flatMap(({ id, l1Offset, l1Entries, extraBytes }) => {
    const name = `"${escapeControl(id)}"`;
    if (header.version >= 3 && extraBytes < EXTRA_BYTES_MIN) {
      const lack = "its entry lacks the disk's size";
      findings.add("snapshot", offset, () => `snapshot ${name}: ${lack}`);
    }
    if (l1Entries <= L1_ENTRIES_MAX) {
      return [{ offset: l1Offset, entryCount: l1Entries, snapshot: name }];
    }
    findings.add("snapshot", offset, () => `snapshot ${name}: L1 table of ${l1Entries} entries`);
    return [];
  });
}

function readView(file: ImageFile, offset: number, byteCount: number): DataView {
  const bytes = new Uint8Array(byteCount);
  file.read(offset, bytes);
  return new DataView(bytes.buffer);
}

function text({ buffer }: DataView, at: number, byteCount: number): string {
  return new TextDecoder().decode(new Uint8Array(buffer as ArrayBuffer, at, byteCount));
}
