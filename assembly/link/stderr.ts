/**
 * Lines on standard error: what the monitor tells a user, and the records of logs, as `wmon run`
 * writes them.
 */
import { ascii } from "../bytes/ascii";
import { putUnsigned } from "../bytes/integer";
import { addByte, addBytes, addText, cursor, writeAt } from "../bytes/put";
import { writeFile } from "./file";
import { character, readCharacter } from "./utf8";

const STDERR: u32 = 2;
/** Bytes of a message, before it is escaped. */
export const MESSAGE_BYTES_MAX: u32 = 16384;

/** A message of escapes, four bytes each, with a name before it; what is quoted is cut there. */
const QUOTE_BYTES_MAX: u32 = 67584;
/** A line: behind a quote there may be a few words. */
const line: usize = memory.data(67840, 16);
const NS_PER_MS: u64 = 1000000;
const MS_PER_DAY: u64 = 86400000;

/** Lines that could not be written. */
export let lostLines: u32 = 0;

/** Begins `wmon: `. */
export function openNote(): void {
  writeAt(line);
  addText(ascii("wmon: "));
}

/** Begins the line of a record: time, level. */
export function openRecord(timeNs: u64, level: u32): void {
  writeAt(line);
  addTime(timeNs / NS_PER_MS);
  addByte(0x20);
  if (level == 1) addText(ascii("APP   "));
  else if (level == 2) addText(ascii("ERROR "));
  else if (level == 3) addText(ascii("WARN  "));
  else if (level == 4) addText(ascii("INFO  "));
  else addText(ascii("DEBUG "));
}

/** Ends the line and writes it. */
export function closeLine(): void {
  addByte(0x0a);
  if (writeFile(STDERR, line, <u32>(cursor - line))) lostLines++;
}

/** Appends text so that it stays in its line and does nothing to a terminal. */
export function addEscaped(start: usize, end: usize): void {
  while (start != end && <u32>(cursor - line) < QUOTE_BYTES_MAX) {
    const from = start;
    start = readCharacter(start, end);
    if (character < 0) addText(REPLACEMENT);
    else if (isUnsafe(character)) addEscape(character);
    else addBytes(from, start - from);
  }
}

/** U+FFFD as a counted text. */
const REPLACEMENT: usize = memory.data<u8>([3, 0, 0xef, 0xbf, 0xbd, 0, 0, 0]);

/** C0, DEL, C1, line and paragraph separators, bidirectional controls. */
function isUnsafe(code: i32): bool {
  if (code < 0x20) return true;
  if (code < 0x7f) return false;
  if (code < 0xa0) return true;
  if ((code == 0x61c) | (code == 0xfeff)) return true;
  return (
    ((code >= 0x200e) & (code <= 0x200f)) |
    ((code >= 0x2028) & (code <= 0x202e)) |
    ((code >= 0x2066) & (code <= 0x2069))
  );
}

function addEscape(code: i32): void {
  addByte(0x5c);
  if (code == 0x0a) addByte(0x6e);
  else if (code == 0x0d) addByte(0x72);
  else if (code == 0x09) addByte(0x74);
  else {
    const isShort = code < 256;
    addByte(isShort ? 0x78 : 0x75);
    for (let shift = isShort ? 4 : 12; shift >= 0; shift -= 4) {
      const digit = (code >> shift) & 15;
      addByte(digit < 10 ? 0x30 + digit : 0x57 + digit);
    }
  }
}

/** RFC 3339 with milliseconds; the calendar is Howard Hinnant's `civil_from_days`. */
function addTime(timeMs: u64): void {
  const days = timeMs / MS_PER_DAY + 719468;
  const era = days / 146097;
  const dayOfEra = days - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const monthFromMarch = (5 * dayOfYear + 2) / 153;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + <u64>(month <= 2);
  addPadded(year, 4, 0x2d);
  addPadded(month, 2, 0x2d);
  addPadded(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 2, 0x54);
  const ms = timeMs % MS_PER_DAY;
  addPadded(ms / 3600000, 2, 0x3a);
  addPadded((ms / 60000) % 60, 2, 0x3a);
  addPadded((ms / 1000) % 60, 2, 0x2e);
  addPadded(ms % 1000, 3, 0x5a);
}

/** A number of at least so many digits, and what stands behind it. */
function addPadded(value: u64, digits: i32, behind: u32): void {
  for (let least: u64 = 10, left = digits - 1; left > 0; left--, least *= 10) {
    if (value < least) addByte(0x30);
  }
  writeAt(putUnsigned(cursor, value));
  addByte(behind);
}
