/**
 * The input buffer, and a cursor that reads messages from it. A read past the end yields zero and
 * makes `inputFailed` true, so a parser reads straight down and asks once.
 */
import { INPUT_BYTES_MAX } from "../abi";

/** Where hosts write commands, definitions, tag values and texts. */
export const INPUT: usize = memory.data(65536 + 64, 16);

let position: usize = 0;
let limit: usize = 0;
let failed: bool = false;

/** Starts to read a message of `byteCount` bytes. */
export function openInput(byteCount: u32): void {
  failed = byteCount > <u32>INPUT_BYTES_MAX;
  position = INPUT;
  limit = failed ? INPUT : INPUT + byteCount;
}

/** Whether a read went past the end. */
export function inputFailed(): bool {
  return failed;
}

/** Whether every byte was read and none too many. */
export function inputEnded(): bool {
  return !failed && position == limit;
}

export function readU8(): u32 {
  return load<u8>(take(1));
}

export function readU16(): u32 {
  return load<u16>(take(2));
}

export function readF64(): f64 {
  return load<f64>(take(8));
}

/** The address of a counted text (u16 byte count, bytes) in the message; 0 if it does not fit. */
export function readText(): usize {
  const text = take(2);
  return take(load<u16>(text)) ? text : 0;
}

/** Address 0, where nothing but zeros is, when too few bytes are left. */
function take(byteCount: usize): usize {
  const address = position;
  if (limit - address < byteCount) {
    failed = true;
    position = limit;
    return 0;
  }
  position = address + byteCount;
  return address;
}
