/**
 * The input buffer, and a cursor that reads messages from it. A read past the end yields zero and
 * refuses the message, as `refuseIf` does, so a parser reads straight down and asks once.
 */
import { INPUT_ADDRESS, INPUT_BYTES_MAX, Status } from "../abi";

/** Where hosts write commands, definitions and tag values. Its address is its alignment. */
export const INPUT: usize = memory.data(65536 + 64, INPUT_ADDRESS);

let position: usize = 0;
let limit: usize = 0;

/** Why the message is refused, a negative `Status`; 0 while it is not. */
export let refusal: i32 = 0;

/** Starts to read a message of `byteCount` bytes. */
export function openInput(byteCount: u32): void {
  position = INPUT;
  limit = INPUT + byteCount;
  refusal = 0;
  refuseIf(byteCount > <u32>INPUT_BYTES_MAX, Status.Malformed);
}

/** Refuses the message if something is wrong with it; the first reason counts. */
export function refuseIf(isWrong: bool, reason: Status): void {
  if (!refusal & isWrong) refusal = reason;
}

/** Whether the message is refused: a read went past the end, or a reader found it wrong. */
export function inputFailed(): bool {
  return refusal != 0;
}

/** Refuses the message if not every byte of it was read. */
export function endInput(): void {
  refuseIf(position != limit, Status.Malformed);
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
  take(load<u16>(text));
  return refusal ? 0 : text;
}

/** Address 0, where nothing but zeros is, from the first refusal on. */
function take(byteCount: usize): usize {
  const address = position;
  position += byteCount;
  refuseIf(position > limit, Status.Malformed);
  return refusal ? 0 : address;
}
