/**
 * Exposition: Prometheus text format 0.0.4 and OpenMetrics 1.0. A line is the name, the labels
 * rendered at registration, and the number. Bounds in `le` print alike in both formats. No bounds
 * are checked: registration reserved the upper bound of the output.
 */
import { CELL_VALUE_OFFSET, CellKind, FieldType } from "../abi";
import { ascii } from "../bytes/ascii";
import { putDouble } from "../bytes/double";
import { addQuoted, Quoting } from "../bytes/escape";
import { putSigned, putUnsigned } from "../bytes/integer";
import { addByte, addBytes, addText, cursor, putByte, writeAt } from "../bytes/put";
import { textBytes, textStart } from "../bytes/text";
import { CELL_TEXT_OFFSET } from "../metrics/cell";
import { isCompound, isTotal } from "../metrics/field";
import { nextActive } from "../metrics/freshness";
import { Field, Series, Source } from "../metrics/record";
import { sources } from "../metrics/registry";
import { putCompoundLines } from "./compound";
import { labelsOf, putEnd, putStart } from "./line";

let openMetrics: bool = false;

/** Writes every active series at `at`; returns where the text ends. */
export function putExposition(at: usize, isOpenMetrics: bool, nowNs: u64): usize {
  openMetrics = isOpenMetrics;
  writeAt(at);
  for (let link = nextActive(sources, nowNs); link; ) {
    const source = changetype<Source>(link);
    link = nextActive(source, nowNs);
    const first = firstVisible(source.firstSeries);
    if (first) addSource(source, first);
  }
  if (openMetrics) addText(ascii("# EOF\n"));
  return cursor;
}

function firstVisible(at: usize): usize {
  while (at && changetype<Series>(at).flags) at = changetype<Series>(at).next;
  return at;
}

function nextVisible(at: usize): usize {
  return firstVisible(changetype<Series>(at).next);
}

function addSource(source: Source, first: usize): void {
  for (let next = source.firstField; next; next = changetype<Field>(next).next) {
    const field = changetype<Field>(next);
    if (field.kind == CellKind.Text) continue;
    addHeader(source, field);
    if (isCompound(field)) addCompounds(field, first);
    else addScalars(field, first);
  }
  if (source.firstText) {
    addHeader(source, changetype<Field>(source.firstText));
    addInfos(changetype<Field>(source.firstText), first);
  }
}

/** HELP, its own or its source's, and TYPE. */
function addHeader(source: Source, field: Field): void {
  const help = textBytes(field.help) ? field.help : source.help;
  const start = textStart(field.promName);
  const nameBytes = openMetrics ? field.baseBytes : textBytes(field.promName);
  if (textBytes(help)) {
    addText(ascii("# HELP "));
    addBytes(start, nameBytes);
    addByte(0x20);
    addQuoted(help, openMetrics ? Quoting.Label : Quoting.Help);
    addByte(0x0a);
  }
  addText(ascii("# TYPE "));
  addBytes(start, nameBytes);
  let type = ascii(" gauge\n");
  if (field.kind == CellKind.Counter) type = ascii(" counter\n");
  if (field.kind == CellKind.Histogram) type = ascii(" histogram\n");
  if (field.kind == CellKind.Summary) type = ascii(" summary\n");
  if (openMetrics) {
    if (field.kind == CellKind.Text) type = ascii(" info\n");
    if (field.kind == CellKind.Counter && !isTotal(field, source)) type = ascii(" unknown\n");
  }
  addText(type);
}

function addScalars(field: Field, first: usize): void {
  const isNumber = (NUMBERS >> field.type) & 1;
  const name = textStart(field.promName);
  const nameBytes = textBytes(field.promName);
  const labels = labelsOf(changetype<Series>(first)) - first;
  const offset = field.offset;
  let at = cursor;
  for (let next = first; next; next = nextVisible(next)) {
    const labelBytes = changetype<Series>(next).labelBytes;
    at = putStart(at, name, nameBytes, next + labels, labelBytes);
    store<u16>(at, labelBytes ? 0x207d : 0x20);
    at += labelBytes ? 2 : 1;
    const cell = next + offset;
    if (isNumber) at = putEnd(at, load<f64>(cell, CELL_VALUE_OFFSET));
    else at = putByte(putNumber(at, field.type, cell), 0x0a);
  }
  writeAt(at);
}

/** The types whose cells are the number itself. */
const NUMBERS: u32 =
  (1 << FieldType.F64) | (1 << FieldType.FloatCounter) | (1 << FieldType.FloatGauge);

function putNumber(at: usize, type: i32, cell: usize): usize {
  if (type == FieldType.I64) return putSigned(at, load<i64>(cell, CELL_VALUE_OFFSET));
  if (type == FieldType.U64) return putUnsigned(at, load<u64>(cell, CELL_VALUE_OFFSET));
  let value = load<f64>(cell, CELL_VALUE_OFFSET);
  if (type == FieldType.Bool) value = <f64>(value != 0);
  if (type == FieldType.Duration) value /= 1e9;
  if (type == FieldType.Counter || type == FieldType.Gauge) value = trunc(value);
  return putDouble(at, value);
}

function addCompounds(field: Field, first: usize): void {
  for (let next = first; next; next = nextVisible(next)) {
    writeAt(putCompoundLines(cursor, field, changetype<Series>(next)));
  }
}

/** All texts of a source, as labels of one gauge that is 1 (OpenMetrics: type info). */
function addInfos(text: Field, first: usize): void {
  for (let next = first; next; next = nextVisible(next)) {
    const series = changetype<Series>(next);
    addText(text.promName);
    addBytes(labelsOf(series), series.labelBytes);
    let separator: u32 = series.labelBytes ? 0x2c : 0x7b;
    for (let link = changetype<usize>(text); link; link = changetype<Field>(link).next) {
      const field = changetype<Field>(link);
      if (field.kind != CellKind.Text) continue;
      addByte(separator);
      addText(field.label);
      addQuoted(next + field.offset + CELL_TEXT_OFFSET, Quoting.Label);
      addByte(0x22);
      separator = 0x2c;
    }
    addText(ascii("} 1\n"));
  }
}
