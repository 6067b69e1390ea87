/**
 * Exposition: Prometheus text format 0.0.4 and OpenMetrics 1.0. A line is the name, the labels rendered at
 * registration, and the number. Bounds in `le` print alike in both formats. No bounds are checked: registration
 * reserved the upper bound of the output.
 */
import { CELL_BUCKETS_OFFSET, CELL_VALUE_OFFSET, CellKind, FieldType, SourceFlag } from "../abi";
import { putDouble } from "../bytes/double";
import { putQuoted } from "../bytes/escape";
import { putSigned, putUnsigned } from "../bytes/integer";
import { putByte, putBytes, putLiteral, putText } from "../bytes/put";
import { textBytes, textStart } from "../bytes/text";
import { isTotal, nextFragment } from "../metrics/field";
import { refresh } from "../metrics/freshness";
import { Field, SERIES_EXPIRED, Series, Source } from "../metrics/record";
import { sources } from "../metrics/registry";
import { keyOf } from "../metrics/series";
import { sketchQuantile } from "../metrics/sketch";

/** Writes every active series at `at`; returns where the text ends. */
export function putExposition(at: usize, openMetrics: bool, nowNs: u64): usize {
  for (let link = sources.first; link; link = changetype<Source>(link).next) {
    const source = changetype<Source>(link);
    if (!source.value || !source.isRegistered) continue;
    if (source.ttlNs) refresh(source, nowNs);
    const first = firstVisible(source.firstSeries);
    if (!first) continue;
    for (let next = source.firstField; next; next = changetype<Field>(next).next) {
      const field = changetype<Field>(next);
      if (field.kind == CellKind.Text) continue;
      at = putFieldHeader(at, source, field, openMetrics);
      if (field.kind == CellKind.Histogram) at = putHistograms(at, field, first);
      else if (field.kind == CellKind.Summary) at = putSummaries(at, field, first);
      else at = putScalars(at, field, first);
    }
    if (source.hasTexts) at = putInfo(at, source, first, openMetrics);
  }
  return openMetrics ? putLiteral(at, "# EOF\n") : at;
}

function firstVisible(at: usize): usize {
  while (at && changetype<Series>(at).flags & SERIES_EXPIRED) at = changetype<Series>(at).next;
  return at;
}

function putFieldHeader(at: usize, source: Source, field: Field, openMetrics: bool): usize {
  const help = textBytes(field.help) ? field.help : source.help;
  const nameBytes = openMetrics ? field.baseBytes : textBytes(field.promName);
  const type = typeOf(source, field, openMetrics);
  return putHeader(at, help, textStart(field.promName), nameBytes, "", type, openMetrics);
}

function putHeader(
  at: usize,
  help: usize,
  name: usize,
  nameBytes: u32,
  suffix: string,
  type: string,
  openMetrics: bool,
): usize {
  if (textBytes(help)) {
    at = putLiteral(putBytes(putLiteral(at, "# HELP "), name, nameBytes), suffix);
    at = putQuoted(putByte(at, 0x20), textStart(help), textBytes(help), openMetrics);
    at = putByte(at, 0x0a);
  }
  at = putLiteral(putBytes(putLiteral(at, "# TYPE "), name, nameBytes), suffix);
  return putLiteral(at, type);
}

function typeOf(source: Source, field: Field, openMetrics: bool): string {
  if (field.kind == CellKind.Histogram) return " histogram\n";
  if (field.kind == CellKind.Summary) return " summary\n";
  if (field.kind != CellKind.Counter) return " gauge\n";
  return isTotal(field, source) || !openMetrics ? " counter\n" : " unknown\n";
}

function putScalars(at: usize, field: Field, first: usize): usize {
  const name = textStart(field.promName);
  const nameBytes = textBytes(field.promName);
  const offset = field.offset;
  const type = field.type;
  for (let next = first; next; next = firstVisible(changetype<Series>(next).next)) {
    at = putLabels(putBytes(at, name, nameBytes), changetype<Series>(next));
    at = putByte(putNumber(at, type, next + offset), 0x0a);
  }
  return at;
}

function putNumber(at: usize, type: i32, cell: usize): usize {
  if (type == FieldType.I64) return putSigned(at, load<i64>(cell, CELL_VALUE_OFFSET));
  if (type == FieldType.U64) return putUnsigned(at, load<u64>(cell, CELL_VALUE_OFFSET));
  const value = load<f64>(cell, CELL_VALUE_OFFSET);
  if (type == FieldType.Bool) return putByte(at, value != 0 ? 0x31 : 0x30);
  if (type == FieldType.Duration) return putDouble(at, value / 1e9);
  return putDouble(at, type == FieldType.Counter || type == FieldType.Gauge ? trunc(value) : value);
}

