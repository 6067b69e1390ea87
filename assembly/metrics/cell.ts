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
  if (load<u16>(cell, CELL_STATE_OFFSET) != CellKind.Gauge + CELL_ACTIVE) {
    checkKind(cell, CellKind.Gauge);
  } else store<f64>(cell, value, CELL_VALUE_OFFSET);
}

/** Adds to a gauge. */
export function gaugeAdd(cell: usize, value: f64): void {
  gaugeSet(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value);
}

/** Sets an i64 or u64 field. */
export function setInteger(cell: usize, value: i64): void {
  if (load<u16>(cell, CELL_STATE_OFFSET) != CellKind.Integer + CELL_ACTIVE) {
    checkKind(cell, CellKind.Integer);
  } else store<i64>(cell, value, CELL_VALUE_OFFSET);
}

/** One observation of a histogram or summary; NaN is refused and counted. */
export function observe(cell: usize, value: f64): void {
  const kind = <u32>load<u16>(cell, CELL_STATE_OFFSET) - CELL_ACTIVE - CellKind.Histogram;
  if (kind > 1) return checkCompound(cell);
  if (value != value) return refuse();
  const field = changetype<Field>(load<usize>(cell));
  const bucket: usize = kind ? 0 : bucketOf(field, value) << 3;
  const count = load<f64>(cell + bucket, CELL_BUCKETS_OFFSET);
  store<f64>(cell + bucket, count + 1, CELL_BUCKETS_OFFSET);
  if (kind && field.parameterCount) sketchCount(cell + CELL_SKETCH_OFFSET, value);
  store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
}

/** A disabled cell ignores writes in silence; one of another kind refuses them. */
export function checkKind(cell: usize, kind: u32): void {
  if (load<u8>(cell, CELL_STATE_OFFSET) != kind) refuse();
}

function checkCompound(cell: usize): void {
  if (<u32>load<u8>(cell, CELL_STATE_OFFSET) - CellKind.Histogram > 1) refuse();
}

/**
 * Index of the first bound that is at least `value`: how many are below. No branch depends on the
 * value, and the +Infinity behind the bounds is never below.
 */
function bucketOf(field: Field, value: f64): usize {
  const wanted = f64x2.splat(value);
  let below = i64x2.splat(0);
  let at = field.parameters;
  const end = at + ((<usize>field.parameterCount) << 3);
  while (at < end) {
    below = i64x2.sub(below, f64x2.gt(wanted, v128.load(at)));
    below = i64x2.sub(below, f64x2.gt(wanted, v128.load(at, 16)));
    at += 32;
  }
  return <usize>(i64x2.extract_lane(below, 0) + i64x2.extract_lane(below, 1));
}
