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
import { Field, Series, Source } from "../metrics/record";
import { sketchQuantile } from "../metrics/sketch";

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
    at = putLine(at, field, series, ascii("count"), 0, count, true);
    if (sum - sum == 0) at = putLine(at, field, series, ascii("sum"), 0, sum, true);
  }
  let fragment = field.fragments;
  let value: f64 = 0;
  for (let i: u32 = 0; i < lines; i++) {
    if (isHistogram) value += load<f64>(cell + ((<usize>i) << 3), CELL_BUCKETS_OFFSET);
    else {
      const quantile = load<f64>(field.parameters + ((<usize>i) << 3));
      value = sketchQuantile(cell + CELL_SKETCH_OFFSET, quantile);
    }
    at = putLine(at, field, series, isHistogram ? ascii("bucket") : 0, fragment, value, isInflux);
    fragment = (textEnd(fragment) + 7) & ~7;
  }
  if (isInflux) return at;
  at = putLine(at, field, series, ascii("sum"), 0, sum, false);
  return putLine(at, field, series, ascii("count"), 0, count, false);
}

/** One number: its suffix or its fragment make the name of a field, or all make a line. */
function putLine(
  at: usize,
  field: Field,
  series: Series,
  suffix: usize,
  fragment: usize,
  value: f64,
  isInflux: bool,
): usize {
  if (isInflux) {
    at = putText(at, field.influxKey);
    if (fragment) {
      const labelBytes = suffix ? LE_BYTES : QUANTILE_BYTES;
      const byteCount = textBytes(fragment) - labelBytes - TAIL_BYTES;
      at = putBytes(at, textStart(fragment) + labelBytes, byteCount);
    } else at = putText(at, suffix);
    at = putByte(at, 0x3d);
  } else {
    at = putText(at, field.promName);
    if (suffix) at = putText(putByte(at, 0x5f), suffix);
    at = putLabels(at, series, fragment);
  }
  return putByte(putDouble(at, value), isInflux ? 0x2c : 0x0a);
}

/** `{a="b",le="c"} `, `{a="b"} `, or a space. */
export function putLabels(at: usize, series: Series, fragment: usize): usize {
  const labelBytes = series.labelBytes;
  if (labelBytes) at = putBytes(at, labelsOf(series), labelBytes);
  if (fragment) return putText(putByte(at, labelBytes ? 0x2c : 0x7b), fragment);
  if (labelBytes) at = putByte(at, 0x7d);
  return putByte(at, 0x20);
}

/** Address of a series' labels. */
export function labelsOf(series: Series): usize {
  return changetype<usize>(series) + changetype<Source>(series.source).seriesBytes;
}
