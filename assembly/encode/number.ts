/**
 * The numbers of a field, which both wires write: one of a scalar; of a histogram or summary its
 * count, its sum, and its buckets or quantiles.
 */
import { CELL_BUCKETS_OFFSET, CELL_VALUE_OFFSET, FieldType } from "../abi";
import { putSigned, putUnsigned } from "../bytes/integer";
import { CELL_SKETCH_OFFSET } from "../metrics/cell";
import { isCompound } from "../metrics/field";
import { Field } from "../metrics/record";
import { sketchQuantile } from "../metrics/sketch";

/** The types whose cells are the number itself. */
export const FLOATS: u32 =
  (1 << FieldType.F64) | (1 << FieldType.FloatCounter) | (1 << FieldType.FloatGauge);

/**
 * What was read last: count, sum, buckets or quantiles, as line protocol has them; sum and count
 * again, as an exposition ends.
 */
export const NUMBERS: usize = memory.data(2048, 8);

/** Writes an i64 or u64. */
export function putInteger(at: usize, field: Field, cell: usize): usize {
  const value = load<u64>(cell, CELL_VALUE_OFFSET);
  return field.type == FieldType.I64 ? putSigned(at, value) : putUnsigned(at, value);
}

/**
 * Reads what is not the cell itself as an exposition has it: the number of a scalar; or all of a
 * histogram, whose buckets become cumulative, or of a summary. Returns where an exposition begins.
 */
export function readNumbers(field: Field, cell: usize): usize {
  const value = load<f64>(cell, CELL_VALUE_OFFSET);
  const type = field.type;
  if (!isCompound(field)) {
    let number = trunc(value);
    if (type == FieldType.Bool) number = <f64>(value != 0);
    if (type == FieldType.Duration) number = value / 1e9;
    store<f64>(NUMBERS, number);
    return NUMBERS;
  }
  const end = (<usize>field.lineCount) << 3;
  const isSummary = type == FieldType.Summary;
  let count = isSummary ? load<f64>(cell, CELL_BUCKETS_OFFSET) : 0;
  for (let i: usize = 16; i < end; i += 8) {
    let number: f64 = 0;
    if (isSummary) {
      const quantile = load<f64>(field.parameters + i - 16);
      number = sketchQuantile(cell + CELL_SKETCH_OFFSET, quantile, count);
    } else {
      count += load<f64>(cell + i);
      number = count;
    }
    store<f64>(NUMBERS + i, number);
  }
  store<f64>(NUMBERS, count);
  store<f64>(NUMBERS, value, 8);
  store<f64>(NUMBERS + end, value);
  store<f64>(NUMBERS + end, count, 8);
  return NUMBERS + 16;
}
