/**
 * Cells: where values live. u32 field record · u16 zero · u16 state · value (see the README's
 * *Cells*). The state is kind plus `CELL_ACTIVE`, so one load and one branch settle both "is it
 * on?" and "can it do this?". Plain stores, one writer a cell.
 */
import {
  CELL_ACTIVE,
  CELL_BUCKETS_OFFSET,
  CELL_STATE_OFFSET,
  CELL_VALUE_OFFSET,
  CellKind,
} from "../abi";
import { COUNTERS } from "../bytes/fixed";
import { Field } from "./record";
import { sketchCount } from "./sketch";

/** Of a summary with quantiles: its sketch, behind sum and count. */
export const CELL_SKETCH_OFFSET = 24;
/** Of a text: a counted text. */
export const CELL_TEXT_OFFSET = CELL_VALUE_OFFSET;

/** Counts a refused write. */
export function refuse(): void {
  store<u32>(COUNTERS, load<u32>(COUNTERS, 8) + 1, 8);
}

/** Adds to a counter. Negative, NaN and infinite increments are refused and counted. */
export function counterAdd(cell: usize, value: f64): void {
  if (load<u16>(cell, CELL_STATE_OFFSET) != CellKind.Counter + CELL_ACTIVE) {
    checkKind(cell, CellKind.Counter);
  } else if (value >= 0 && value < Infinity) {
    store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
  } else refuse();
}

/** Sets a gauge, float, bool or duration. */
export function gaugeSet(cell: usize, value: f64): void {
  setCell(cell, CellKind.Gauge, reinterpret<u64>(value));
}

/** Adds to a gauge. */
export function gaugeAdd(cell: usize, value: f64): void {
  gaugeSet(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value);
}

/** Sets an i64 or u64 field. */
export function setInteger(cell: usize, value: i64): void {
  setCell(cell, CellKind.Integer, value);
}

function setCell(cell: usize, kind: u32, bits: u64): void {
  if (load<u16>(cell, CELL_STATE_OFFSET) != kind + CELL_ACTIVE) checkKind(cell, kind);
  else store<u64>(cell, bits, CELL_VALUE_OFFSET);
}

/** One observation of a histogram or summary; NaN is refused and counted. */
export function observe(cell: usize, value: f64): void {
  const kind: u32 = load<u16>(cell, CELL_STATE_OFFSET) - CELL_ACTIVE;
  // One of the two is even, the other is odd.
  if (kind - CellKind.Histogram > 1) return checkKind(cell, CellKind.Histogram | (kind & 1));
  if (value != value) return refuse();
  const field = changetype<Field>(load<usize>(cell));
  const isSummary = kind & 1;
  let counted = cell;
  if (isSummary) {
    if (field.parameterCount) sketchCount(cell + CELL_SKETCH_OFFSET, value);
  } else {
    // The last bound is +Infinity.
    for (let at = field.parameters; load<f64>(at) < value; at += 8) counted += 8;
  }
  store<f64>(counted, load<f64>(counted, CELL_BUCKETS_OFFSET) + 1, CELL_BUCKETS_OFFSET);
  store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
}

/** A disabled cell ignores writes in silence; one of another kind refuses them. */
export function checkKind(cell: usize, kind: u32): void {
  if (load<u8>(cell, CELL_STATE_OFFSET) != kind) refuse();
}
