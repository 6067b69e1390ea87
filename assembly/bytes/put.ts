/**
 * Writers of bytes. The hot ones take the address to write at and return the address behind what
 * they wrote; the others append at one cursor. None checks for room: registration reserved the
 * upper bound. Copies overshoot by up to 31 bytes.
 */

import { putDouble } from "./double";

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

/** Appends a number. */
export function addDouble(value: f64): void {
  cursor = putDouble(cursor, value);
}

/** Appends bytes. */
export function addBytes(start: usize, byteCount: usize): void {
  cursor = putBytes(cursor, start, byteCount);
}

/**
 * Copies `byteCount` bytes; may read and write up to 31 more. Most are few: two stores, no loop.
 */
export function putBytes(at: usize, start: usize, byteCount: usize): usize {
  v128.store(at, v128.load(start));
  v128.store(at, v128.load(start, 16), 16);
  if (byteCount > 32) memory.copy(at + 32, start + 32, byteCount - 32);
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
