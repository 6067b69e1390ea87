/**
 * Line protocol: all active series, a line each (InfluxData's line protocol reference; PROTOCOLS §1 says where the
 * original differs). No bounds are checked: registration reserved the upper bound of the output.
 */
import { CELL_BUCKETS_OFFSET, CELL_VALUE_OFFSET, CellKind, CoreFlag, FieldType } from "../abi";
import { putDouble } from "../bytes/double";
import { Part, putInflux, putQuoted } from "../bytes/escape";
import { putSigned, putUnsigned } from "../bytes/integer";
import { putByte, putBytes, putLiteral, putText } from "../bytes/put";
import { textBytes, textStart } from "../bytes/text";
import { nextFragment } from "../metrics/field";
import { refresh } from "../metrics/freshness";
import { Field, SERIES_ESCAPED, SERIES_EXPIRED, Series, Source } from "../metrics/record";
import { hasFlag, sources } from "../metrics/registry";
import { keyOf } from "../metrics/series";
import { sketchQuantile } from "../metrics/sketch";
import { tagAt } from "../metrics/tag";

/** ` <nanoseconds>\n`, rendered once an encoding. */
const stamp: usize = memory.data(48, 16);

/** Writes every active series at `at`, stamped `nowNs`; returns where the text ends. */
export function putInfluxLines(at: usize, nowNs: u64): usize {
  let end = stamp;
  if (hasFlag(CoreFlag.Timestamps)) end = putUnsigned(putByte(end, 0x20), nowNs);
  const stampBytes = putByte(end, 0x0a) - stamp;
  for (let link = sources.first; link; link = changetype<Source>(link).next) {
    const source = changetype<Source>(link);
    if (!source.value || !source.isRegistered) continue;
    if (source.ttlNs) refresh(source, nowNs);
    for (let next = source.firstSeries; next; next = changetype<Series>(next).next) {
      const series = changetype<Series>(next);
      if (series.flags & SERIES_EXPIRED) continue;
      const prefixEnd = putByte(putTags(putText(at, source.influxStart), source, series), 0x20);
      const fieldsEnd = putFields(prefixEnd, source, next);
      if (fieldsEnd != prefixEnd) at = putBytes(fieldsEnd - 1, stamp, stampBytes);
    }
  }
  return at;
}

function putTags(at: usize, source: Source, series: Series): usize {
  const isEscaped = (series.flags & SERIES_ESCAPED) != 0;
  let value = keyOf(series);
  for (let i: u32 = 0; i < source.tagCount; i++) {
    const byteCount = textBytes(value);
    if (byteCount) {
      at = putText(at, tagAt(source, i).influx);
      if (isEscaped) at = putInflux(at, textStart(value), byteCount, Part.Value);
      else at = putBytes(at, textStart(value), byteCount);
    }
    value += byteCount + 2;
  }
  return at;
}

/** Fields, each with a comma behind it. */
function putFields(at: usize, source: Source, series: usize): usize {
  for (let link = source.firstField; link; link = changetype<Field>(link).next) {
    const field = changetype<Field>(link);
    const cell = series + field.offset;
    if (field.kind == CellKind.Histogram) at = putHistogram(at, field, cell);
    else if (field.kind == CellKind.Summary) at = putSummary(at, field, cell);
    else {
      const valueStart = putText(at, field.influxKey);
      const end = putValue(valueStart, field, cell, isFloat(source, field));
      if (end != valueStart) at = putByte(end, 0x2c);
    }
  }
  return at;
}

/** A family's values are floats, whatever they count. */
function isFloat(source: Source, field: Field): bool {
  return (source.flags & 1) != 0 || field.type == FieldType.F64;
}

/** Writes nothing for a value that the line protocol cannot carry. */
function putValue(at: usize, field: Field, cell: usize, isFloatAnyway: bool): usize {
  const type = field.type;
  if (type == FieldType.I64)
    return putByte(putSigned(at, load<i64>(cell, CELL_VALUE_OFFSET)), 0x69);
  if (type == FieldType.U64) return putWide(at, load<u64>(cell, CELL_VALUE_OFFSET));
  if (type == FieldType.Text) {
    const byteCount = min(load<u32>(cell, CELL_VALUE_OFFSET), field.parameterCount);
    return putByte(putQuoted(putByte(at, 0x22), cell + 12, byteCount, true), 0x22);
  }
  const value = load<f64>(cell, CELL_VALUE_OFFSET);
  if (type == FieldType.Bool) return putLiteral(at, value != 0 ? "true" : "false");
  if (value - value != 0) return at;
  const isReal = isFloatAnyway || type == FieldType.FloatCounter || type == FieldType.FloatGauge;
  return isReal ? putDouble(at, value) : putByte(putSigned(at, <i64>value), 0x69);
}

function putWide(at: usize, value: u64): usize {
  if (hasFlag(CoreFlag.UnsignedSuffix)) return putByte(putUnsigned(at, value), 0x75);
  if (hasFlag(CoreFlag.UnsignedFloat)) return putDouble(at, <f64>value);
  return putByte(putUnsigned(at, min(value, <u64>i64.MAX_VALUE)), 0x69);
}

/** `count`, `sum`, then cumulative counts by bound. */
function putHistogram(at: usize, field: Field, cell: usize): usize {
  const buckets = cell + CELL_BUCKETS_OFFSET;
  const countAt = putLiteral(putText(at, field.influxKey), "count=");
  let total: f64 = 0;
  for (let i: u32 = 0; i <= field.parameterCount; i++)
    total += load<f64>(buckets + ((<usize>i) << 3));
  at = putSum(putByte(putDouble(countAt, total), 0x2c), field, cell);
  let below: f64 = 0;
  let fragment = field.fragments;
  for (let i: u32 = 0; i <= field.parameterCount; i++) {
    below += load<f64>(buckets + ((<usize>i) << 3));
    at = putByte(putText(putText(at, field.influxKey), fragment), 0x3d);
    at = putByte(putDouble(at, below), 0x2c);
    fragment = nextFragment(fragment);
  }
  return at;
}

/** `count`, `sum`, then quantiles; those of an empty summary are left out. */
function putSummary(at: usize, field: Field, cell: usize): usize {
  const countAt = putLiteral(putText(at, field.influxKey), "count=");
  const count = load<f64>(cell, CELL_BUCKETS_OFFSET);
  at = putSum(putByte(putDouble(countAt, count), 0x2c), field, cell);
  if (!count) return at;
  let fragment = field.fragments;
  for (let i: u32 = 0; i < field.parameterCount; i++) {
    const quantile = load<f64>(field.parameters + ((<usize>i) << 3));
    at = putByte(putText(putText(at, field.influxKey), fragment), 0x3d);
    at = putByte(putDouble(at, sketchQuantile(cell + CELL_BUCKETS_OFFSET + 8, quantile)), 0x2c);
    fragment = nextFragment(fragment);
  }
  return at;
}

function putSum(at: usize, field: Field, cell: usize): usize {
  const sum = load<f64>(cell, CELL_VALUE_OFFSET);
  if (sum - sum != 0) return at;
  return putByte(putDouble(putLiteral(putText(at, field.influxKey), "sum="), sum), 0x2c);
}
