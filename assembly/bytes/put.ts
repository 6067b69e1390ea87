/**
 * Writers of bytes. The hot ones take the address to write at and return the address behind what
 * they wrote; the others append at one cursor. None checks for room: registration reserved the
 * upper bound. Copies overshoot by up to 15 bytes.
 */

/** Where `add…` writes next. */
export let cursor: usize = 0;

/** Moves the cursor. */
export function writeAt(at: usize): void {
  cursor = at;
}

/** Appends one byte. */
export function addByte(byte: u32): void {
  cursor = putByte(cursor, byte);
}

/** Appends a counted text. */
export function addText(text: usize): void {
  cursor = putText(cursor, text);
}

/** Appends bytes. */
export function addBytes(start: usize, byteCount: usize): void {
  cursor = putBytes(cursor, start, byteCount);
}

/** Copies `byteCount` bytes in steps of 16; may read and write up to 15 more. */
export function putBytes(at: usize, start: usize, byteCount: usize): usize {
  let done: usize = 0;
  do {
    v128.store(at + done, v128.load(start + done));
    done += 16;
  } while (done < byteCount);
  return at + byteCount;
}

/** Writes a counted text. */
export function putText(at: usize, text: usize): usize {
  return putBytes(at, text + 2, load<u16>(text));
}

/** Writes one byte. */
export function putByte(at: usize, byte: u32): usize {
  store<u8>(at, byte);
  return at + 1;
}
