/**
 * The memory of a wasm module before it runs: what its data section puts where (core specification
 * 2.0, §5.5.14). Go's linker leaves out runs of zeros, so that a table may lie in many segments.
 */
import { BrokenInput, Cursor } from "../cursor.js";
import { SectionId, type WasmSection } from "../sections.js";

/** Bytes by which segments may lie apart for each byte of the file, and how many at any rate. */
const SPREAD_MAX = 16;
const BYTES_MIN = 1 << 20;

interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Memory from `base` on. */
export interface Image {
  readonly base: number;
  readonly bytes: Uint8Array;
}

/** The memory that active segments fill. Throws `BrokenInput`. */
export function readImage(file: Uint8Array, sections: readonly WasmSection[]): Image {
  const segments = readSegments(file, sections);
  let base = Number.POSITIVE_INFINITY;
  let until = 0;
  for (const { address, bytes } of segments) {
    base = Math.min(base, address);
    until = Math.max(until, address + bytes.length);
  }
  if (until === 0) return { base: 0, bytes: new Uint8Array() };
  if (until - base > BYTES_MIN + SPREAD_MAX * file.length) {
    throw new BrokenInput("data segments lie too far apart");
  }
  const image = new Uint8Array(until - base);
  for (const { address, bytes } of segments) image.set(bytes, address - base);
  return { base, bytes: image };
}

function readSegments(file: Uint8Array, sections: readonly WasmSection[]): Segment[] {
  const section = sections.find(({ id }) => id === SectionId.Data);
  if (!section) return [];
  const cursor = new Cursor(file, section.begin, section.until);
  const segments: Segment[] = [];
  for (let count = cursor.uleb(); count > 0; count--) {
    const segment = readSegment(cursor);
    if (segment && segment.bytes.length > 0) segments.push(segment);
  }
  return segments;
}

/** Undefined for one that is not put into memory 0 at once. */
function readSegment(cursor: Cursor): Segment | undefined {
  const flags = cursor.uleb();
  if (flags > 1) throw new BrokenInput("a data segment of another kind");
  const address = flags === 0 ? readAddress(cursor) : 0;
  const byteCount = cursor.uleb();
  const begin = cursor.at;
  cursor.skip(byteCount);
  return flags === 0 ? { address, bytes: cursor.bytes.subarray(begin, cursor.at) } : undefined;
}

/** `i32.const`, `end`. */
function readAddress(cursor: Cursor): number {
  if (cursor.u8() !== 0x41) throw new BrokenInput("a data segment without a constant address");
  const address = cursor.sleb() >>> 0;
  if (cursor.u8() !== 0x0b) throw new BrokenInput("a data segment's address is not one constant");
  return address;
}
