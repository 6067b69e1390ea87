/**
 * Writers of bytes. Each takes the address to write at and returns the address behind what it wrote;
 * none checks for room: registration reserved the upper bound. Copies overshoot by up to 15 bytes.
 */

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

/** Writes an ASCII literal. */
export function putLiteral(at: usize, literal: string): usize {
  const length = literal.length;
  for (let i = 0; i < length; i++) {
    store<u8>(at + i, load<u8>(changetype<usize>(literal) + ((<usize>i) << 1)));
  }
  return at + length;
}

/** Writes one byte. */
export function putByte(at: usize, byte: u32): usize {
  store<u8>(at, byte);
  return at + 1;
}
