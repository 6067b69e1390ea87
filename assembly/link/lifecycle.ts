/**
 * The life of an image's monitor: opened before the guest's first instruction, looked after at WASI
 * calls, at most every 100 ms, and closed by a last gather. What is wrong with a variable is said
 * in a line and ends the program with code 2, before the guest has begun.
 */
import { CoreFlag } from "../abi";
import { arenaMark } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { INPUT } from "../bytes/input";
import { addText } from "../bytes/put";
import { textEnd, textStart } from "../bytes/text";
import { configure, expire } from "../index";
import { elapsedNs, nowNs } from "./clock";
import { applySetting, openControl, pollControl } from "./control";
import {
  findVariable,
  openEnvironment,
  parseDurationMs,
  valueEnd,
  valueStart,
} from "./environment";
import { openExposition } from "./exposition";
import { gather, push, startUptime } from "./gather";
import { observeMemory, startCall, stopCall } from "./meter";
import { parseOutlet } from "./outlet";
import { openSetup } from "./setup";
import { addEscaped, closeLine, openNote } from "./stderr";
import { proc_exit } from "./wasi_snapshot_preview1";

const SERIES_MAX: u32 = 100000;
const SERIES_PER_SOURCE_MAX: u32 = 10000;
const NAME_BYTES_MAX: usize = 1024;
const LOOK_NS: u64 = 100000000;
const INTERVAL_MIN_MS: f64 = 10;
const INTERVAL_MAX_MS: f64 = 86400000;
const EXIT_USAGE: u32 = 2;

let isOpen: bool = false;
let intervalNs: u64 = 10000000000;
let lookedNs: u64 = 0;
let gatheredNs: u64 = 0;

/** Reads the variables, registers what every image has. */
export function open(): void {
  openEnvironment();
  configureCore();
  openSetup();
  applySettings(ascii("WMON_LOG_LEVEL"), 0x4c);
  applySettings(ascii("WMON_METRICS"), 0x4d);
  if (findVariable(ascii("WMON_INTERVAL"))) readInterval();
  if (findVariable(ascii("WMON_PUSH")) && !parseOutlet(push, valueStart, valueEnd)) {
    refusePath(ascii("WMON_PUSH"));
  }
  if (findVariable(ascii("WMON_PROMETHEUS")) && !openExposition(valueStart, valueEnd)) {
    refusePath(ascii("WMON_PROMETHEUS"));
  }
  if (findVariable(ascii("WMON_CONTROL")) && !openControl(valueStart, valueEnd)) {
    refusePath(ascii("WMON_CONTROL"));
  }
  startUptime();
  isOpen = true;
}

/** The first gather, before the guest starts. */
export function begin(): void {
  gather(false);
  lookedNs = elapsedNs();
  gatheredNs = lookedNs;
}

/** Before a WASI call of the guest; true if it must be answered with EBADF. */
export function beginCall(call: u32, fd: u32): bool {
  const now = elapsedNs();
  look(now);
  observeMemory();
  return startCall(call, fd, now);
}

/** Behind a WASI call of the guest. */
export function endCall(call: u32, errno: u32, moved: u32, countAt: usize): void {
  // It may have waited long.
  look(stopCall(call, errno, moved, countAt));
}

/** Before the guest's `proc_exit`, and when its program returns. */
export function finish(): void {
  if (!isOpen) return;
  isOpen = false;
  pollControl();
  gather(true);
}

function look(now: u64): void {
  if ((now - lookedNs < LOOK_NS) | !isOpen) return;
  lookedNs = now;
  expire(nowNs());
  pollControl();
  if (now - gatheredNs < intervalNs) return;
  gatheredNs = now;
  gather(false);
}

function configureCore(): void {
  let nameBytes: usize = 0;
  if (findVariable(ascii("WMON_HOSTNAME"))) {
    nameBytes = valueEnd - valueStart;
    if (nameBytes > NAME_BYTES_MAX) refuse(ascii("WMON_HOSTNAME"), ascii("at most 1024 bytes"));
    memory.copy(INPUT, valueStart, nameBytes);
  }
  let flags: u32 = CoreFlag.SortTags | CoreFlag.Timestamps;
  if (findVariable(ascii("WMON_TIMESTAMPS"))) {
    if (valueIs(ascii("none"))) flags = CoreFlag.SortTags;
    else if (!valueIs(ascii("ns"))) refuse(ascii("WMON_TIMESTAMPS"), ascii("write ns or none"));
  }
  configure(<u32>nameBytes, flags, SERIES_MAX, SERIES_PER_SOURCE_MAX);
}

function valueIs(text: usize): bool {
  const byteCount = textEnd(text) - textStart(text);
  if (valueEnd - valueStart != byteCount) return false;
  for (let i: usize = 0; i < byteCount; i++) {
    if (load<u8>(valueStart + i) != load<u8>(textStart(text) + i)) return false;
  }
  return true;
}

function applySettings(name: usize, verb: u32): void {
  if (!findVariable(name)) return;
  const replyEnd = applySetting(verb, valueStart, valueEnd);
  if (!replyEnd) return;
  openNote();
  addText(name);
  addText(ascii(": "));
  // Behind `error: `.
  addEscaped(arenaMark() + 7, replyEnd);
  closeLine();
  proc_exit(EXIT_USAGE);
}

function readInterval(): void {
  const intervalMs = parseDurationMs(valueStart, valueEnd);
  if ((intervalMs >= INTERVAL_MIN_MS) & (intervalMs <= INTERVAL_MAX_MS)) {
    intervalNs = <u64>(intervalMs * 1e6);
  } else refuse(ascii("WMON_INTERVAL"), ascii("write a time from 10ms to 24h: 500ms, 2s, 1m"));
}

/** Says that the variable found last leads nowhere, and ends the program. */
export function refusePath(name: usize): void {
  openNote();
  addText(name);
  addText(ascii(": "));
  addEscaped(valueStart, valueEnd);
  addText(ascii(" is in no directory that the runtime gives; give it one, as in --dir monitor"));
  closeLine();
  proc_exit(EXIT_USAGE);
}

/** Says what would be right for a variable, and ends the program. */
export function refuse(name: usize, what: usize): void {
  openNote();
  addText(name);
  addText(ascii(": "));
  addText(what);
  closeLine();
  proc_exit(EXIT_USAGE);
}
