/**
 * The core for a second thread: the same code over the same memory, without data segments and start
 * function. Both would write the core's initial state over the live one.
 */
const PREAMBLE_BYTES = 8;
/** Section ids: start, data, data count. */
const INITIAL = new Set([8, 11, 12]);

/**
 * Copies a wasm module without what initializes its memory; it must have come out of a compiler, so
 * it is well-formed.
 */
export function attachment(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = [module.subarray(0, PREAMBLE_BYTES)];
  for (let at = PREAMBLE_BYTES; at < module.length; ) {
    const { value: byteCount, end } = readVarint(module, at + 1);
    if (!INITIAL.has(module[at] ?? 0)) kept.push(module.subarray(at, end + byteCount));
    at = end + byteCount;
  }
  return new Uint8Array(Buffer.concat(kept));
}

/** An unsigned LEB128 of at most 32 bits, and where it ends. */
function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, end: at + 1 };
  }
}
