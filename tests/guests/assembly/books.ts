/**
 * The books that an allocation guest keeps of itself: blocks, and words of 4 bytes without headers,
 * both of all that was ever allocated and of what is live. Nothing in here allocates: the line that
 * `print` writes is made in static memory.
 */
import { fd_write } from "../../../examples/census/wasi_snapshot_preview1";

const STDOUT: u32 = 1;
const LINE_BYTES: i32 = 256;

const LINE = memory.data(256);
const IOV = memory.data(8);
const WRITTEN = memory.data(4);
const DIGITS = memory.data(20);

let blocks: u64 = 0;
let words: u64 = 0;
let liveBlocks: u64 = 0;
let liveWords: u64 = 0;
let cursor: usize = LINE;

/** Enters a block that is garbage at the end. */
export function enter(byteCount: usize): void {
  blocks++;
  words += (<u64>byteCount + 3) >> 2;
}

/** Enters a block that is live at the end. */
export function keep(byteCount: usize): void {
  enter(byteCount);
  liveBlocks++;
  liveWords += (<u64>byteCount + 3) >> 2;
}

/** Strikes a block that was entered as live. */
export function drop(byteCount: usize): void {
  liveBlocks--;
  liveWords -= (<u64>byteCount + 3) >> 2;
}

/** Prints `allocated B blocks, W words; live B blocks, W words`. */
export function print(): void {
  cursor = LINE;
  put("allocated ");
  putCount(blocks);
  put(" blocks, ");
  putCount(words);
  put(" words; live ");
  putCount(liveBlocks);
  put(" blocks, ");
  putCount(liveWords);
  put(" words\n");
  assert(cursor - LINE <= <usize>LINE_BYTES);
  store<u32>(IOV, <u32>LINE);
  store<u32>(IOV, <u32>(cursor - LINE), 4);
  fd_write(STDOUT, IOV, 1, WRITTEN);
}

/** Appends a literal: static, so it costs no block. */
function put(text: string): void {
  for (let i = 0; i < text.length; i++) store<u8>(cursor++, <u8>text.charCodeAt(i));
}

function putCount(value: u64): void {
  let digitCount: usize = 0;
  do {
    store<u8>(DIGITS + digitCount++, <u8>(48 + (value % 10)));
    value /= 10;
  } while (value > 0);
  while (digitCount > 0) store<u8>(cursor++, load<u8>(DIGITS + --digitCount));
}
