/**
 * Names as Prometheus allows them (data model: metric names and labels), and the set of all names that
 * are exposed, so that no two fields map to one.
 */
import { allocate } from "../bytes/arena";

const BUCKETS = 256;

/** A claimed name: next u32, padding, hash u64. */
const CLAIM_BYTES = 16;
const heads: usize = memory.data(1024, 16);

/** Whether bytes are a name: letters, digits, `_`, and `:` where `colons`; not a digit first. */
export function isName(start: usize, byteCount: u32, colons: bool): bool {
  for (let i: u32 = 0; i < byteCount; i++) {
    const byte = load<u8>(start + i);
    if (!isNameByte(byte, colons) || (i == 0 && isDigit(byte))) return false;
  }
  return byteCount > 0;
}

/**
 * Writes bytes with `_` for whatever a name may not have, and before a leading digit if `isFirst`; metric
 * names may have `colons`.
 */
export function putName(
  at: usize,
  start: usize,
  byteCount: u32,
  isFirst: bool,
  colons: bool,
): usize {
  if (isFirst && byteCount && isDigit(load<u8>(start))) {
    store<u8>(at, 0x5f);
    at++;
  }
  for (let i: u32 = 0; i < byteCount; i++) {
    const byte = load<u8>(start + i);
    store<u8>(at + i, isNameByte(byte, colons) ? byte : 0x5f);
  }
  return at + byteCount;
}

/** Claims a name by its 64-bit hash; false if it is taken. */
export function claimName(hash: u64): bool {
  const head = heads + ((<usize>hash & (BUCKETS - 1)) << 2);
  for (let at = load<usize>(head); at; at = load<usize>(at)) {
    if (load<u64>(at, 8) == hash) return false;
  }
  const claim = allocate(CLAIM_BYTES);
  store<usize>(claim, load<usize>(head));
  store<u64>(claim, hash, 8);
  store<usize>(head, claim);
  return true;
}

/** Takes back all claims made since the arena was at `mark`. */
export function releaseClaims(mark: usize): void {
  for (let head = heads; head < heads + (BUCKETS << 2); head += 4) {
    while (load<usize>(head) >= mark) store<usize>(head, load<usize>(load<usize>(head)));
  }
}

function isNameByte(byte: u32, colons: bool): bool {
  const letter = (byte | 0x20) - 0x61;
  return letter < 26 || isDigit(byte) || byte == 0x5f || (colons && byte == 0x3a);
}

function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}
