/**
 * The format's integers of variable length: one byte up to 252, else a tag and 2, 4 or 8 bytes.
 * After `put_vint` of memtrace's `buf.ml`: four bytes are signed, so they end at 2^31 - 1.
 */

/** Writes a number below 2^63; returns the address behind it. May write 8 bytes more. */
export function putVint(at: usize, value: u64): usize {
  if (value <= 252) {
    store<u8>(at, <u8>value);
    return at + 1;
  }
  return putLongVint(at, value);
}

function putLongVint(at: usize, value: u64): usize {
  store<u64>(at, value, 1);
  if (value <= 0xffff) {
    store<u8>(at, 253);
    return at + 3;
  }
  if (value <= 0x7fffffff) {
    store<u8>(at, 254);
    return at + 5;
  }
  store<u8>(at, 255);
  return at + 9;
}
