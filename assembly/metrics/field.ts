/**
 * Fields: read from a definition, all that both wires write of them but numbers rendered once.
 */
import {
  CellKind,
  FIELDS_MAX,
  FieldType,
  PARAMETERS_MAX,
  SourceFlag,
  Status,
  TEXT_BYTES_DEFAULT,
} from "../abi";
import { allocate, allocateZeroed, arenaMark, arenaRelease } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { addInflux, Part } from "../bytes/escape";
import { readF64, readText, readU8, readU16, refusal, refuseIf } from "../bytes/input";
import { addByte, addDouble, addText, cursor, writeAt } from "../bytes/put";
import {
  closeText,
  compareBytes,
  hashBytes,
  hashText,
  keepText,
  openText,
  textBytes,
  textEnd,
} from "../bytes/text";
import { addWord } from "../bytes/word";
import { addName, claimName, isShort } from "./name";
import { Field, isFamily, Source } from "./record";
import { growOutputs } from "./registry";
import { SKETCH_BYTES } from "./sketch";
import { keepLabel } from "./tag";

const TEXT_BYTES_MAX: f64 = 4096;
const UNIT_BYTES_MAX: u32 = 64;
/** Around a number on either wire: the number, its separators, a timestamp. */
const NUMBER_BYTES: u32 = 96;
/** Around HELP and TYPE. */
const HEADER_BYTES: u32 = 128;
/** The `CellKind` of each `FieldType`, four bits each, `Bool` lowest. */
const KINDS: u64 = 0x654221123322;

/** Types of an exposition, by `CellKind`; first that of a counter which keeps its name. */
export const TYPES = ascii("unknown counter gauge gauge histogram summary info");
/** What their names end in; then the last two lines of a histogram or summary, the last first. */
const SUFFIXES = ascii(" _total   _bucket  _info _count _sum");
const LAST_SUFFIXES: u32 = 6;

/** Reads a field from the input and renders its texts. What is wrong refuses the message. */
export function readField(source: Source): Field {
  const field = changetype<Field>(allocateZeroed(offsetof<Field>()));
  const type = readU8();
  const key = readText();
  const help = readText();
  const unit = readText();
  const count = readU16();
  refuseIf(source.fieldCount >= <u32>FIELDS_MAX, Status.LimitReached);
  const isNamed = isShort(key) & (textBytes(unit) <= UNIT_BYTES_MAX);
  refuseIf(!isNamed | (type > <u32>FieldType.Text), Status.FieldInvalid);
  refuseIf(count > <u32>PARAMETERS_MAX, Status.LimitReached);
  field.type = type;
  field.kind = <i32>(KINDS >> (type << 2)) & 15;
  const keepsName = (field.kind == CellKind.Counter) & ((source.flags & SourceFlag.ExactName) != 0);
  field.promType = keepsName ? 0 : field.kind;
  field.help = textBytes(help) ? keepText(help) : source.help;
  const last = readParameters(field, count);
  if (refusal) return field;
  measure(field, count, last);
  renderInfluxLines(field, source, key);
  renderName(field, source, key, unit);
  renderPromLines(field, source, key);
  const bytes = <u32>(arenaMark() - changetype<usize>(field));
  field.outputBytes = bytes + field.lineCount * NUMBER_BYTES + field.parameterCount * 3;
  growOutputs(field.outputBytes * 3 + textBytes(field.help) * 2 + HEADER_BYTES);
  return field;
}

/** Whether the field has several numbers: a histogram or summary. */
export function isCompound(field: Field): bool {
  return <u32>(field.kind - CellKind.Histogram) < 2;
}

/** Its name as the original formats have it: `x_total`, `x_info`; of a compound without suffix. */
export function familyName(field: Field): usize {
  return isCompound(field) ? field.promName : field.promLines;
}

/** Returns the last, or -Infinity. */
function readParameters(field: Field, count: u32): f64 {
  let at = allocate(0);
  field.parameters = at;
  let previous = -Infinity;
  for (let left = count; (left != 0) & !refusal; left--) {
    const value = readF64();
    refuseIf(!isParameter(field.kind, value) | !(value > previous), Status.ParameterInvalid);
    previous = value;
    store<f64>(at, value);
    at += 8;
  }
  store<f64>(at, Infinity);
  arenaRelease(at + 8);
  return previous;
}

/** Scalars have none; a text has one, its capacity. */
function isParameter(kind: i32, value: f64): bool {
  if (kind == CellKind.Histogram) return value < Infinity;
  if (kind == CellKind.Summary) return (value >= 0) & (value <= 1);
  return (value >= 1) & (value <= TEXT_BYTES_MAX);
}

