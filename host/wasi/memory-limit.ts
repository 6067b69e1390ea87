/**
 * How far the memory of a guest may grow, read from its memory section (WebAssembly core
 * specification 2.0, §5.5.8): JavaScript shows a memory's size, not its declared maximum.
 */
import { Reader } from "../instrument/reader.js";
import { HEADER_BYTES, SECTION } from "../instrument/sections.js";

const PAGE_BYTES = 65_536;

/** What 32-bit addresses reach: 4 GiB. */
const PAGES_MAX = 65_536;

/** Bit of a limit's flags: a maximum follows the minimum. */
const HAS_MAXIMUM = 1;

/**
 * The most bytes that the first memory of a compiled module may have: its declared maximum, 4 GiB
 * without one, and 0 for a module without memory. Throws `GUEST_INVALID` for bytes that are no
 * module.
 */
export function memoryBytesMax(bytes: Uint8Array): number {
  const reader = new Reader(bytes, HEADER_BYTES);
  while (!reader.isDone) {
    const id = reader.u8();
    const byteCount = reader.u32();
    if (id === SECTION.memory) return readMaximum(new Reader(bytes, reader.position));
    reader.skip(byteCount);
  }
  return 0;
}

function readMaximum(reader: Reader): number {
  if (reader.count() === 0) return 0;
  const flags = reader.u8();
  reader.u32();
  const pages = (flags & HAS_MAXIMUM) === 0 ? PAGES_MAX : reader.u32();
  return Math.min(pages, PAGES_MAX) * PAGE_BYTES;
}
