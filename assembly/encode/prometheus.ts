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
import { addByte, addBytes, addText, cursor, putByte, putBytes, writeAt } from "../bytes/put";
import { textBytes, textStart } from "../bytes/text";
import { CELL_TEXT_OFFSET } from "../metrics/cell";
import { isCompound, isTotal } from "../metrics/field";
import { nextActive } from "../metrics/freshness";
import { Field, Series, Source } from "../metrics/record";
import { sources } from "../metrics/registry";
import { labelsOf, putCompound, putLabels } from "./compound";

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
    const help = textBytes(field.help) ? field.help : source.help;
    const nameBytes = openMetrics ? field.baseBytes : textBytes(field.promName);
    addHeader(help, field.promName, nameBytes, ascii(""), typeOf(source, field));
    if (isCompound(field)) addCompounds(field, first);
    else addScalars(field, first);
  }
  if (source.hasTexts) addInfo(source, first);
}

function addHeader(help: usize, name: usize, nameBytes: u32, suffix: usize, type: usize): void {
  if (textBytes(help)) {
    addText(ascii("# HELP "));
    addBytes(textStart(name), nameBytes);
    addText(suffix);
    addByte(0x20);
    addQuoted(help, openMetrics ? Quoting.Label : Quoting.Help);
    addByte(0x0a);
  }
  addText(ascii("# TYPE "));
  addBytes(textStart(name), nameBytes);
  addText(suffix);
  addText(type);
}

function typeOf(source: Source, field: Field): usize {
  const kind = field.kind;
  if (kind == CellKind.Histogram) return ascii(" histogram\n");
  if (kind == CellKind.Summary) return ascii(" summary\n");
  if (kind != CellKind.Counter) return ascii(" gauge\n");
  return openMetrics && !isTotal(field, source) ? ascii(" unknown\n") : ascii(" counter\n");
}

function addScalars(field: Field, first: usize): void {
  const name = textStart(field.promName);
  const nameBytes = textBytes(field.promName);
  let at = cursor;
  for (let next = first; next; next = nextVisible(next)) {
    at = putLabels(putBytes(at, name, nameBytes), changetype<Series>(next), 0);
    at = putByte(putNumber(at, field.type, next + field.offset), 0x0a);
  }
  writeAt(at);
}

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
    writeAt(putCompound(cursor, field, changetype<Series>(next), false));
  }
}

/**
 * All texts of a source, as labels of one gauge `<prefix>_info` that is 1 (OpenMetrics: type info).
 */
function addInfo(source: Source, first: usize): void {
  const prefix = source.promPrefix;
  const suffix = openMetrics ? ascii("") : ascii("_info");
  const type = openMetrics ? ascii(" info\n") : ascii(" gauge\n");
  addHeader(source.help, prefix, textBytes(prefix), suffix, type);
  for (let next = first; next; next = nextVisible(next)) {
    const series = changetype<Series>(next);
    addText(prefix);
    addText(ascii("_info"));
    addBytes(labelsOf(series), series.labelBytes);
    let separator: u32 = series.labelBytes ? 0x2c : 0x7b;
    for (let link = source.firstField; link; link = changetype<Field>(link).next) {
      const field = changetype<Field>(link);
      if (field.kind != CellKind.Text) continue;
      addByte(separator);
      addText(field.promName);
      addQuoted(next + field.offset + CELL_TEXT_OFFSET, Quoting.Label);
      addByte(0x22);
      separator = 0x2c;
    }
    addText(ascii("} 1\n"));
  }
}
