/**
 * Commands from a file or a pipe, a line each, and replies to the file beside it, `….reply`. A
 * file is followed as `tail -f` does, from its beginning; one that was written anew is read again.
 */
import { CommandFlag, INPUT_BYTES_MAX, Level, Outcome } from "../abi";
import { allocate, arenaMark, reserve } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { INPUT } from "../bytes/input";
import {
  addByte,
  addBytes,
  addDouble,
  addText,
  cursor,
  putBytes,
  putText,
  writeAt,
} from "../bytes/put";
import { textEnd, textStart } from "../bytes/text";
import { command, outcome } from "../index";
import { nowNs } from "./clock";
import {
  byteCountFound,
  closeFile,
  FLAG_NONBLOCK,
  findPlace,
  isRegular,
  keepFromGuest,
  lookUp,
  modifiedNs,
  openFile,
  Place,
  RIGHT_READ,
  readFile,
} from "./file";
import { absolute } from "./ground";
import { writeMessage } from "./log";
import { Outlet, parseOutlet, writeLines } from "./outlet";
import { add, cellOf, controlSource } from "./setup";
import { fd_seek } from "./wasi_snapshot_preview1";

/** Fields of the source. */
const COMMANDS: u32 = 0;
const FAILED: u32 = 1;
const CHANGED: u32 = 2;
const OVERSIZED: u32 = 3;
const UNANSWERED: u32 = 4;
const UNREADABLE: u32 = 5;

/** Bytes of a command that the audit line repeats. */
const AUDIT_BYTES_MAX: u32 = 256;
/** Bytes read at a look: a writer that never stops must not keep the guest. */
const LOOK_BYTES_MAX: u32 = 1048576;

const place: Place = changetype<Place>(memory.data(16, 8));
const replies: Outlet = changetype<Outlet>(memory.data(32, 8));
const position: usize = memory.data(8, 8);
const audit: usize = memory.data(5120, 16);
/** A line as far as it was read. */
const line: usize = memory.data(65600, 16);

let isSet: bool = false;
let pathStart: usize = 0;
let pathEnd: usize = 0;
let pipe: i32 = -1;
let readBytes: u64 = 0;
let seenNs: u64 = 0;
let lineBytes: u32 = 0;
/** The last line was empty: a gather is asked for, where lines of standard input are read. */
export let isAsked: bool = false;
/** The line that is being read is too long: what is left of it is skipped. */
let isSkipping: bool = false;

/** Takes the path of the commands; false if it is in no directory that is there. */
export function openControl(start: usize, end: usize): bool {
  const byteCount = <u32>(end - start);
  if (!reserve(byteCount + 64, 300000)) return false;
  const beside = allocate(byteCount + 64);
  const behind = putText(putBytes(beside, start, byteCount), ascii(".reply"));
  pathStart = start;
  pathEnd = end;
  isSet = true;
  return findPlace(place, start, byteCount) & parseOutlet(replies, beside, behind);
}

/** Runs the commands that have come; returns whether there were any. */
export function pollControl(): bool {
  if (!isSet) return false;
  if (pipe < 0) {
    if (!lookUp(place)) return false;
    if (isRegular()) return pollFile();
    pipe = openFile(place, 0, RIGHT_READ, FLAG_NONBLOCK);
    if (pipe < 0) return countUnreadable();
    keepFromGuest(pipe);
  }
  return drain(pipe) > 0;
}

/** Takes bytes until an empty line, or their end; returns the address behind. */
export function takeLines(start: usize, end: usize): usize {
  isAsked = false;
  while ((start < end) & !isAsked) takeByte(load<u8>(start++));
  return start;
}

/** Whether a line was begun. */
export function hasLine(): bool {
  return lineBytes != 0;
}

/** Where replies go instead, a descriptor, and how commands from elsewhere are called. */
export function replyTo(fd: i32, name: usize): void {
  replies.isSet = true;
  replies.fd = fd;
  pathStart = textStart(name);
  pathEnd = textEnd(name);
}

