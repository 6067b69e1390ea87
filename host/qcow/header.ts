/**
 * The header of a qcow2 image and its extensions, versions 2 and 3: read and checked, and written.
 *
 * qemu's docs/interop/qcow2.txt, "Header". Refuses what no table could be found with (external data
 * file, extended L2 entries, encryption, unknown features); the rest is for the caller.
 */
import type { ImageFile } from "../block/image-file.js";
import { MonitorError } from "../errors.js";

/** The first four bytes. */
export const MAGIC = 0x514649fb;
/** Bytes of a header of version 2; of version 3 the least. */
const HEADER_BYTES_V2 = 72;
const HEADER_BYTES_V3 = 104;
export const CLUSTER_BITS_MIN = 9;
export const CLUSTER_BITS_MAX = 21;
/** Bytes of an L1 table at most, as in qemu. */
export const L1_BYTES_MAX = 32 << 20;
/** Bytes of a refcount table at most, as in qemu. */
export const REFCOUNT_TABLE_BYTES_MAX = 8 << 20;
const SNAPSHOTS_MAX = 65_536;
/** Bytes of a backing file's name at most. */
export const BACKING_BYTES_MAX = 1023;

/** Incompatible features: refcounts may be too low, the image is broken. */
export const DIRTY = 1n;
const CORRUPT = 2n;
const REFUSED_FEATURES: readonly (readonly [feature: bigint, what: string])[] = [
  [4n, "its data in an external file"],
  [16n, "extended L2 entries"],
];
const COMPRESSION_TYPE = 8n;
const KNOWN_FEATURES = DIRTY | CORRUPT | COMPRESSION_TYPE | 4n | 16n;
/** Compatible feature: refcounts may be written late. */
const LAZY_REFCOUNTS = 1n;

/** Extension: the format of the backing file. */
export const BACKING_FORMAT = 0xe2792aca;
/** Extension: names of features, which changes nothing. */
export const FEATURE_NAMES = 0x6803f857;

export interface HeaderExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** A header that holds together: every table lies in the file and has a length of its right. */
export interface QcowHeader {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly clusterBytes: number;
  /** As the header has it: maybe not whole sectors. */
  readonly capacityBytes: number;
  readonly l1Offset: number;
  readonly l1Entries: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** A refcount has `1 << refcountOrder` bits. */
  readonly refcountOrder: number;
  readonly snapshotCount: number;
  readonly snapshotsOffset: number;
  readonly backingFile?: string | undefined;
  readonly backingFormat?: string | undefined;
  /** Feature bits; all 0 in version 2. */
  readonly incompatible: bigint;
  readonly compatible: bigint;
  readonly autoclear: bigint;
  readonly isDirty: boolean;
  readonly isCorrupt: boolean;
  readonly lazyRefcounts: boolean;
  readonly headerBytes: number;
  readonly extensions: readonly HeaderExtension[];
}

/** Whether the file begins as qcow2 images do. */
export function isQcow(file: ImageFile): boolean {
  if (file.byteCount < 8) return false;
  const head = new Uint8Array(4);
  file.read(0, head);
  return new DataView(head.buffer).getUint32(0) === MAGIC;
}

/**
 * Reads the header of `file`; changes nothing.
 *
 * Throws MALFORMED for what no qcow2 image has, OPTION_INVALID for features that we have not.
 */
export function parseHeader(file: ImageFile): QcowHeader {
  if (!isQcow(file)) {
    throw new MonitorError("MALFORMED", `${file.name} is no qcow2 image: it begins otherwise`);
  }
  const view = readView(file, HEADER_BYTES_V3);
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) {
    throw refused(file, `is qcow2 version ${version}; versions 2 and 3 are supported`);
  }
  const features = featuresOf(file, view, version);
  const clusterBits = view.getUint32(20);
  if (clusterBits < CLUSTER_BITS_MIN || clusterBits > CLUSTER_BITS_MAX) {
    throw malformed(file, `clusters of 2^${clusterBits} bytes; qcow2 has 2^9 to 2^21`);
  }
  if (view.getUint32(32) !== 0) throw refused(file, "is encrypted, which is not supported");
  const clusterBytes = 2 ** clusterBits;
  const headerBytes = version === 2 ? HEADER_BYTES_V2 : view.getUint32(100);
  if (headerBytes % 8 !== 0 || headerBytes < HEADER_BYTES_V2 || headerBytes > clusterBytes) {
    throw malformed(file, `a header of ${headerBytes} bytes`);
  }
  const place = { file, clusterBytes };
  const backing = backingOf(place, view);
  const extensions = extensionsOf(place, headerBytes, backing?.offset ?? clusterBytes);
  const format = extensions.find(({ type }) => type === BACKING_FORMAT);
  return {
    version,
    clusterBits,
    clusterBytes,
    ...tablesOf(place, view),
    refcountOrder: refcountOrderOf(file, view, version),
    backingFile: backing?.name,
    backingFormat: format === undefined ? undefined : new TextDecoder().decode(format.data),
    ...features,
    headerBytes,
    extensions,
  };
}

/** Where in `file`, which has clusters of that many bytes. */
interface Place {
  readonly file: ImageFile;
  readonly clusterBytes: number;
}

function featuresOf(file: ImageFile, view: DataView, version: number) {
  const [incompatible, compatible, autoclear] =
    version === 2
      ? [0n, 0n, 0n]
      : [view.getBigUint64(72), view.getBigUint64(80), view.getBigUint64(88)];
  for (const [feature, what] of REFUSED_FEATURES) {
    if ((incompatible & feature) !== 0n) throw refused(file, `has ${what}, not supported`);
  }
  const unknown = incompatible & ~KNOWN_FEATURES;
  if (unknown !== 0n) {
    throw refused(file, `needs features that are not known here (bits 0x${unknown.toString(16)})`);
  }
  return {
    incompatible,
    compatible,
    autoclear,
    isDirty: (incompatible & DIRTY) !== 0n,
    isCorrupt: (incompatible & CORRUPT) !== 0n,
    lazyRefcounts: (compatible & LAZY_REFCOUNTS) !== 0n,
  };
}

