/**
 * What an image says of itself: its header, extensions and snapshots, in words that need no
 * knowledge of the format.
 */
import type { ImageFile } from "../../block/image-file.js";
import { parseHeader, type QcowHeader } from "../header.js";
import { BITMAPS_EXTENSION, bitmapState } from "./bitmaps.js";
import { readSnapshots, type Snapshot } from "./snapshots.js";

const COMPRESSION_TYPES: readonly string[] = ["zlib", "zstd"];
const COMPRESSION_TYPE_OFFSET = 104;
/** Types of extensions that have names. */
const KNOWN_EXTENSIONS: readonly number[] = [BITMAPS_EXTENSION, 0xe2792aca, 0x6803f857];

/** An image in short. */
export interface ImageInfo {
  readonly header: QcowHeader;
  /** Bytes of the file, holes as well. */
  readonly fileBytes: number;
  readonly compression: string;
  readonly refcountBits: number;
  readonly snapshots: readonly Snapshot[];
  readonly bitmaps: "none" | "kept" | "stale";
  /** Types of extensions that are left alone. */
  readonly unknownExtensions: readonly number[];
}

/** Reads the header and the snapshot table. Throws as `parseHeader` does. */
export function readInfo(file: ImageFile): ImageInfo {
  const header = parseHeader(file);
  return {
    header,
    fileBytes: file.byteCount,
    compression: compressionOf(file, header),
    refcountBits: 2 ** header.refcountOrder,
    snapshots: readSnapshots(file, header).snapshots,
    bitmaps: bitmapState(header),
    unknownExtensions: header.extensions
      .map(({ type }) => type)
      .filter((type) => !KNOWN_EXTENSIONS.includes(type)),
  };
}

function compressionOf(file: ImageFile, { headerBytes }: QcowHeader): string {
  if (headerBytes <= COMPRESSION_TYPE_OFFSET) return "zlib";
  const type = new Uint8Array(1);
  file.read(COMPRESSION_TYPE_OFFSET, type);
  return COMPRESSION_TYPES[type[0] as number] ?? `type ${type[0]}`;
}
