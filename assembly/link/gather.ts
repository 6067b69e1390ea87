/**
 * Gathers: brings the monitor's own numbers up to date, then sends line protocol and writes the
 * exposition. What cannot be sent is counted, and said once an outage.
 */
import { Format } from "../abi";
import { arenaMark } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { COUNTERS } from "../bytes/fixed";
import { addDouble, addText } from "../bytes/put";
import { textEnd, textStart } from "../bytes/text";
import { encode } from "../index";
import { elapsedNs, nextStampNs, nowNs } from "./clock";
import { isExposed, writeExposition } from "./exposition";
import { cutMessages } from "./log";
import { observeMemory } from "./meter";
import { Outlet, writeLines } from "./outlet";
import { refusals } from "./registrar";
import { add, cellOf, guestSource, ownSource, pushSource, record } from "./setup";
import { addEscaped, closeLine, lostLines, openNote } from "./stderr";

/** Fields of `guest`. */
const UPTIME: u32 = 0;
const RUNNING: u32 = 1;
const REFUSED: u32 = 2;
const LOGS_DROPPED: u32 = 3;
const LOGS_CUT: u32 = 4;
/** Fields of `monitor_push`, and of `monitor_exposition` behind them. */
const SENT_LINES: u32 = 0;
const SENT_BYTES: u32 = 1;
const DROPPED_LINES: u32 = 2;
const FAILURES: u32 = 3;

/** Where line protocol goes. */
export const push: Outlet = changetype<Outlet>(memory.data(32, 8));

let startedNs: u64 = 0;
let isPushDown: bool = false;
let isExpositionDown: bool = false;

/** Begins to count the time that the guest runs. */
export function startUptime(): void {
  startedNs = elapsedNs();
  record(cellOf(guestSource, RUNNING), 1);
}

/** Sends everything once. */
export function gather(isOver: bool): void {
  refresh();
  if (isOver) record(cellOf(guestSource, RUNNING), 0);
  if (push.isSet) pushTo(push);
  if (!isExposed) return;
  isExpositionDown = settle(writeExposition(nowNs()), isExpositionDown, ascii("WMON_PROMETHEUS"));
}

/** Sends line protocol to an outlet, and counts what became of it. */
export function pushTo(outlet: Outlet): void {
  const byteCount = <u32>(encode(Format.Influx, nextStampNs()) - arenaMark());
  const lines = countLines(arenaMark(), byteCount);
  const errno = writeLines(outlet, arenaMark(), byteCount);
  if (errno) add(cellOf(pushSource, DROPPED_LINES), lines);
  else {
    add(cellOf(pushSource, SENT_LINES), lines);
    add(cellOf(pushSource, SENT_BYTES), byteCount);
  }
  isPushDown = settle(errno, isPushDown, ascii("WMON_PUSH"));
}

/** Brings the monitor's own numbers up to date. */
export function refresh(): void {
  observeMemory();
  record(cellOf(guestSource, UPTIME), <f64>(elapsedNs() - startedNs));
  record(cellOf(guestSource, REFUSED), refusals);
  record(cellOf(guestSource, LOGS_DROPPED), lostLines);
  record(cellOf(guestSource, LOGS_CUT), cutMessages);
  for (let i: u32 = 0; i < 4; i++) {
    record(cellOf(ownSource, i), load<u32>(COUNTERS + ((<usize>i) << 2)));
  }
}

/** Counts a failure, says the first of an outage; whether there is one. */
function settle(errno: u32, wasDown: bool, name: usize): bool {
  if (!errno) return false;
  add(cellOf(pushSource, FAILURES), 1);
  if (wasDown) return true;
  openNote();
  addEscaped(textStart(name), textEnd(name));
  addText(ascii(": cannot be written now, WASI error number "));
  addDouble(errno);
  closeLine();
  return true;
}

function countLines(start: usize, byteCount: u32): u32 {
  let lines: u32 = 0;
  const end = start + byteCount;
  for (; start < end; start++) lines += <u32>(load<u8>(start) == 0x0a);
  return lines;
}
