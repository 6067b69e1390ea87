/**
 * Counted texts: a u16 byte count and that many bytes, as they stand in messages and in the arena.
 */
import { allocate, arenaMark } from "./arena";

/** Bytes of a counted text. */
export function textBytes(text: usize): u32 {
  return load<u16>(text);
}

/** Address of its first byte. */
export function textStart(text: usize): usize {
  return text + 2;
}

/** Copies a counted text into the arena. */
export function keepText(text: usize): usize {
  const start = openText();
  memory.copy(start, text + 2, textBytes(text));
  return closeText(start + textBytes(text));
}

/** Starts a counted text at the arena's end; its bytes go to the address returned. */
export function openText(): usize {
  return arenaMark() + 2;
}

/** Ends the text begun last: its bytes end at `until`. Returns its address. */
export function closeText(until: usize): usize {
  const text = allocate(until - arenaMark());
  store<u16>(text, <u16>(until - text - 2));
  return text;
}

/** Whether a counted text holds exactly these bytes. */
export function isText(text: usize, start: usize, byteCount: u32): bool {
  return textBytes(text) == byteCount && memory.compare(text + 2, start, byteCount) == 0;
}

/** Whether `text` sorts before `other`, byte by byte. */
export function isBefore(text: usize, other: usize): bool {
  const order = memory.compare(text + 2, other + 2, min(textBytes(text), textBytes(other)));
  return order < 0 || (order == 0 && textBytes(text) < textBytes(other));
}

/** FNV-1a, 64 bit, continued from `seed` (Fowler, Noll, Vo; draft-eastlake-fnv). */
export function hashBytes(seed: u64, start: usize, byteCount: u32): u64 {
  let hash = seed;
  for (let i: u32 = 0; i < byteCount; i++) {
    hash = (hash ^ load<u8>(start + i)) * 0x100000001b3;
  }
  return hash;
}

export const HASH_SEED: u64 = 0xcbf29ce484222325;

/** Continues a hash over an ASCII literal. */
export function hashLiteral(seed: u64, literal: string): u64 {
  let hash = seed;
  for (let i = 0; i < literal.length; i++) {
    hash = (hash ^ load<u8>(changetype<usize>(literal) + ((<usize>i) << 1))) * 0x100000001b3;
  }
  return hash;
}
