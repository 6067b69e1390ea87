/**
 * Histograms and summaries on both wires: the same numbers, as fields of one line of line protocol
 * or as lines of an exposition.
 */
import { CELL_BUCKETS_OFFSET, CELL_VALUE_OFFSET, CellKind } from "../abi";
import { ascii } from "../bytes/ascii";
import { putDouble } from "../bytes/double";
import { putByte, putBytes, putText } from "../bytes/put";
import { textBytes, textEnd, textStart } from "../bytes/text";
import { CELL_SKETCH_OFFSET } from "../metrics/cell";
import { Field, Series } from "../metrics/record";
import { sketchQuantile } from "../metrics/sketch";
import { labelsOf, putEnd, putStart } from "./line";

/** Of a fragment (see `Field.fragments`): what stands before and behind its number. */
const LE_BYTES: u32 = 4;
const QUANTILE_BYTES: u32 = 10;
const TAIL_BYTES: u32 = 3;

/**
 * Appends one series of a histogram or summary to a line of line protocol: count and sum, then the
 * buckets or quantiles; without what is not finite, and without quantiles of nothing.
 */
export function putCompoundFields(at: usize, field: Field, series: Series): usize {
  const cell = changetype<usize>(series) + field.offset;
  const isHistogram = field.kind == CellKind.Histogram;
  const sum = load<f64>(cell, CELL_VALUE_OFFSET);
  const labelBytes = isHistogram ? LE_BYTES : QUANTILE_BYTES;
  let count = load<f64>(cell, CELL_BUCKETS_OFFSET);
  let lines = field.parameterCount;
  if (isHistogram) {
    for (let i: u32 = 0; i < lines; i++) count = valueAt(field, cell, i + 1, count);
    lines++;
  } else if (!count) lines = 0;
  at = putTotal(at, field, series, ascii("count"), count, true);
  if (sum - sum == 0) at = putTotal(at, field, series, ascii("sum"), sum, true);
  let fragment = field.fragments;
  let value: f64 = 0;
  for (let i: u32 = 0; i < lines; i++) {
    value = valueAt(field, cell, i, value);
    const byteCount = textBytes(fragment) - labelBytes - TAIL_BYTES;
    at = putBytes(putText(at, field.influxKey), textStart(fragment) + labelBytes, byteCount);
    at = putByte(putDouble(putByte(at, 0x3d), value), 0x2c);
    fragment = (textEnd(fragment) + 7) & ~7;
  }
  return at;
}

/** Writes the lines of one series of a histogram or summary; all but the last two begin alike. */
export function putCompoundLines(at: usize, field: Field, series: Series): usize {
  const cell = changetype<usize>(series) + field.offset;
  const isHistogram = field.kind == CellKind.Histogram;
  const lines = field.parameterCount + <u32>isHistogram;
  const name = textStart(field.label);
  const nameBytes = textBytes(field.label);
  const labels = labelsOf(series);
  const labelBytes = series.labelBytes;
  let fragment = field.fragments;
  let value: f64 = 0;
  for (let i: u32 = 0; i < lines; i++) {
    at = putStart(at, name, nameBytes, labels, labelBytes);
    at = putByte(at, labelBytes ? 0x2c : 0x7b);
    // At most 37 bytes: `quantile="`, a number, `"} `; seldom over 16.
    const fragmentBytes = textBytes(fragment);
    v128.store(at, v128.load(fragment, 2));
    if (fragmentBytes > 16) {
      v128.store(at, v128.load(fragment, 18), 16);
      v128.store(at, v128.load(fragment, 34), 32);
    }
    value = valueAt(field, cell, i, value);
    at = putEnd(at + fragmentBytes, value);
    fragment = (textEnd(fragment) + 7) & ~7;
  }
  const count = isHistogram ? value : load<f64>(cell, CELL_BUCKETS_OFFSET);
  at = putTotal(at, field, series, ascii("sum"), load<f64>(cell, CELL_VALUE_OFFSET), false);
  return putTotal(at, field, series, ascii("count"), count, false);
}

/** The `index`-th number: a histogram's cumulative count, `below` included, or a quantile. */
function valueAt(field: Field, cell: usize, index: u32, below: f64): f64 {
  const offset = (<usize>index) << 3;
  if (field.kind == CellKind.Histogram) {
    return below + load<f64>(cell + offset, CELL_BUCKETS_OFFSET);
  }
  return sketchQuantile(cell + CELL_SKETCH_OFFSET, load<f64>(field.parameters + offset));
}

function putTotal(
  at: usize,
  field: Field,
  series: Series,
  suffix: usize,
  value: f64,
  isInflux: bool,
): usize {
  if (isInflux) at = putByte(putText(putText(at, field.influxKey), suffix), 0x3d);
  else {
    at = putText(putByte(putText(at, field.promName), 0x5f), suffix);
    const labelBytes = series.labelBytes;
    at = putBytes(at, labelsOf(series), labelBytes);
    if (labelBytes) at = putByte(at, 0x7d);
    at = putByte(at, 0x20);
  }
  return putByte(putDouble(at, value), isInflux ? 0x2c : 0x0a);
}
