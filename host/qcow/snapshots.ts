/**
 * The table of internal snapshots: where each has its L1 table. Snapshots are neither made nor read
 * here; what they share with the disk must only be known, to leave it alone.
 */
import type { ImageFile } from "../block/image-file.js";
import { malformed, type QcowHeader } from "./header.js";

const ENTRY_BYTES = 40;
/** Bytes of a snapshot's extra data at most, as in qemu. */
const EXTRA_BYTES_MAX = 1024;

export interface Snapshots {
  /** L1 table of each. */
  readonly tables: readonly { readonly offset: number; readonly entryCount: number }[];
  /** Bytes of the snapshot table. */
  readonly byteCount: number;
}

/** Reads the snapshot table. Throws MALFORMED where it is none. */
export function readSnapshots(file: ImageFile, header: QcowHeader): Snapshots {
  const tables: { offset: number; entryCount: number }[] = [];
  let byteCount = 0;
  const bytes = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < header.snapshotCount; i++) {
    const at = header.snapshotsOffset + byteCount;
    if (at + ENTRY_BYTES > file.byteCount) throw malformed(file, "a snapshot table past its end");
    file.read(at, bytes);
    const offset = view.getBigUint64(0);
    const extra = view.getUint32(36);
    if (extra > EXTRA_BYTES_MAX || offset > BigInt(file.byteCount)) {
      throw malformed(file, `snapshot ${i + 1}, which leads nowhere`);
    }
    tables.push({ offset: Number(offset), entryCount: view.getUint32(8) });
    const names = view.getUint16(12) + view.getUint16(14);
    byteCount += Math.ceil((ENTRY_BYTES + extra + names) / 8) * 8;
  }
  return { tables, byteCount };
}
