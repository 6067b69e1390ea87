/**
 * A small qcow2 image made byte by byte, for tests that damage it: clusters of 4 KiB; a header, a
 * refcount table, its block, an L1 table, an L2 table and three clusters of data, in this order.
 */
import { MemoryFile } from "./qcow-file.js";

export const CLUSTER = 4096;
export const REFCOUNT_TABLE = 4096;
export const REFCOUNT_BLOCK = 2 * CLUSTER;
export const L1 = 3 * CLUSTER;
export const L2 = 4 * CLUSTER;
export const DATA = 5 * CLUSTER;
export const CLUSTER_COUNT = 8;

/** Bit 63 of an entry. */
export const COPIED = 1n << 63n;

/** The bytes of an image, to change. */
export interface TestImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

/** The image as a file that nobody may write. */
export function fileOf({ bytes }: TestImage): MemoryFile {
  const file = new MemoryFile(bytes);
  file.isReadonly = true;
  return file;
}

/** Makes the image: of 1 MiB, its first three clusters have data, the fourth is zero. */
export function makeImage({ version = 3, clusterCount = CLUSTER_COUNT } = {}): TestImage {
  const bytes = new Uint8Array(clusterCount * CLUSTER);
  const view = new DataView(bytes.buffer);
  const image = { bytes, view };
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, version);
  view.setUint32(20, Math.log2(CLUSTER));
  view.setBigUint64(24, 1n << 20n);
  view.setUint32(36, 1);
  view.setBigUint64(40, BigInt(L1));
  view.setBigUint64(48, BigInt(REFCOUNT_TABLE));
  view.setUint32(56, 1);
  if (version === 3) {
    view.setUint32(96, 4);
    view.setUint32(100, 104);
  }
  view.setBigUint64(REFCOUNT_TABLE, BigInt(REFCOUNT_BLOCK));
  for (let cluster = 0; cluster < CLUSTER_COUNT; cluster++) setRefcount(image, cluster, 1);
  view.setBigUint64(L1, COPIED | BigInt(L2));
  for (let index = 0; index < 3; index++) {
    setEntry(image, index, COPIED | BigInt(DATA + index * CLUSTER));
  }
  if (version === 3) setEntry(image, 3, 1n);
  return image;
}

/** Changes an entry of the L2 table. */
export function setEntry({ view }: TestImage, index: number, entry: bigint): void {
  view.setBigUint64(L2 + index * 8, entry);
}

/** Changes the refcount of a cluster. */
export function setRefcount({ view }: TestImage, cluster: number, refcount: number): void {
  view.setUint16(REFCOUNT_BLOCK + cluster * 2, refcount);
}
