/**
 * Error replies. What a command got wrong is quoted as the original quotes it.
 */
import { putByte, putLiteral } from "../bytes/put";

/** Where an error reply ends; 0 while the command has none. */
let replyEnd: usize = 0;

/** Forgets the last command's error. */
export function clearFailure(): void {
  replyEnd = 0;
}

/** Where the error reply ends, or 0. */
export function failureEnd(): usize {
  return replyEnd;
}

/** Begins an error reply: `error: ` and a text. */
export function openFailure(at: usize, text: string): usize {
  replyEnd = putLiteral(putLiteral(at, "error: "), text);
  return replyEnd;
}

/** Adds the bytes that the error is about; `fold` makes ASCII lower-case. */
export function addBytes(start: usize, end: usize, fold: bool): void {
  for (let at = start; at < end; at++) {
    let byte: u32 = load<u8>(at);
    if (fold && byte - 0x41 < 26) byte += 0x20;
    replyEnd = putByte(replyEnd, byte);
  }
}

/** Adds bytes as OCaml's `%S` prints a string (stdlib, `String.escaped`), then a text. */
export function addQuoted(start: usize, end: usize, text: string): void {
  let to = putByte(replyEnd, 0x22);
  for (let at = start; at < end; at++) to = putEscaped(to, load<u8>(at));
  replyEnd = putLiteral(putByte(to, 0x22), text);
}

/** Adds a text. */
export function addText(text: string): void {
  replyEnd = putLiteral(replyEnd, text);
}

function putEscaped(at: usize, byte: u32): usize {
  if (byte == 0x22 || byte == 0x5c) return putByte(putByte(at, 0x5c), byte);
  if (byte >= 0x20 && byte < 0x7f) return putByte(at, byte);
  at = putByte(at, 0x5c);
  if (byte == 0x0a) return putByte(at, 0x6e);
  if (byte == 0x09) return putByte(at, 0x74);
  if (byte == 0x0d) return putByte(at, 0x72);
  if (byte == 0x08) return putByte(at, 0x62);
  at = putByte(putByte(at, 0x30 + byte / 100), 0x30 + ((byte / 10) % 10));
  return putByte(at, 0x30 + (byte % 10));
}
