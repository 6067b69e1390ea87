/**
 * Counted texts: a u16 byte count and that many bytes, as they stand in messages and in the arena.
 */
import { arenaMark, arenaRelease } from "./arena";
import { addText, cursor, writeAt } from "./put";

const copied: usize = memory.data(65600, 16);

/** Bytes of a counted text. */
export function textBytes(text: usize): u32 {
  return load<u16>(text);
}

/** Address of its first byte. */
export function textStart(text: usize): usize {
  return text + 2;
}

/** Address behind its last byte: of the next, where texts follow one another. */
export function textEnd(text: usize): usize {
  return text + 2 + textBytes(text);
}

/** Starts a counted text at the arena's end: the cursor is where its bytes go. */
export function openText(): usize {
  writeAt(arenaMark() + 2);
  return cursor;
}

/**
 * Ends the text begun last: its bytes end at the cursor. Returns its address. The next text begins
 * where this one ends, unless something else is allocated.
 */
export function closeText(): usize {
  const text = arenaMark();
  store<u16>(text, <u16>(cursor - text - 2));
  arenaRelease(cursor);
  return text;
}

/** Copies a counted text into the arena. */
export function keepText(text: usize): usize {
  openText();
  addText(text);
  return closeText();
}

/**
 * A copy of at most 65,535 bytes as a counted text, valid until the next copy; `fold` is 0x20 to
 * make ASCII lower-case.
 */
export function copyText(start: usize, end: usize, fold: u32): usize {
  store<u16>(copied, <u16>(end - start));
  for (let at = copied + 2; start < end; start++) {
    const byte: u32 = load<u8>(start);
    store<u8>(at++, byte - 0x41 < 26 ? byte | fold : byte);
  }
  return copied;
}

/** The last copy. */
export function copiedText(): usize {
  return copied;
}

/** Below 0, 0 or above 0 as one text sorts before the other, equals it, or sorts after it. */
export function compareTexts(left: usize, right: usize): i32 {
  return compareBytes(textStart(left), textBytes(left), textStart(right), textBytes(right));
}

/** The same for two spans of bytes. */
export function compareBytes(left: usize, leftBytes: u32, right: usize, rightBytes: u32): i32 {
  for (let i: u32 = 0; (i < leftBytes) & (i < rightBytes); i++) {
    const difference = <i32>load<u8>(left + i) - <i32>load<u8>(right + i);
    if (difference) return difference;
  }
  return leftBytes - rightBytes;
}

/**
 * FNV-1a, 64 bit (Fowler, Noll, Vo; draft-eastlake-fnv), continued from `seed`: any number instead
 * of their offset basis, for nothing that is hashed begins with a zero byte.
 */
export function hashBytes(seed: u64, start: usize, end: usize): u64 {
  for (; start < end; start++) seed = (seed ^ load<u8>(start)) * 0x100000001b3;
  return seed;
}

/** Continues a hash over a counted text. */
export function hashText(seed: u64, text: usize): u64 {
  return hashBytes(seed, textStart(text), textEnd(text));
}
