/**
 * Exposition: Prometheus text format 0.0.4 and OpenMetrics 1.0. A line is the name, the labels
 * rendered at registration, and the number. Bounds in `le` print alike in both formats. No bounds
 * are checked: registration reserved the upper bound of the output.
 */
import { CELL_VALUE_OFFSET, CellKind } from "../abi";
import { ascii } from "../bytes/ascii";
import { putDouble } from "../bytes/double";
import { addQuoted, Quoting } from "../bytes/escape";
import { addByte, addBytes, addText, cursor, putByte, writeAt } from "../bytes/put";
import { textBytes, textEnd, textStart } from "../bytes/text";
import { addWord } from "../bytes/word";
import { CELL_TEXT_OFFSET } from "../metrics/cell";
import { familyName, isCompound, TYPES } from "../metrics/field";
import { nextActive } from "../metrics/freshness";
import { Field, Series, Source } from "../metrics/record";
import { sources } from "../metrics/registry";
import { putEnd, putStart } from "./line";
import { FLOATS, numberAt, putInteger } from "./number";

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
    addHeader(field);
    if (isCompound(field)) addCompounds(source, field, first);
    else addScalars(source, field, first);
  }
  if (source.firstText) {
    addHeader(changetype<Field>(source.firstText));
    addInfos(source, first);
  }
}

/** HELP, its own or its source's, and TYPE. */
function addHeader(field: Field): void {
  const help = field.help;
  const name = openMetrics ? field.promName : familyName(field);
  if (textBytes(help)) {
    addText(ascii("# HELP "));
    addText(name);
    addByte(0x20);
    addQuoted(help, openMetrics ? Quoting.Label : Quoting.Help);
    addByte(0x0a);
  }
  addText(ascii("# TYPE "));
  addText(name);
  let type: u32 = field.kind;
  if (openMetrics) type = field.promType;
  else if (type == CellKind.Text) type = CellKind.Gauge;
  addByte(0x20);
  addWord(TYPES, type);
  addByte(0x0a);
}

/** A line a series; what a loop over series needs stays in registers. */
function addScalars(source: Source, field: Field, first: usize): void {
  const isFloat = (FLOATS >> field.type) & 1;
  const name = textStart(field.promLines);
  const nameBytes = textBytes(field.promLines);
  const labels = source.seriesBytes;
  const offset = field.offset;
  let at = cursor;
  for (let next = first; next; next = nextVisible(next)) {
    const labelBytes = changetype<Series>(next).labelBytes;
    at = putStart(at, name, nameBytes, next + labels, labelBytes);
    store<u16>(at, labelBytes ? 0x207d : 0x20);
    at += labelBytes ? 2 : 1;
    const cell = next + offset;
    if (isFloat) at = putEnd(at, load<f64>(cell, CELL_VALUE_OFFSET));
    else at = putByte(putScalar(at, field, cell), 0x0a);
  }
  writeAt(at);
}

function putScalar(at: usize, field: Field, cell: usize): usize {
  if (field.kind == CellKind.Integer) return putInteger(at, field, cell);
  return putDouble(at, numberAt(field, cell, 0, 0));
}

/** The lines of a histogram or summary, all of one series before the next. */
function addCompounds(source: Source, field: Field, first: usize): void {
  let at = cursor;
  for (let next = first; next; next = nextVisible(next)) {
    const labels = next + source.seriesBytes;
    const labelBytes = changetype<Series>(next).labelBytes;
    const lineCount = field.lineCount;
    let text = field.promLines;
    let value: f64 = 0;
    let left = lineCount;
    do {
      const nameBytes = textBytes(text);
      at = putStart(at, textStart(text), nameBytes, labels, labelBytes);
      text = textStart(text) + nameBytes;
      // At most 37 bytes: `,quantile="`, a number, `"} `; seldom over 16.
      const closingBytes = textBytes(text);
      v128.store(at, v128.load(text, 2));
      if (closingBytes > 16) {
        v128.store(at, v128.load(text, 18), 16);
        v128.store(at, v128.load(text, 34), 32);
      }
      text = textStart(text) + closingBytes;
      left--;
      // Sum and count come last.
      value = numberAt(field, next + field.offset, left < 2 ? left : lineCount - left + 1, value);
      at = putEnd(at + closingBytes, value);
    } while (left);
  }
  writeAt(at);
}

/** All texts of a source, as labels of one gauge that is 1 (OpenMetrics: type info). */
function addInfos(source: Source, first: usize): void {
  for (let next = first; next; next = nextVisible(next)) {
    const series = changetype<Series>(next);
    addText(changetype<Field>(source.firstText).promLines);
    addBytes(next + source.seriesBytes, series.labelBytes);
    let separator: u32 = series.labelBytes ? 0x2c : 0x7b;
    for (let link = source.firstText; link; link = changetype<Field>(link).next) {
      const field = changetype<Field>(link);
      if (field.kind != CellKind.Text) continue;
      addByte(separator);
      addText(textEnd(field.promLines));
      addQuoted(next + field.offset + CELL_TEXT_OFFSET, Quoting.Label);
      addByte(0x22);
      separator = 0x2c;
    }
    addText(ascii("} 1\n"));
  }
}
