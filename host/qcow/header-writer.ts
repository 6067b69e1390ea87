/**
 * Changes to the header of a qcow2 image in use, and the header of a new one. What is changed in
 * place lies in the first sector, which storage writes whole or not at all.
 */
import type { ImageFile } from "../block/image-file.js";
import { BACKING_FORMAT, MAGIC } from "./header.js";

/** Leads to a new refcount table: both fields lie in one sector. */
export function writeRefcountTable(file: ImageFile, offset: number, clusterCount: number): void {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(offset));
  view.setUint32(8, clusterCount);
  file.write(48, bytes);
}

/** Sets the incompatible features, of version 3 only. */
export function writeIncompatible(file: ImageFile, features: bigint): void {
  writeFeatures(file, 72, features);
}

/** Sets the autoclear features, of version 3 only. */
export function writeAutoclear(file: ImageFile, features: bigint): void {
  writeFeatures(file, 88, features);
}

function writeFeatures(file: ImageFile, at: number, features: bigint): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, features);
  file.write(at, bytes);
}

/** What a new image's header says. */
export interface NewHeader {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly capacityBytes: number;
  readonly l1Offset: number;
  readonly l1Entries: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly lazyRefcounts: boolean;
  readonly backing?: { readonly name: string; readonly format: string } | undefined;
}

/** Bytes of a header with refcounts of 16 bits, its extensions and the backing file's name. */
export function encodeHeader(header: NewHeader): Uint8Array {
  const { version, backing } = header;
  const headerBytes = version === 2 ? 72 : 104;
  const name = new TextEncoder().encode(backing?.name ?? "");
  const extensions = encodeExtensions(backing?.format);
  const bytes = new Uint8Array(headerBytes + extensions.length + name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, version);
  if (backing !== undefined) {
    view.setBigUint64(8, BigInt(headerBytes + extensions.length));
    view.setUint32(16, name.length);
  }
  view.setUint32(20, header.clusterBits);
  view.setBigUint64(24, BigInt(header.capacityBytes));
  view.setUint32(36, header.l1Entries);
  view.setBigUint64(40, BigInt(header.l1Offset));
  view.setBigUint64(48, BigInt(header.refcountTableOffset));
  view.setUint32(56, header.refcountTableClusters);
  if (version === 3) {
    view.setBigUint64(80, header.lazyRefcounts ? 1n : 0n);
    view.setUint32(96, 4);
    view.setUint32(100, headerBytes);
  }
  bytes.set(extensions, headerBytes);
  bytes.set(name, headerBytes + extensions.length);
  return bytes;
}

/** The backing file's format, and the end of extensions. */
function encodeExtensions(format: string | undefined): Uint8Array {
  if (format === undefined) return new Uint8Array(8);
  const text = new TextEncoder().encode(format);
  const bytes = new Uint8Array(16 + Math.ceil(text.length / 8) * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BACKING_FORMAT);
  view.setUint32(4, text.length);
  bytes.set(text, 8);
  return bytes;
}
