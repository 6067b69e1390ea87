/**
 * What tracing did, as the sources `memtrace` and `memtrace_dropped` (host/link/setup.ts has their
 * fields).
 */
import { CELL_VALUE_OFFSET } from "../../abi";
import { Source } from "../../metrics/record";
import { registerSeries } from "../../metrics/series";
import { cellIn, cellOf, record, take, takeMessage } from "../setup";

/** Fields of `memtrace`. */
export const SAMPLES: u32 = 0;
export const EVENTS: u32 = 1;
export const BYTES: u32 = 2;
export const SESSIONS: u32 = 3;
export const FAILED_SESSIONS: u32 = 4;
export const UNTRACKED: u32 = 5;
export const CUT: u32 = 6;
const ACTIVE: u32 = 7;
const LIVE: u32 = 8;
/** Behind them, the field of `memtrace_dropped`. */
export const DROPPED: u32 = 9;

const cells: usize = memory.data(40, 8);
let traces: usize = 0;

/** Registers both. */
export function openTotals(): void {
  traces = take();
  for (let field: u32 = 0; field < DROPPED; field++) {
    store<u32>(cells + (field << 2), <u32>cellOf(traces, field));
  }
  const dropped = take();
  const series = registerSeries(dropped, takeMessage());
  store<u32>(cells + (DROPPED << 2), <u32>cellIn(dropped, series, 0));
}

/** Whether the source `memtrace` is on, which is the switch of the trace. */
export function isSwitchedOn(): bool {
  return changetype<Source>(traces).value != 0;
}

/** Adds to a number, whether its source is active or not. */
export function count(field: u32, value: f64): void {
  const cell = cellAt(field);
  store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
}

/** Says whether a trace is made, and how many blocks it knows to be alive. */
export function tell(isActive: bool, liveBlocks: u32): void {
  record(cellAt(ACTIVE), isActive);
  record(cellAt(LIVE), liveBlocks);
}

function cellAt(field: u32): usize {
  return load<u32>(cells + (field << 2));
}
