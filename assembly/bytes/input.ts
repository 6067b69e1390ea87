/**
 * The input buffer, and a cursor that reads messages from it. A read past the end yields zero and
 * makes `inputFailed` true, so a parser reads straight down and asks once.
 */
import { INPUT_BYTES_MAX } from "../abi";

/** Where hosts write commands, definitions, tag values and texts. */
export const INPUT: usize = memory.data(65536 + 64, 16);

let cursor: usize = 0;
let limit: usize = 0;
let failed: bool = false;

/** Starts to read a message of `byteCount` bytes. */
export function openInput(byteCount: u32): void {
  failed = byteCount > <u32>INPUT_BYTES_MAX;
  cursor = INPUT;
  limit = failed ? INPUT : INPUT + byteCount;
}

/** Whether a read went past the end. */
export function inputFailed(): bool {
  return failed;
}

/** Whether every byte was read and none too many. */
export function inputEnded(): bool {
  return !failed && cursor == limit;
}

export function readU8(): u32 {
  const address = take(1);
  return address ? load<u8>(address) : 0;
}

export function readU16(): u32 {
  const address = take(2);
  return address ? load<u16>(address) : 0;
}

export function readF64(): f64 {
  const address = take(8);
  return address ? load<f64>(address) : 0;
}

/** The address of a counted text (u16 byte count, bytes) in the message; 0 if it does not fit. */
export function readText(): usize {
  const address = take(2);
  return address && take(load<u16>(address)) ? address : 0;
}

function take(byteCount: usize): usize {
  if (limit - cursor < byteCount) {
    failed = true;
    cursor = limit;
    return 0;
  }
  const address = cursor;
  cursor += byteCount;
  return address;
}
