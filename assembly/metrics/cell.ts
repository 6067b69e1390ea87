/**
 * Cells: where values live. u32 field record · u32 state · value (see the README's *Cells*). The state
 * word is kind plus `CELL_ACTIVE`, so one load and one branch settle both "is it on?" and "can it do this?".
 * Plain stores, one writer a cell.
 */
import {
  CELL_ACTIVE,
  CELL_BUCKETS_OFFSET,
  CELL_STATE_OFFSET,
  CELL_VALUE_OFFSET,
  CellKind,
} from "../abi";
import { INPUT } from "../bytes/input";
import { Field } from "./record";
import { sketchCount } from "./sketch";

/** Two u64 in memory, not in globals: every instance over one memory counts into them. */
const refused: usize = memory.data(16, 16);

/** Writes refused: a wrong kind, a negative or non-finite increment, a NaN observation, a wrong handle. */
export function refusedCount(): u32 {
  return load<u32>(refused);
}

/** Texts cut at their capacity. */
export function truncatedCount(): u32 {
  return load<u32>(refused, 8);
}

/** Counts a refused write. */
export function refuse(): void {
  store<u32>(refused, load<u32>(refused) + 1);
}

/** Adds to a counter. Negative, NaN and infinite increments are refused and counted. */
export function counterAdd(cell: usize, value: f64): void {
  if (load<u32>(cell, CELL_STATE_OFFSET) != CellKind.Counter + CELL_ACTIVE) {
    return checkKind(cell, CellKind.Counter);
  }
  if (value >= 0 && value < Infinity) {
    store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
  } else refuse();
}

/** Sets a gauge, float, bool or duration. */
export function gaugeSet(cell: usize, value: f64): void {
  if (load<u32>(cell, CELL_STATE_OFFSET) != CellKind.Gauge + CELL_ACTIVE) {
    return checkKind(cell, CellKind.Gauge);
  }
  store<f64>(cell, value, CELL_VALUE_OFFSET);
}

/** Adds to a gauge. */
export function gaugeAdd(cell: usize, value: f64): void {
  if (load<u32>(cell, CELL_STATE_OFFSET) != CellKind.Gauge + CELL_ACTIVE) {
    return checkKind(cell, CellKind.Gauge);
  }
  store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
}

/** Sets an i64 or u64 field. */
export function setInteger(cell: usize, value: i64): void {
  if (load<u32>(cell, CELL_STATE_OFFSET) != CellKind.Integer + CELL_ACTIVE) {
    return checkKind(cell, CellKind.Integer);
  }
  store<i64>(cell, value, CELL_VALUE_OFFSET);
}

/** One observation of a histogram or summary; NaN is refused and counted. */
export function observe(cell: usize, value: f64): void {
  const state = load<u32>(cell, CELL_STATE_OFFSET);
  if (state == CellKind.Histogram + CELL_ACTIVE) {
    if (value != value) return refuse();
    increment(
      cell + CELL_BUCKETS_OFFSET + (bucketOf(changetype<Field>(load<usize>(cell)), value) << 3),
    );
  } else if (state == CellKind.Summary + CELL_ACTIVE) {
    if (value != value) return refuse();
    increment(cell + CELL_BUCKETS_OFFSET);
    if (changetype<Field>(load<usize>(cell)).parameterCount) sketchCount(cell + 24, value);
  } else {
    const kind = state & 0xff;
    if (kind != CellKind.Histogram && kind != CellKind.Summary) refuse();
    return;
  }
  store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
}

/** Sets a text from the input buffer, cut on a UTF-8 boundary at the cell's capacity. */
export function setText(cell: usize, byteCount: u32): void {
  if (load<u32>(cell, CELL_STATE_OFFSET) != CellKind.Text + CELL_ACTIVE) {
    return checkKind(cell, CellKind.Text);
  }
  const capacity = changetype<Field>(load<usize>(cell)).parameterCount;
  if (byteCount > capacity) {
    store<u32>(refused, load<u32>(refused, 8) + 1, 8);
    byteCount = capacity;
    while (byteCount && (load<u8>(INPUT + byteCount) & 0xc0) == 0x80) byteCount--;
  }
  store<u32>(cell, byteCount, CELL_VALUE_OFFSET);
  memory.copy(cell + CELL_BUCKETS_OFFSET - 4, INPUT, byteCount);
}

/** A disabled cell ignores writes in silence; one of another kind refuses them. */
function checkKind(cell: usize, kind: u32): void {
  if ((load<u32>(cell, CELL_STATE_OFFSET) & 0xff) != kind) refuse();
}

function increment(at: usize): void {
  store<f64>(at, load<f64>(at) + 1);
}

/** Index of the first bound that is at least `value`: four bounds a step, the rest +Infinity. */
function bucketOf(field: Field, value: f64): usize {
  const wanted = f64x2.splat(value);
  const bounds = field.parameters;
  const count = field.parameterCount;
  let index: u32 = 0;
  while (index < count) {
    const at = bounds + ((<usize>index) << 3);
    const below =
      v128.bitmask<i64>(v128.gt<f64>(wanted, v128.load(at))) |
      (v128.bitmask<i64>(v128.gt<f64>(wanted, v128.load(at, 16))) << 2);
    if (below != 15) return min(index + popcnt(below), count);
    index += 4;
  }
  return count;
}
