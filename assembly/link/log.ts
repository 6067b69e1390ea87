/**
 * The guest's log messages: counted by level and source, and written to standard error.
 */
import { Level } from "../abi";
import { ascii } from "../bytes/ascii";
import { INPUT } from "../bytes/input";
import { addText, cursor, putText, writeAt } from "../bytes/put";
import { textEnd, textStart } from "../bytes/text";
import { addWord } from "../bytes/word";
import { registerSeries } from "../metrics/series";
import { Setting } from "../metrics/setting";
import { nowNs } from "./clock";
import { fromGuest, isOfGuest } from "./ground";
import { log_passes, refuseCall } from "./registrar";
import { add, cellIn, cellOf, logSource, messageSource } from "./setup";
import { addEscaped, closeLine, MESSAGE_BYTES_MAX, openRecord } from "./stderr";

const WARNINGS: u32 = 0;
const ERRORS: u32 = 1;
const NAMES = ascii("quiet app error warning info debug");

/** Messages that were cut. */
export let cutMessages: u32 = 0;

/** Writes a message, if its level passes. */
export function log(source: i32, level: i32, address: usize, byteCount: u32): void {
  if (!log_passes(source, level)) return;
  if (!isOfGuest(address, byteCount, 65536)) return refuseCall();
  if (byteCount > MESSAGE_BYTES_MAX) {
    byteCount = MESSAGE_BYTES_MAX;
    cutMessages++;
    while (byteCount && (load<u8>(fromGuest(address) + byteCount) & 0xc0) == 0x80) byteCount--;
  }
  const start = fromGuest(address);
  const name = changetype<Setting>(<usize>source).name;
  writeMessage(name, level, start, start + byteCount);
}

/** Counts and writes a message of the log source `name`, a counted text. */
export function writeMessage(name: usize, level: u32, start: usize, end: usize): void {
  count(name, level);
  openRecord(nowNs(), level);
  addEscaped(textStart(name), textEnd(name));
  addText(ascii(": "));
  addEscaped(start, end);
  closeLine();
}

function count(name: usize, level: u32): void {
  if (level == Level.Error) add(cellOf(logSource, ERRORS), 1);
  else if (level == Level.Warning) add(cellOf(logSource, WARNINGS), 1);
  // The message of a tag set: level and name.
  writeAt(INPUT + 2);
  addWord(NAMES, level);
  store<u16>(INPUT, <u16>(cursor - INPUT - 2));
  store<u16>(cursor, load<u16>(name));
  writeAt(putText(cursor + 2, name));
  const series = registerSeries(messageSource, <u32>(cursor - INPUT));
  if (series > 0) add(cellIn(messageSource, series, 0), 1);
}
