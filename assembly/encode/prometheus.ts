/**
 * Exposition: Prometheus text format 0.0.4 and OpenMetrics 1.0. A line is the name, the labels
 * rendered at registration, and the number. Bounds in `le` print alike in both formats. No bounds
 * are checked: registration reserved the upper bound of the output.
 */
import { CELL_VALUE_OFFSET, CellKind } from "../abi";
import { ascii } from "../bytes/ascii";
import { putDouble } from "../bytes/double";
import { addQuoted, Quoting } from "../bytes/escape";
import { putSmall, SMALL_MAX } from "../bytes/integer";
import { addByte, addBytes, addText, cursor, putByte, writeAt } from "../bytes/put";
import { textBytes, textEnd, textStart } from "../bytes/text";
import { addWord } from "../bytes/word";
import { CELL_TEXT_OFFSET } from "../metrics/cell";
import { familyName, TYPES } from "../metrics/field";
import { nextActive } from "../metrics/freshness";
import { Field, Series, Source } from "../metrics/record";
import { sources } from "../metrics/registry";
import { POWER_2_52, putEnd, putStart } from "./line";
import { FLOATS, putInteger, readNumbers } from "./number";

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

function addSource(source: Source, first: usize): void {
  for (let next = source.firstField; next; next = changetype<Field>(next).next) {
    const field = changetype<Field>(next);
    if (field.kind == CellKind.Text) continue;
    addHeader(field);
    if ((FLOATS >> field.type) & 1) addScalars(source, field, first);
    else addLines(source, field, first);
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
  const name = textStart(field.promLines);
  const nameBytes = textBytes(field.promLines);
  const labelsOffset = source.seriesBytes;
  const offset = field.offset;
  const closing = load<u16>(name + nameBytes, 2);
  const closingBytes = textBytes(name + nameBytes);
  let at = cursor;
  for (let next = first; next; next = changetype<Series>(next).next) {
    const series = changetype<Series>(next);
    if (series.flags) continue;
    at = putStart(at, name, nameBytes, next + labelsOffset, series.labelBytes);
    store<u16>(at, closing);
    at += closingBytes;
    // As `putEnd`, which is inlined once only: a call here takes a quarter longer.
    const value = load<f64>(next + offset, CELL_VALUE_OFFSET);
    const small = <u32>reinterpret<u64>(value + POWER_2_52);
    if (<f64>small == value && small < SMALL_MAX) at = putSmall(at, small);
    else at = putDouble(at, value);
    at = putByte(at, 0x0a);
  }
  writeAt(at);
}

/** The lines of a field whose numbers are read first, all of one series before the next. */
function addLines(source: Source, field: Field, first: usize): void {
  let at = cursor;
  for (let next = first; next; next = changetype<Series>(next).next) {
    const series = changetype<Series>(next);
    if (series.flags) continue;
    const cell = next + field.offset;
    let numbers = readNumbers(field, cell);
    let text = field.promLines;
    let left = field.lineCount;
    do {
      const nameBytes = textBytes(text);
      text = textStart(text);
      at = putStart(at, text, nameBytes, next + source.seriesBytes, series.labelBytes);
      text += nameBytes;
      // At most 37 bytes: `,quantile="`, a number, `"} `; seldom over 16.
      const closingBytes = textBytes(text);
      v128.store(at, v128.load(text, 2));
      if (closingBytes > 16) {
        v128.store(at, v128.load(text, 18), 16);
        v128.store(at, v128.load(text, 34), 32);
      }
      at += closingBytes;
      text = textStart(text) + closingBytes;
      at =
        field.kind == CellKind.Integer
          ? putByte(putInteger(at, field, cell), 0x0a)
          : putEnd(at, load<f64>(numbers));
      numbers += 8;
      left--;
    } while (left);
  }
  writeAt(at);
}

/** All texts of a source, as labels of one gauge that is 1 (OpenMetrics: type info). */
function addInfos(source: Source, first: usize): void {
  for (let next = first; next; next = changetype<Series>(next).next) {
    const series = changetype<Series>(next);
    if (series.flags) continue;
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