function refcountOrderOf(file: ImageFile, view: DataView, version: number): number {
  const refcountOrder = version === 2 ? 4 : view.getUint32(96);
  if (refcountOrder > 6) throw malformed(file, `refcounts of 2^${refcountOrder} bits; 64 is most`);
  return refcountOrder;
}

function tablesOf(place: Place, view: DataView) {
  const { file, clusterBytes } = place;
  const capacityBytes = numberAt(place, view, 24, "capacity");
  const l1Entries = view.getUint32(36);
  const refcountTableClusters = view.getUint32(56);
  const snapshotCount = view.getUint32(60);
  const needed = Math.ceil(capacityBytes / (clusterBytes * (clusterBytes / 8)));
  if (l1Entries < needed) {
    throw malformed(file, `an L1 table of ${l1Entries} entries; its capacity needs ${needed}`);
  }
  if (refcountTableClusters === 0) throw malformed(file, "no refcount table");
  if (snapshotCount > SNAPSHOTS_MAX) throw malformed(file, `${snapshotCount} snapshots`);
  const l1 = { name: "L1 table", byteCount: l1Entries * 8, byteCountMax: L1_BYTES_MAX };
  const refcounts = {
    name: "refcount table",
    byteCount: refcountTableClusters * clusterBytes,
    byteCountMax: REFCOUNT_TABLE_BYTES_MAX,
  };
  const snapshots = { name: "snapshot table", byteCount: snapshotCount * 40 };
  return {
    capacityBytes,
    l1Entries,
    l1Offset: tableAt(place, view, 40, l1),
    refcountTableClusters,
    refcountTableOffset: tableAt(place, view, 48, refcounts),
    snapshotCount,
    snapshotsOffset: tableAt(place, view, 64, snapshots),
  };
}

interface Table {
  readonly name: string;
  readonly byteCount: number;
  readonly byteCountMax?: number;
}

/** Offset at byte `at` of the header, of a table that must lie in the file. */
function tableAt(place: Place, view: DataView, at: number, table: Table): number {
  const { file, clusterBytes } = place;
  const { name, byteCount, byteCountMax = Number.POSITIVE_INFINITY } = table;
  const offset = numberAt(place, view, at, name);
  if (byteCount === 0) return offset;
  if (byteCount > byteCountMax) {
    throw malformed(file, `a ${name} of ${byteCount} bytes; ${byteCountMax} is the most`);
  }
  const end = Math.ceil(file.byteCount / clusterBytes) * clusterBytes;
  if (offset === 0 || offset % clusterBytes !== 0 || offset + byteCount > end) {
    throw malformed(file, `its ${name} at byte ${offset}, not at a cluster within the file`);
  }
  return offset;
}

function numberAt({ file }: Place, view: DataView, at: number, name: string): number {
  const value = view.getBigUint64(at);
  if (value > 2n ** 53n - 1n) throw malformed(file, `${name}: 2^53 and more`);
  return Number(value);
}

function backingOf(place: Place, view: DataView): { offset: number; name: string } | undefined {
  const offset = numberAt(place, view, 8, "backing file");
  if (offset === 0) return undefined;
  const byteCount = view.getUint32(16);
  const isWithin = offset >= HEADER_BYTES_V2 && offset + byteCount <= place.clusterBytes;
  if (byteCount === 0 || byteCount > BACKING_BYTES_MAX || !isWithin) {
    throw malformed(place.file, `a backing file's name of ${byteCount} bytes at byte ${offset}`);
  }
  const bytes = new Uint8Array(byteCount);
  place.file.read(offset, bytes);
  return { offset, name: new TextDecoder().decode(bytes) };
}

/** Extensions stand between header and backing file's name, or the first cluster's end. */
function extensionsOf(place: Place, from: number, until: number): HeaderExtension[] {
  const area = new Uint8Array(Math.max(0, until - from));
  place.file.read(from, area);
  const view = new DataView(area.buffer);
  const extensions: HeaderExtension[] = [];
  for (let at = 0; at + 8 <= area.length; ) {
    const type = view.getUint32(at);
    if (type === 0) break;
    const byteCount = view.getUint32(at + 4);
    if (at + 8 + byteCount > area.length) {
      throw malformed(place.file, `a header extension of ${byteCount} bytes`);
    }
    extensions.push({ type, data: area.slice(at + 8, at + 8 + byteCount) });
    at += 8 + Math.ceil(byteCount / 8) * 8;
  }
  return extensions;
}

function readView(file: ImageFile, byteCount: number): DataView {
  const bytes = new Uint8Array(byteCount);
  file.read(0, bytes);
  return new DataView(bytes.buffer);
}

/** The error of an image that is broken: `what` it has, and how qemu may mend it. */
export function malformed(file: ImageFile, what: string): MonitorError {
  const advice = "qemu-img check -r all may repair it";
  return new MonitorError("MALFORMED", `${file.name} is no sound qcow2 image: ${what}; ${advice}`);
}

/** The error of an image that is sound, but not for us. */
export function refused(file: ImageFile, what: string): MonitorError {
  const advice = "make a plain copy by qemu-img convert -O qcow2";
  return new MonitorError("OPTION_INVALID", `${file.name} ${what}; ${advice}`);
}