/** `{a="b"} `, or a space. */
function putLabels(at: usize, series: Series): usize {
  if (!series.labelBytes) return putByte(at, 0x20);
  at = putBytes(at, keyOf(series) + series.keyBytes, series.labelBytes);
  store<u16>(at, 0x207d);
  return at + 2;
}

/** `<name><suffix>{a="b",<key>="<fragment>"} `. */
function putLine(
  at: usize,
  name: usize,
  suffix: string,
  next: usize,
  key: string,
  last: usize,
): usize {
  const series = changetype<Series>(next);
  at = putLiteral(putText(at, name), suffix);
  at = putBytes(at, keyOf(series) + series.keyBytes, series.labelBytes);
  at = putByte(at, series.labelBytes ? 0x2c : 0x7b);
  return putLiteral(putText(putLiteral(at, key), last), '"} ');
}

function putHistograms(at: usize, field: Field, first: usize): usize {
  for (let next = first; next; next = firstVisible(changetype<Series>(next).next)) {
    const cell = next + field.offset;
    let below: f64 = 0;
    let fragment = field.fragments;
    for (let i: u32 = 0; i <= field.parameterCount; i++) {
      below += load<f64>(cell + CELL_BUCKETS_OFFSET + ((<usize>i) << 3));
      at = putLine(at, field.promName, "_bucket", next, 'le="', fragment);
      at = putByte(putDouble(at, below), 0x0a);
      fragment = nextFragment(fragment);
    }
    at = putSumAndCount(at, field, next, below);
  }
  return at;
}

function putSummaries(at: usize, field: Field, first: usize): usize {
  for (let next = first; next; next = firstVisible(changetype<Series>(next).next)) {
    const cell = next + field.offset;
    let fragment = field.fragments;
    for (let i: u32 = 0; i < field.parameterCount; i++) {
      const quantile = load<f64>(field.parameters + ((<usize>i) << 3));
      at = putLine(at, field.promName, "", next, 'quantile="', fragment);
      at = putDouble(at, sketchQuantile(cell + CELL_BUCKETS_OFFSET + 8, quantile));
      at = putByte(at, 0x0a);
      fragment = nextFragment(fragment);
    }
    at = putSumAndCount(at, field, next, load<f64>(cell, CELL_BUCKETS_OFFSET));
  }
  return at;
}

function putSumAndCount(at: usize, field: Field, next: usize, count: f64): usize {
  const series = changetype<Series>(next);
  const sum = load<f64>(next + field.offset, CELL_VALUE_OFFSET);
  at = putLabels(putLiteral(putText(at, field.promName), "_sum"), series);
  at = putByte(putDouble(at, sum), 0x0a);
  at = putLabels(putLiteral(putText(at, field.promName), "_count"), series);
  return putByte(putDouble(at, count), 0x0a);
}

/** All texts of a source, as labels of one gauge `<prefix>_info` that is 1 (OpenMetrics: type info). */
function putInfo(at: usize, source: Source, first: usize, openMetrics: bool): usize {
  const prefix = source.promPrefix;
  const suffix = openMetrics ? "" : "_info";
  const type = openMetrics ? " info\n" : " gauge\n";
  const prefixBytes = textBytes(prefix);
  at = putHeader(at, source.help, textStart(prefix), prefixBytes, suffix, type, openMetrics);
  for (let next = first; next; next = firstVisible(changetype<Series>(next).next)) {
    const series = changetype<Series>(next);
    at = putLiteral(putText(at, source.promPrefix), "_info");
    at = putBytes(at, keyOf(series) + series.keyBytes, series.labelBytes);
    let separator: u32 = series.labelBytes ? 0x2c : 0x7b;
    for (let link = source.firstField; link; link = changetype<Field>(link).next) {
      const field = changetype<Field>(link);
      if (field.kind != CellKind.Text) continue;
      const cell = next + field.offset;
      const byteCount = min(load<u32>(cell, CELL_VALUE_OFFSET), field.parameterCount);
      at = putText(putByte(at, separator), field.promName);
      at = putByte(putQuoted(at, cell + 12, byteCount, true), 0x22);
      separator = 0x2c;
    }
    at = putLiteral(at, "} 1\n");
  }
  return at;
}