/** How many lines the field has, and how large its cells are. */
function measure(field: Field, count: u32, last: f64): void {
  const kind = field.kind;
  field.lineCount = 1;
  field.cellBytes = 16;
  if (isCompound(field)) {
    field.lineCount = kind == CellKind.Histogram ? count + 3 : count + 2;
    field.cellBytes = (count + 3) << 3;
    if (kind == CellKind.Summary && count) field.cellBytes += SKETCH_BYTES;
  }
  if (kind == CellKind.Text) {
    count = count ? <u32>last : <u32>TEXT_BYTES_DEFAULT;
    field.cellBytes = (10 + count + 7) & ~7;
  }
  field.parameterCount = count;
}

/** A family's keys are those of Telegraf's prometheus input, metric version 1. */
function renderInfluxLines(field: Field, source: Source, key: usize): void {
  const start = openText();
  if (!isFamily(source)) addInflux(key, Part.Key);
  const hash = hashBytes(~(<u64>changetype<usize>(source)), start, cursor);
  if (isCompound(field) & !isFamily(source)) addByte(0x5f);
  const prefix = closeText();
  claimName(hash, Status.FieldInvalid);
  field.influxLines = arenaMark();
  let at = field.parameters;
  for (let i: u32 = 0; i < field.lineCount; i++) {
    openText();
    addText(prefix);
    if (!isCompound(field)) {
      if (isFamily(source)) addWord(TYPES, field.kind);
    } else if (i < 2) addWord(ascii("count sum"), i);
    else {
      addDouble(load<f64>(at));
      at += 8;
    }
    addByte(0x3d);
    closeText();
  }
}

/** The name without what a line of the type has behind it. All texts of a source share one. */
function renderName(field: Field, source: Source, key: usize, unit: usize): void {
  const isKeyed = (field.kind != CellKind.Text) & !isFamily(source);
  const start = openText();
  addText(source.promPrefix);
  if (isKeyed) {
    addByte(0x5f);
    const keyStart = cursor;
    const prefixBytes = <u32>(keyStart - start);
    addName(key, false, true);
    const isLonger = cursor - keyStart >= prefixBytes;
    // A key that begins with the prefix and a separator stands alone.
    if (isLonger & !compareBytes(start, prefixBytes, keyStart, prefixBytes)) {
      writeAt(start);
      addName(key, false, true);
    }
  }
  dropTotal(field, start);
  if (isKeyed) {
    if (field.type == FieldType.Duration) addSuffix(start, ascii("seconds"));
    if (textBytes(unit)) addSuffix(start, unit);
  }
  // The unit may be `total` itself.
  dropTotal(field, start);
  field.promName = closeText();
}

/** Takes away the `_total` of a counter's name, which its line has. */
function dropTotal(field: Field, start: usize): void {
  if (field.promType != CellKind.Counter) return;
  addSuffix(start, ascii("total"));
  writeAt(cursor - 6);
}

/** Appends `_` and a text made a name, unless the name ends in that already, and is longer. */
function addSuffix(start: usize, suffix: usize): void {
  const end = cursor;
  addByte(0x5f);
  addName(suffix, false, true);
  const byteCount = <u32>(cursor - end);
  const isLonger = end - start > byteCount;
  if (isLonger & !compareBytes(end - byteCount, byteCount, end, byteCount)) writeAt(end);
}

/** Renders all lines, and claims every name that the field exposes. */
function renderPromLines(field: Field, source: Source, key: usize): void {
  const isText = field.kind == CellKind.Text;
  field.promLines = arenaMark();
  let at = field.parameters;
  for (let left = field.lineCount; left; left--) {
    const isLast = isCompound(field) & (left < 3);
    openText();
    addText(field.promName);
    addWord(SUFFIXES, isLast ? LAST_SUFFIXES + left : field.promType);
    closeText();
    if (isText) keepLabel(source, key, Status.NameTaken);
    else {
      openText();
      if (isCompound(field) & !isLast) {
        addByte(source.tagCount ? 0x2c : 0x7b);
        addText(field.kind == CellKind.Histogram ? ascii('le="') : ascii('quantile="'));
        addDouble(load<f64>(at));
        at += 8;
        addText(ascii('"} '));
      } else addText(source.tagCount ? ascii("} ") : ascii(" "));
      closeText();
    }
  }
  if (isText && source.firstText) return;
  let known = hashText(0, field.promName);
  claimName(known, Status.NameTaken);
  let line = field.promLines;
  for (let left = field.lineCount; left; left--) {
    const hash = hashText(0, line);
    if (hash != known) claimName(hash, Status.NameTaken);
    known = hash;
    line = textEnd(textEnd(line));
  }
}
