/**
 * Escapes of both wires: InfluxData's line protocol reference, and the Prometheus text format
 * 0.0.4. The original's InfluxQL keyword prefix is here too (strict mode; the host has the words).
 */
import { ascii } from "./ascii";
import { putUnsigned } from "./integer";
import { addByte, cursor, writeAt } from "./put";
import { textEnd, textStart } from "./text";
import { findWord } from "./word";

/** What else than comma, space and control bytes is escaped in a part of a line. */
export const enum Part {
  Measurement = 0,
  /** Tag keys, tag values, field keys: the equals sign. */
  Key = 1,
  Value = 2,
}

/** Where a quoted text stands. */
export const enum Quoting {
  /** HELP of format 0.0.4: quotes need no escape. */
  Help = 0,
  Label = 1,
  Influx = 2,
  /** As OCaml's `%S` prints a string (stdlib, `String.escaped`). */
  Ocaml = 3,
}

const BACKSLASH: u32 = 0x5c;
/** The letters of `\b`, `\t`, `\n` and `\r`, from byte 8 on; the others have none. */
const LETTERS = ascii("btn\x0b\x0cr");
/** Counted text of lower-case words, a space between two; at address 0 is an empty one. */
let keywords: usize = 0;

/** Sets the words that get the original's prefix. */
export function setKeywords(list: usize): void {
  keywords = list;
}

/**
 * Appends a name or tag value as a part of a line: at most twice its bytes and 1. A control byte
 * becomes a space: receivers drop lines that have one. A backslash before a separator, a quote,
 * another one or the end becomes `/`: no escape of it comes back from the parsers of InfluxDB,
 * Telegraf and VictoriaMetrics alike.
 */
export function addInflux(text: usize, part: Part): void {
  if (findWord(keywords, text, 0x20) >= 0) addByte(0x6f);
  const start = textStart(text);
  const end = textEnd(text);
  for (let at = start; at < end; at++) {
    let byte: u32 = load<u8>(at);
    if (isControl(byte)) byte = 0x20;
    if ((byte == 0x20) | (byte == 0x2c) | ((byte == 0x3d) & (part != Part.Measurement))) {
      addByte(BACKSLASH);
    } else if (byte == BACKSLASH) {
      if ((at + 1 == end) | isSpecial(load<u8>(at + 1))) byte = 0x2f;
    } else if ((byte == 0x23) & (at == start) & (part == Part.Measurement)) byte = 0x5f;
    addByte(byte);
  }
  if (part == Part.Key && findWord(ascii("time"), text, 0) >= 0) addByte(0x5f);
}

/**
 * Appends the inside of a quoted text: `\"`, `\\`, and `\n` as two characters. A string of line
 * protocol gets `\\n`, three: Telegraf refuses a line with the other.
 */
export function addQuoted(text: usize, quoting: Quoting): void {
  const isOcaml = quoting == Quoting.Ocaml;
  const end = textEnd(text);
  for (let at = textStart(text); at < end; at++) {
    const byte: u32 = load<u8>(at);
    const hasLetter = (byte == 0x0a) | (isOcaml & (byte - 8 < 6));
    const letter: u32 = hasLetter ? load<u8>(LETTERS + 2 - 8 + byte) : byte;
    if (isOcaml & (byte - 0x20 >= 0x5f) & (letter == byte)) {
      // The first of four digits makes room for the backslash.
      writeAt(putUnsigned(cursor, byte + 1000));
      store<u8>(cursor - 4, BACKSLASH);
      continue;
    }
    if ((letter != byte) & (quoting == Quoting.Influx)) addByte(BACKSLASH);
    const isQuote = (byte == 0x22) & (quoting != Quoting.Help);
    if ((letter != byte) | (byte == BACKSLASH) | isQuote) addByte(BACKSLASH);
    addByte(letter);
  }
}

/** What a backslash must not stand before. */
function isSpecial(byte: u32): bool {
  const isQuoted = (byte == 0x22) | (byte == 0x2c) | (byte == 0x3d) | (byte == BACKSLASH);
  return isQuoted | (byte == 0x20) | isControl(byte);
}

function isControl(byte: u32): bool {
  return (byte < 0x20) | (byte == 0x7f);
}
