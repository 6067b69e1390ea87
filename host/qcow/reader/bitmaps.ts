/**
 * Dirty bitmaps that are stored in an image: QEMU's docs/interop/qcow2.txt, *Bitmaps*. Their
 * clusters are counted; what they mark is not looked at.
 */
import { escapeControl } from "../../logs/escape.js";
import type { QcowHeader } from "../header.js";
import { ENTRY_BYTES, hasBitmapReserved, hostOffset } from "./entry.js";
import { claim, claimOnce, type Examination, isAligned } from "./examination.js";
import { eachEntry } from "./table.js";
import { Role } from "./tally.js";

/** Type of the header's extension. */
export const BITMAPS_EXTENSION = 0x23852875;

const EXTENSION_BYTES = 24;
const FIXED_BYTES = 24;
const ALIGNMENT = 8;
const DIRECTORY_BYTES_MAX = 64 << 20;
const BITMAPS_MAX = 65_535;

/** Where the bitmaps are; undefined without any, and while the header says they are not kept up. */
interface Directory {
  readonly count: number;
  readonly offset: number;
  readonly byteCount: number;
}

/** Whether the image has bitmaps, and whether they are kept up to date. */
export function bitmapState(header: QcowHeader): "none" | "kept" | "stale" {
  if (!header.extensions.some(({ type }) => type === BITMAPS_EXTENSION)) return "none";
  return (header.autoclear & 1n) === 1n ? "kept" : "stale";
}

/** Counts the clusters of bitmaps that are kept up; the names of those. */
export function examineBitmaps(examination: Examination): string[] {
  const { header, findings } = examination;
  if (bitmapState(header) !== "kept") return [];
  const directory = readDirectory(header);
  if (typeof directory === "string") {
    findings.add("bitmap", 0, () => `bitmaps extension: ${directory}`);
    return [];
  }
  const { offset, byteCount } = directory;
  const use = { what: () => "bitmap directory", roles: Role.Bitmap };
  if (!isAligned(examination, offset, use.what)) return [];
  return claim(examination, { offset, byteCount }, use) ? readEntries(examination, directory) : [];
}

function readDirectory(header: QcowHeader): Directory | string {
  const found = header.extensions.find(({ type }) => type === BITMAPS_EXTENSION);
  const data = found?.data ?? new Uint8Array(0);
  if (data.length !== EXTENSION_BYTES) return `has ${data.length} bytes, not ${EXTENSION_BYTES}`;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const count = view.getUint32(0);
  const byteCount = Number(view.getBigUint64(8));
  if (view.getUint32(4) !== 0) return "its reserved field is not zero";
  if (count === 0 || count > BITMAPS_MAX) return `says there are ${count} bitmaps`;
  if (byteCount > DIRECTORY_BYTES_MAX || byteCount < count * FIXED_BYTES) {
    return `says ${count} bitmaps have a directory of ${byteCount} bytes`;
  }
  return { count, offset: Number(view.getBigUint64(16)), byteCount };
}

function readEntries(examination: Examination, directory: Directory): string[] {
  const { file, findings } = examination;
  const { offset, byteCount, count } = directory;
  const names: string[] = [];
  const fixed = new Uint8Array(FIXED_BYTES);
  const view = new DataView(fixed.buffer);
  let at = 0;
  for (let index = 0; index < count; index++) {
    file.read(offset + at, fixed);
    const nameBytes = view.getUint16(18);
    const entryBytes = FIXED_BYTES + view.getUint32(20) + nameBytes;
    if (at + entryBytes > byteCount) {
      findings.add("bitmap", offset, () => `bitmap ${index}: its entry ends behind the directory`);
      return names;
    }
    const name = new Uint8Array(nameBytes);
    file.read(offset + at + entryBytes - nameBytes, name);
    names.push(escapeControl(new TextDecoder().decode(name)));
    const place = { offset: Number(view.getBigUint64(0)), entryCount: view.getUint32(8) };
    examineTable(examination, place, `bitmap "${names.at(-1)}"`);
    at += Math.ceil(entryBytes / ALIGNMENT) * ALIGNMENT;
  }
  return names;
}

function examineTable(
  examination: Examination,
  place: { offset: number; entryCount: number },
  name: string,
): void {
  const { file, header, findings } = examination;
  const byteCount = place.entryCount * ENTRY_BYTES;
  const use = { what: () => `${name}, table`, roles: Role.Bitmap };
  if (!isAligned(examination, place.offset, use.what)) return;
  if (!claimOnce(examination, { offset: place.offset, byteCount }, use)) return;
  eachEntry(file, place, (index, high, low) => {
    const offset = hostOffset(high, low);
    const what = () => `${name}, entry ${index}`;
    if (hasBitmapReserved(high, low)) {
      findings.add("bitmap", offset, () => `${what()}: reserved bits are set`);
    }
    if (offset === 0 || !isAligned(examination, offset, what)) return;
    claim(examination, { offset, byteCount: header.clusterBytes }, { what, roles: Role.Bitmap });
  });
}
