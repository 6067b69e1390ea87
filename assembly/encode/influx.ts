/**
 * Line protocol: all active series, a line each (InfluxData's line protocol reference; PROTOCOLS §1
 * says where the original differs). No bounds are checked: registration reserved the upper bound of
 * the output.
 */

import { CELL_VALUE_OFFSET, CoreFlag, FieldType, SourceFlag } from "../abi";
import { ascii } from "../bytes/ascii";
import { putDouble } from "../bytes/double";
import { addQuoted, Quoting } from "../bytes/escape";
import { STAMP } from "../bytes/fixed";
import { putSigned, putUnsigned } from "../bytes/integer";
import { cursor, putByte, putBytes, putText, writeAt } from "../bytes/put";
import { textEnd } from "../bytes/text";
import { CELL_TEXT_OFFSET } from "../metrics/cell";
import { isCompound } from "../metrics/field";
import { nextActive } from "../metrics/freshness";
import { Field, Series, Source } from "../metrics/record";
import { hasFlag, sources } from "../metrics/registry";
import { FLOATS, NUMBERS, readNumbers } from "./number";

/** Writes every active series at `at`, stamped `nowNs`; returns where the text ends. */
export function putInfluxLines(at: usize, nowNs: u64): usize {
  let end = STAMP;
  if (hasFlag(CoreFlag.Timestamps)) end = putUnsigned(putByte(end, 0x20), nowNs);
  const stampBytes = putByte(end, 0x0a) - STAMP;
  for (let link = nextActive(sources, nowNs); link; ) {
    const source = changetype<Source>(link);
    link = nextActive(source, nowNs);
    for (let next = source.firstSeries; next; next = changetype<Series>(next).next) {
      const series = changetype<Series>(next);
      if (series.flags) continue;
      const tags = next + source.seriesBytes + series.labelBytes;
      const start = putByte(
        putBytes(putText(at, source.influxStart), tags, series.influxBytes),
        0x20,
      );
      const until = putFields(start, source, next);
      if (until != start) at = putBytes(until - 1, STAMP, stampBytes);
    }
  }
  return at;
}

/** Fields, each with a comma behind it. */
function putFields(at: usize, source: Source, series: usize): usize {
  for (let link = source.firstField; link; link = changetype<Field>(link).next) {
    const field = changetype<Field>(link);
    const cell = series + field.offset;
    if (isCompound(field)) at = putCompound(at, field, cell);
    else {
      const start = putText(at, field.influxLines);
      const until = putValue(start, source, field, cell);
      if (until != start) at = putByte(until, 0x2c);
    }
  }
  return at;
}

/** Count and sum, then the buckets or quantiles; without what is not finite. */
function putCompound(at: usize, field: Field, cell: usize): usize {
  readNumbers(field, cell);
  let key = field.influxLines;
  for (let i: u32 = 0; i < field.lineCount; i++) {
    const value = load<f64>(NUMBERS + ((<usize>i) << 3));
    if (value - value == 0) at = putByte(putDouble(putText(at, key), value), 0x2c);
    key = textEnd(key);
  }
  return at;
}

/** Writes nothing for a value that the line protocol cannot carry. A family's values are floats. */
function putValue(at: usize, source: Source, field: Field, cell: usize): usize {
  const type = field.type;
  if (type == FieldType.I64)
    return putByte(putSigned(at, load<i64>(cell, CELL_VALUE_OFFSET)), 0x69);
  if (type == FieldType.U64) return putWide(at, load<u64>(cell, CELL_VALUE_OFFSET));
  if (type == FieldType.Text) {
    writeAt(putByte(at, 0x22));
    addQuoted(cell + CELL_TEXT_OFFSET, Quoting.Influx);
    return putByte(cursor, 0x22);
  }
  const value = load<f64>(cell, CELL_VALUE_OFFSET);
  if (type == FieldType.Bool) return putText(at, value != 0 ? ascii("true") : ascii("false"));
  if (value - value != 0) return at;
  const isFloat = (FLOATS >> type) & 1 || source.flags & SourceFlag.Family;
  return isFloat ? putDouble(at, value) : putByte(putSigned(at, <i64>value), 0x69);
}

function putWide(at: usize, value: u64): usize {
  if (hasFlag(CoreFlag.UnsignedFloat)) return putDouble(at, <f64>value);
  if (hasFlag(CoreFlag.UnsignedSuffix)) return putByte(putUnsigned(at, value), 0x75);
  return putByte(putUnsigned(at, min(value, <u64>i64.MAX_VALUE)), 0x69);
}