function pollFile(): bool {
  const byteCount = byteCountFound();
  const isAnew = byteCount < readBytes || (byteCount == readBytes && modifiedNs() != seenNs);
  if (!isAnew && byteCount == readBytes) return false;
  if (isAnew) {
    readBytes = 0;
    lineBytes = 0;
    isSkipping = false;
  }
  seenNs = modifiedNs();
  const fd = openFile(place, 0, RIGHT_READ, 0);
  if (fd < 0) return countUnreadable();
  let hasRead = false;
  if (!fd_seek(fd, <i64>readBytes, 0, absolute(position))) {
    const count = drain(fd);
    readBytes += count;
    hasRead = count > 0;
  }
  closeFile(fd);
  return hasRead;
}

/** Counts a look in vain; no command has come. */
function countUnreadable(): bool {
  add(cellOf(controlSource, UNREADABLE), 1);
  return false;
}

/** Reads what is there; how many bytes. */
function drain(fd: i32): u32 {
  let total: u32 = 0;
  while (total < LOOK_BYTES_MAX) {
    const count = readFile(fd, chunk, CHUNK_BYTES);
    if (count <= 0) break;
    for (let at = chunk, end = chunk + count; at < end; ) at = takeLines(at, end);
    total += count;
  }
  return total;
}

const CHUNK_BYTES: u32 = 4096;
const chunk: usize = memory.data(4096, 16);

function takeByte(byte: u32): void {
  if (byte == 0x0a) return endLine();
  if (isSkipping) return;
  if (lineBytes < <u32>INPUT_BYTES_MAX) {
    store<u8>(line + lineBytes, byte);
    lineBytes++;
    return;
  }
  isSkipping = true;
  add(cellOf(controlSource, OVERSIZED), 1);
  writeAt(arenaMark());
  addText(ascii("error: command too long: at most 65536 bytes"));
  reply(cursor);
}

/** Runs the line that was read; also one that has no end yet, where there is no more. */
export function endLine(): void {
  let byteCount = lineBytes;
  const isSkipped = isSkipping;
  lineBytes = 0;
  isSkipping = false;
  while (byteCount && load<u8>(line + byteCount - 1) <= 0x20) byteCount--;
  if (isSkipped) return;
  if (byteCount) run(byteCount);
  else isAsked = true;
}

function run(byteCount: u32): void {
  memory.copy(INPUT, line, byteCount);
  const replyEnd = command(byteCount, nowNs(), 0);
  add(cellOf(controlSource, COMMANDS), 1);
  if (outcome & Outcome.Failed) add(cellOf(controlSource, FAILED), 1);
  reply(replyEnd);
  if (!(outcome & Outcome.Changed)) return;
  add(cellOf(controlSource, CHANGED), 1);
  writeAudit(byteCount);
}

/** Sends a reply that stands in the output up to `end`. */
function reply(end: usize): void {
  store<u8>(end, 0x0a);
  if (writeLines(replies, arenaMark(), <u32>(end + 1 - arenaMark())))
    add(cellOf(controlSource, UNANSWERED), 1);
}

/** As the control port of `wmon run` has it, whatever the thresholds are. */
function writeAudit(byteCount: u32): void {
  const shown = min(byteCount, AUDIT_BYTES_MAX);
  writeAt(audit);
  addBytes(pathStart, min<usize>(pathEnd - pathStart, 4096));
  addText(ascii(': changed: "'));
  addBytes(line, shown);
  addByte(0x22);
  if (byteCount > shown) {
    addText(ascii(" and "));
    addDouble(byteCount - shown);
    addText(ascii(" more bytes"));
  }
  writeMessage(ascii("control"), Level.App, audit, cursor);
}

/** Applies a variable's setting, of levels (`L`) or sources (`M`); 0, or where an error ends. */
export function applySetting(verb: u32, start: usize, end: usize): usize {
  const byteCount = min<usize>(end - start, INPUT_BYTES_MAX - 1);
  store<u8>(INPUT, verb);
  memory.copy(INPUT + 1, start, byteCount);
  const replyEnd = command(<u32>byteCount + 1, nowNs(), CommandFlag.KeepUnknown);
  return outcome & Outcome.Failed ? replyEnd : 0;
}
