/**
 * UTF-8 as the Encoding standard decodes it: what is wrong with a text, and the text with U+FFFD in
 * place of that, one for each maximal part of a character (WHATWG Encoding, §8.1.1).
 */

/** The character read last; -1 if it is none. */
export let character: i32 = 0;

/** Reads one character into `character`; returns the address behind it, or behind what is wrong. */
export function readCharacter(start: usize, end: usize): usize {
  const first: i32 = load<u8>(start++);
  character = first;
  if (first < 0x80) return start;
  character = -1;
  const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
  if (!more) return start;
  let code: i32 = first & (0x3f >> more);
  let least: i32 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  let most: i32 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (let i = 0; i < more; i++) {
    if (start == end) return start;
    const next: i32 = load<u8>(start);
    if ((next < least) | (next > most)) return start;
    code = (code << 6) | (next & 0x3f);
    least = 0x80;
    most = 0xbf;
    start++;
  }
  character = code;
  return start;
}

/** Whether bytes are UTF-8. */
export function isUtf8(start: usize, end: usize): bool {
  while (start != end) {
    start = readCharacter(start, end);
    if (character < 0) return false;
  }
  return true;
}

/** Copies bytes as UTF-8, whole characters, at most so many; returns the address behind them. */
export function putClean(at: usize, limit: usize, start: usize, end: usize): usize {
  while (start != end) {
    const from = start;
    start = readCharacter(start, end);
    const byteCount: usize = character < 0 ? 3 : start - from;
    if (at + byteCount > limit) break;
    if (character < 0) {
      store<u16>(at, 0xbfef);
      store<u8>(at, 0xbd, 2);
    } else memory.copy(at, from, byteCount);
    at += byteCount;
  }
  return at;
}
