/**
 * What a command came to; and error replies. What a command got wrong is quoted as the original
 * quotes it.
 */
import { Outcome } from "../abi";
import { arenaMark } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { putUnsigned } from "../bytes/integer";
import { addByte, addText, cursor, writeAt } from "../bytes/put";

/** `Outcome` bits of the last command. */
export let outcome: u32 = 0;

/** The letters of `\b`, `\t`, `\n` and `\r`, from byte 8 on; the others have none. */
const LETTERS = ascii("btn  r");

export function clearOutcome(): void {
  outcome = 0;
}

export function setOutcome(bits: u32): void {
  outcome |= bits;
}

/** Begins an error reply. */
export function fail(text: usize): void {
  outcome = Outcome.Failed;
  writeAt(arenaMark());
  addText(ascii("error: "));
  addText(text);
}

/** An error about some bytes; `fold` is 0x20 to make ASCII lower-case. */
export function failBytes(text: usize, start: usize, end: usize, fold: u32): void {
  fail(text);
  for (let at = start; at < end; at++) {
    const byte: u32 = load<u8>(at);
    addByte(byte - 0x41 < 26 ? byte | fold : byte);
  }
}

/** Appends bytes as OCaml's `%S` prints a string (stdlib, `String.escaped`). */
export function addEscaped(start: usize, end: usize): void {
  addByte(0x22);
  for (let at = start; at < end; at++) addEscapedByte(load<u8>(at));
  addByte(0x22);
}

function addEscapedByte(byte: u32): void {
  const at = cursor;
  const isPrintable = byte - 0x20 < 0x5f;
  if (isPrintable & (byte != 0x22) & (byte != 0x5c)) {
    addByte(byte);
    return;
  }
  const letter: u32 = byte - 8 < 6 ? load<u8>(LETTERS + 2 + byte - 8) : 0x20;
  // The first of four digits makes room for the backslash.
  if (isPrintable) store<u8>(at, byte, 1);
  else if (letter != 0x20) store<u8>(at, letter, 1);
  else writeAt(putUnsigned(at, byte + 1000) - 2);
  store<u8>(at, 0x5c);
  writeAt(cursor + 2);
}
