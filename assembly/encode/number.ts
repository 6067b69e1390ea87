/**
 * The numbers of a field, which both wires write: one of a scalar; of a histogram or summary its
 * count, its sum, and its buckets or quantiles.
 */
import { CELL_BUCKETS_OFFSET, CELL_VALUE_OFFSET, CellKind, FieldType } from "../abi";
import { putSigned, putUnsigned } from "../bytes/integer";
import { CELL_SKETCH_OFFSET } from "../metrics/cell";
import { Field } from "../metrics/record";
import { sketchQuantile } from "../metrics/sketch";

/** The types whose cells are the number itself. */
export const FLOATS: u32 =
  (1 << FieldType.F64) | (1 << FieldType.FloatCounter) | (1 << FieldType.FloatGauge);

/** Writes an i64 or u64. */
export function putInteger(at: usize, field: Field, cell: usize): usize {
  const value = load<u64>(cell, CELL_VALUE_OFFSET);
  return field.type == FieldType.I64 ? putSigned(at, value) : putUnsigned(at, value);
}

/**
 * The number of a scalar, as an exposition has it. The `index`-th of a compound: count, sum, then
 * a bucket each, cumulative from `below` on, or a quantile each.
 */
export function numberAt(field: Field, cell: usize, index: u32, below: f64): f64 {
  const value = load<f64>(cell, CELL_VALUE_OFFSET);
  if (field.kind == CellKind.Histogram) {
    if (index > 1) return below + load<f64>(cell + ((<usize>index) << 3));
    if (index) return value;
    let count: f64 = 0;
    for (let i = field.lineCount - 1; i > 1; i--) count += load<f64>(cell + ((<usize>i) << 3));
    return count;
  }
  const type = field.type;
  if (type == FieldType.Bool) return <f64>(value != 0);
  if (type == FieldType.Duration) return value / 1e9;
  if (type != FieldType.Summary) return trunc(value);
  if (index == 1) return value;
  const count = load<f64>(cell, CELL_BUCKETS_OFFSET);
  if (!index) return count;
  const quantile = load<f64>(field.parameters + ((<usize>index) << 3) - 16);
  return sketchQuantile(cell + CELL_SKETCH_OFFSET, quantile, count);
}
