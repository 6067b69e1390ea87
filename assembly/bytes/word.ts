/**
 * Lists of words in one ASCII text, a space between two: the control language's and InfluxQL's.
 */
import { addByte } from "./put";
import { textBytes, textEnd, textStart } from "./text";

const SPACE: u32 = 0x20;
/** More bytes than any word has; memory goes on for longer behind every text. */
const MISMATCH: u32 = 65536;

/** Index of a word in a list, or -1; `fold` is 0x20 to ignore case in a lower-case list. */
export function findWord(list: usize, word: usize, fold: u32): i32 {
  const byteCount = textBytes(word);
  const end = textEnd(list);
  let index = 0;
  for (let at = textStart(list); at < end; at++) {
    let i: u32 = 0;
    for (; (at < end) & (load<u8>(at) != SPACE); at++) {
      if ((i < byteCount) & ((load<u8>(word + i, 2) | fold) == load<u8>(at))) i++;
      else i = MISMATCH;
    }
    if (i == byteCount) return index;
    index++;
  }
  return -1;
}

/** Appends the `index`-th word. */
export function addWord(list: usize, index: i32): void {
  const end = textEnd(list);
  for (let at = textStart(list); at < end; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == SPACE) index--;
    else if (!index) addByte(byte);
  }
}
