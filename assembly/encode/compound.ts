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
 * Writes one series of a histogram or summary. Line protocol begins with count and sum, leaves out
 * what is not finite and quantiles of nothing; an exposition ends with sum and count.
 */
export function putCompound(at: usize, field: Field, series: Series, isInflux: bool): usize {
  const cell = changetype<usize>(series) + field.offset;
  const isHistogram = field.kind == CellKind.Histogram;
  const sum = load<f64>(cell, CELL_VALUE_OFFSET);
  let count = load<f64>(cell, CELL_BUCKETS_OFFSET);
  let lines = field.parameterCount;
  if (isHistogram) {
    for (let i: u32 = 0; i < lines; i++) count += load<f64>(cell + ((<usize>i) << 3), 24);
    lines++;
  } else if (isInflux && !count) lines = 0;
  if (isInflux) {
    at = putTotal(at, field, series, ascii("count"), count, true);
    if (sum - sum == 0) at = putTotal(at, field, series, ascii("sum"), sum, true);
  }
  let fragment = field.fragments;
  let value: f64 = 0;
  for (let i: u32 = 0; i < lines; i++) {
    if (isHistogram) value += load<f64>(cell + ((<usize>i) << 3), CELL_BUCKETS_OFFSET);
    else {
      const quantile = load<f64>(field.parameters + ((<usize>i) << 3));
      value = sketchQuantile(cell + CELL_SKETCH_OFFSET, quantile);
    }
    if (isInflux) {
      const labelBytes = isHistogram ? LE_BYTES : QUANTILE_BYTES;
      const byteCount = textBytes(fragment) - labelBytes - TAIL_BYTES;
      at = putBytes(putText(at, field.influxKey), textStart(fragment) + labelBytes, byteCount);
      at = putByte(at, 0x3d);
      at = putByte(putDouble(at, value), 0x2c);
    } else {
      at = putStart(at, field.label, series);
      store<u8>(at, series.labelBytes ? 0x2c : 0x7b);
      // At most 37 bytes: `quantile="`, a number, `"} `.
      v128.store(at, v128.load(fragment, 2), 1);
      v128.store(at, v128.load(fragment, 18), 17);
      v128.store(at, v128.load(fragment, 34), 33);
      at = putEnd(at + 1 + textBytes(fragment), value);
    }
    fragment = (textEnd(fragment) + 7) & ~7;
  }
  if (isInflux) return at;
  at = putTotal(at, field, series, ascii("sum"), sum, false);
  return putTotal(at, field, series, ascii("count"), count, false);
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
