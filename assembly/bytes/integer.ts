/**
 * Decimal integers, eight digits at a time in one 64-bit register (SWAR: Daniel Lemire's and
 * Wojciech Muła's articles on integer-to-ASCII conversion describe the method).
 */
/** What fits into eight digits. */
export const SMALL_MAX: u32 = 100000000;
const E8: u64 = 100000000;
export const ASCII_ZEROS: u64 = 0x3030303030303030;

/**
 * Eight digits of `value` < 10^8, one a byte, the first digit in the lowest byte, not yet ASCII.
 */
export function digitsOf8(value: u32): u64 {
  let pair = <u64>(value / 10000) | ((<u64>(value % 10000)) << 32);
  let upper = ((pair * 10486) >> 20) & 0x0000007f0000007f;
  pair = upper | ((pair - upper * 100) << 16);
  upper = ((pair * 103) >> 10) & 0x000f000f000f000f;
  return upper | ((pair - upper * 10) << 8);
}

/** Writes `value` in decimal: at most 20 bytes, may touch 7 more. */
export function putUnsigned(at: usize, value: u64): usize {
  const upper = value / E8;
  if (upper) at = putUnsigned(at, upper);
  const digits = digitsOf8(<u32>(value - upper * E8));
  const leading = upper ? 0 : min(ctz(digits) >> 3, 7);
  store<u64>(at, (digits | ASCII_ZEROS) >> (leading << 3));
  return at + 8 - <usize>leading;
}

/** Writes `value` < `SMALL_MAX` in decimal: at most 8 bytes, may touch 7 more. */
export function putSmall(at: usize, value: u32): usize {
  const digits = digitsOf8(value);
  const leading = min(ctz(digits) >> 3, 7);
  store<u64>(at, (digits | ASCII_ZEROS) >> (leading << 3));
  return at + 8 - <usize>leading;
}

/** Writes `value` in decimal, with a minus sign if it is negative. */
export function putSigned(at: usize, value: i64): usize {
  if (value >= 0) return putUnsigned(at, value);
  store<u8>(at, 0x2d);
  return putUnsigned(at + 1, 0 - value);
}
