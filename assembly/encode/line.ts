/**
 * The parts of an exposition's line that every line has, written in one piece: these are the bytes
 * that a scrape consists of.
 */
import { putDouble } from "../bytes/double";
import { putSmall, SMALL_MAX } from "../bytes/integer";

/** Added to a small integer, leaves it in the low bits: a conversion has more to look at. */
export const POWER_2_52: f64 = 4503599627370496;

/**
 * Writes a name and labels. Most names and labels take few stores.
 */
export function putStart(
  at: usize,
  name: usize,
  nameBytes: usize,
  labels: usize,
  labelBytes: usize,
): usize {
  let end = at + nameBytes;
  do {
    v128.store(at, v128.load(name));
    at += 16;
    name += 16;
  } while (at < end);
  at = end;
  end += labelBytes;
  while (at < end) {
    v128.store(at, v128.load(labels));
    at += 16;
    labels += 16;
  }
  return end;
}

/** Writes a number and a newline. */
export function putEnd(at: usize, value: f64): usize {
  const small = <u32>reinterpret<u64>(value + POWER_2_52);
  if (<f64>small == value && small < SMALL_MAX) at = putSmall(at, small);
  else at = putDouble(at, value);
  store<u8>(at, 0x0a);
  return at + 1;
}
