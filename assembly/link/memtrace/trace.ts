/**
 * The trace while it is made: events go through the writer to the file, a quiet packet is flushed
 * once a second. A file that cannot be written ends it.
 */
import { Level } from "../../abi";
import { ascii } from "../../bytes/ascii";
import { addBytes, addDouble, addText, cursor, writeAt } from "../../bytes/put";
import { AllocationSource } from "../../memtrace/abi";
import { INPUT, MISSES } from "../../memtrace/layout";
import { begin, explain, flush, putAllocation, putCollect } from "../../memtrace/writer";
import { nowNs } from "../clock";
import { findVariable, valueEnd, valueStart } from "../environment";
import { writeMessage } from "../log";
import { addEscaped, closeLine, openNote } from "../stderr";
import { putContext, putExecutable, putPlace, recordBytes } from "./places";
import { BYTES, count, DROPPED, EVENTS, FAILED_SESSIONS, SAMPLES, SESSIONS } from "./totals";
import {
  completeBytes,
  ERRNO_INVALID,
  pathEnd,
  pathStart,
  turnFile,
  writePackets,
} from "./trace-file";

const SECOND_US: f64 = 1000000;
const WORD_BITS: u32 = 32;
/** A result of the writer's: packets are complete. The bits above count codes to explain. */
const EMIT: i32 = 1;

/** Whether a trace is made. */
export let isTracing: bool = false;

let nextId: u32 = 0;
let traceBytes: f64 = 0;
/** Events of the packet that is open. */
let pending: u32 = 0;
let flushedUs: f64 = 0;

/** Microseconds since the epoch. */
export function nowUs(): f64 {
  return <f64>(nowNs() / 1000);
}

/** Begins a trace and its file, the next one. */
export function beginTrace(rate: f64): void {
  turnFile();
  const now = nowUs();
  const executableBytes = putExecutable(INPUT);
  const hasName = findVariable(ascii("WMON_HOSTNAME"));
  const hostBytes = hasName ? <u32>(valueEnd - valueStart) : 0;
  memory.copy(INPUT + executableBytes, valueStart, hostBytes);
  const contextBytes = putContext(INPUT + executableBytes + hostBytes);
  begin(rate, WORD_BITS, 0, now, executableBytes, hostBytes, 0, contextBytes);
  nextId = 0;
  traceBytes = 0;
  pending = 0;
  flushedUs = now;
  isTracing = true;
  count(SESSIONS, 1);
  emit(true, 0);
}

/** Writes an allocation whose stack is in the writer's input; its id, or -1. */
export function writeAllocation(us: f64, words: u32, samples: f64, frames: u32): i64 {
  const result = putAllocation(us, words, samples, AllocationSource.External, frames);
  if (result < 0) {
    count(DROPPED, 1);
    return -1;
  }
  const id = nextId++;
  settle(result, us);
  for (let index = 0; index < result >> 1 && isTracing; index++) {
    const records = putPlace(load<u32>(MISSES + (index << 3)));
    if (explain(index, records, recordBytes) == EMIT) emit(false, pending);
  }
  count(SAMPLES, samples);
  return isTracing ? id : -1;
}

/** Writes that a block was freed. */
export function writeCollect(us: f64, id: f64): void {
  const result = putCollect(us, id);
  if (result < 0) count(DROPPED, 1);
  else settle(result, us);
}

/** Sends what has waited for a second. */
export function flushDue(us: f64): void {
  if ((us - flushedUs < SECOND_US) & (us >= flushedUs)) return;
  flushedUs = us;
  if (!pending) return;
  flush();
  emit(false, 0);
}

/** Sends what is left, and ends the trace; false if that could not be written. */
export function endTrace(): bool {
  if (pending) {
    flush();
    emit(false, 0);
  }
  const isWhole = isTracing;
  isTracing = false;
  return isWhole;
}

/** Ends the trace while the program goes on: says in which file it is, whatever the levels are. */
export function closeTrace(): void {
  if (!endTrace()) return;
  writeAt(INPUT);
  addText(ascii("trace ended: "));
  addBytes(pathStart, pathEnd - pathStart);
  addText(ascii(" has "));
  addDouble(traceBytes);
  addText(ascii(" bytes"));
  writeMessage(ascii("memtrace"), Level.App, INPUT, cursor);
}

function settle(result: i32, us: f64): void {
  count(EVENTS, 1);
  if (result & EMIT) {
    flushedUs = us;
    emit(false, 1);
  } else pending++;
}

/** Writes complete packets; `begun` events are in the one that is open now. */
function emit(isFirst: bool, begun: u32): void {
  const errno = writePackets(isFirst);
  if (!errno) {
    const byteCount = completeBytes();
    count(BYTES, byteCount);
    traceBytes += byteCount;
    pending = begun;
    return;
  }
  count(DROPPED, pending + begun);
  count(FAILED_SESSIONS, 1);
  pending = 0;
  isTracing = false;
  openNote();
  addText(ascii("WMON_MEMTRACE: "));
  addEscaped(pathStart, pathEnd);
  addText(ascii(" cannot be written, the trace ends here: "));
  if (errno == ERRNO_INVALID) addText(ascii("it is no file"));
  else {
    addText(ascii("WASI error number "));
    addDouble(errno);
  }
  closeLine();
}
