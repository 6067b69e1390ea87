/**
 * What a file that is no trace looks like, for the error message.
 */
import { CTF_MAGIC } from "./packet.js";

const TEXT_BYTES_MAX = 64;

/** First bytes, and what has them. */
const MAGICS: readonly (readonly [string, readonly number[]])[] = [
  ["a WebAssembly module (trace it with wmon run --memtrace-file)", [0x00, 0x61, 0x73, 0x6d]],
  ["gzip inside gzip", [0x1f, 0x8b]],
  ["zstd data (decompress it first)", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz data (decompress it first)", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["bzip2 data (decompress it first)", [0x42, 0x5a, 0x68]],
  ["a zip archive (unpack it first)", [0x50, 0x4b, 0x03, 0x04]],
  ["an ELF program", [0x7f, 0x45, 0x4c, 0x46]],
  ["a CTF trace in big-endian order", [0xc1, 0xfc, 0x1f, 0xc1]],
  ["a PNG picture", [0x89, 0x50, 0x4e, 0x47]],
  ["a V8 heap snapshot or other JSON", [0x7b]],
  ["HTML", [0x3c]],
];

/** A phrase for what begins with these bytes: "text", "a WebAssembly module", "zeros". */
export function describeForeign(bytes: Uint8Array): string {
  const known = MAGICS.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte));
  if (known) return known[0];
  const start = bytes.subarray(0, TEXT_BYTES_MAX);
  if (start.every((byte) => byte === 0)) return "zeros";
  if (start.every((byte) => byte === 9 || byte === 10 || byte === 13 || byte >= 32)) return "text";
  return "other data";
}

/** Whether CTF's magic number is at the start. */
export function isCtf(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === CTF_MAGIC
  );
}
