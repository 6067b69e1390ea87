/**
 * Names as Prometheus allows them (data model: metric names and labels), and the set of all names
 * that are exposed, so that no two fields map to one.
 */
import { NAME_BYTES_MAX, Status } from "../abi";
import { allocate } from "../bytes/arena";
import { refuseIf } from "../bytes/input";
import { addByte, cursor } from "../bytes/put";
import { compareBytes, openText, textBytes, textEnd, textStart } from "../bytes/text";

const HEADS_BYTES = 1024;

/** A claimed name: next u32, padding, hash u64. */
const CLAIM_BYTES = 16;
const heads: usize = memory.data(1024, 16);

/** Whether a name or key fits and is not empty. */
export function isShort(name: usize): bool {
  return textBytes(name) - 1 < <u32>NAME_BYTES_MAX;
}

/** Whether a name of a source has neither comma nor newline either: commands can list it. */
export function isListable(name: usize): bool {
  for (let at = textStart(name); at < textEnd(name); at++) {
    const byte: u32 = load<u8>(at);
    if ((byte == 0x2c) | (byte == 0x0a)) return false;
  }
  return isShort(name);
}

/**
 * Whether a text is a name: letters, digits, `_`, and `:` where `colons`; no digit first. Nothing
 * is made of a name but itself. Writes where the next text will be.
 */
export function isName(text: usize, colons: bool): bool {
  const start = openText();
  addName(text, true, colons);
  return !compareBytes(start, <u32>(cursor - start), textStart(text), textBytes(text));
}

/**
 * Appends a text with `_` for whatever a name may not have, and before a leading digit if
 * `isFirst`; metric names may have `colons`.
 */
export function addName(text: usize, isFirst: bool, colons: bool): void {
  const start = textStart(text);
  if (isFirst & isDigit(load<u8>(start))) addByte(0x5f);
  for (let at = start; at < textEnd(text); at++) {
    const byte = load<u8>(at);
    addByte(isNameByte(byte, colons) ? byte : 0x5f);
  }
}

/** Claims a name by its 64-bit hash; the message is refused if it is taken. */
export function claimName(hash: u64, reason: Status): void {
  const head = heads + (((<usize>hash) << 2) & (HEADS_BYTES - 1));
  for (let at = load<usize>(head); at; at = load<usize>(at)) {
    refuseIf(load<u64>(at, 8) == hash, reason);
  }
  const claim = allocate(CLAIM_BYTES);
  store<usize>(claim, load<usize>(head));
  store<u64>(claim, hash, 8);
  store<usize>(head, claim);
}

/** Takes back all claims made since the arena was at `mark`. */
export function releaseClaims(mark: usize): void {
  for (let head = heads; head < heads + HEADS_BYTES; head += 4) {
    while (load<usize>(head) >= mark) store<usize>(head, load<usize>(load<usize>(head)));
  }
}

function isNameByte(byte: u32, colons: bool): bool {
  const letter = (byte | 0x20) - 0x61;
  return (letter < 26) | isDigit(byte) | (byte == 0x5f) | (colons & (byte == 0x3a));
}

function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}
