/**
 * The life of a monitor that can trace: that of the others, with a trace while the source
 * `memtrace` is on, if `WMON_MEMTRACE` names a file for it.
 */
import { ascii } from "../../bytes/ascii";
import { pollControl } from "../control";
import { findVariable, parseDouble, valueEnd, valueStart } from "../environment";
import { _start } from "../guest";
import {
  begin,
  finish as finishGuest,
  open,
  refuse,
  refusePath,
  beginCall as watchCall,
  endCall as watchEnd,
} from "../lifecycle";
import { openPlaces } from "./places";
import { followSwitch, openRecording } from "./recorder";
import { openTotals, tell } from "./totals";
import { endTrace, flushDue, isTracing, nowUs } from "./trace";
import { openPath } from "./trace-file";

const SAMPLING_RATE: f64 = 1e-4;

/** Runs the guest. */
export function start(): void {
  openPlaces();
  open();
  openTotals();
  openTrace();
  pollControl();
  // Commands that have waited may be about the trace.
  followSwitch();
  begin();
  _start();
  finish();
}

/** Before a WASI call of the guest; true if it must be answered with EBADF. */
export function beginCall(call: u32, fd: u32): bool {
  const isKept = watchCall(call, fd);
  followTrace();
  return isKept;
}

/** Behind a WASI call of the guest. */
export function endCall(call: u32, errno: u32, moved: u32, countAt: usize): void {
  watchEnd(call, errno, moved, countAt);
  followTrace();
}

function followTrace(): void {
  followSwitch();
  if (isTracing) flushDue(nowUs());
}

/** Before the guest's `proc_exit`, and when its program returns. */
export function finish(): void {
  if (isTracing) {
    endTrace();
    tell(false, 0);
  }
  finishGuest();
}

function openTrace(): void {
  let rate = SAMPLING_RATE;
  if (findVariable(ascii("WMON_SAMPLING_RATE"))) {
    rate = parseDouble(valueStart, valueEnd);
    if (!(rate > 0 && rate <= 1)) {
      refuse(
        ascii("WMON_SAMPLING_RATE"),
        ascii("write a number above 0, at most 1: 1e-4, 0.01, 1"),
      );
    }
  }
  if (!findVariable(ascii("WMON_MEMTRACE"))) return;
  if (!openPath(valueStart, valueEnd)) refusePath(ascii("WMON_MEMTRACE"));
  openRecording(rate);
}
