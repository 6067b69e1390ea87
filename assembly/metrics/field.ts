/**
 * Fields: read from a definition, all that both wires write of them but numbers rendered once.
 */
import {
  CellKind,
  FieldType,
  PARAMETERS_MAX,
  SourceFlag,
  Status,
  TEXT_BYTES_DEFAULT,
} from "../abi";
import { allocate, allocateZeroed, arenaMark } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { addInflux, Part } from "../bytes/escape";
import { readF64, readText, readU8, readU16, refusal, refuseIf } from "../bytes/input";
import { addByte, addDouble, addText, cursor, writeAt } from "../bytes/put";
import {
  closeText,
  compareBytes,
  HASH_SEED,
  hashBytes,
  hashText,
  keepText,
  openText,
  textBytes,
  textStart,
} from "../bytes/text";
import { addName, claimName, isShort } from "./name";
import { Field, Source } from "./record";
import { SKETCH_BYTES } from "./sketch";

const TEXT_BYTES_MAX: f64 = 4096;
const UNIT_BYTES_MAX: u32 = 64;
/** Around a number on either wire: the number, its separators, a timestamp. */
const NUMBER_BYTES: u32 = 96;
/** The `CellKind` of each `FieldType`, four bits each, `Bool` lowest. */
const KINDS: u64 = 0x654221123322;

/** Reads a field from the input and renders its texts. What is wrong refuses the message. */
export function readField(source: Source): Field {
  const field = changetype<Field>(allocateZeroed(offsetof<Field>()));
  const type = readU8();
  const key = readText();
  const help = readText();
  const unit = readText();
  const count = readU16();
  const isNamed = isShort(key) & (textBytes(unit) <= UNIT_BYTES_MAX);
  refuseIf(!isNamed | (type > <u32>FieldType.Text), Status.FieldInvalid);
  refuseIf(count > <u32>PARAMETERS_MAX, Status.LimitReached);
  if (refusal) return field;
  field.type = type;
  field.kind = <i32>(KINDS >> (type << 2)) & 15;
  field.help = keepText(help);
  readParameters(field, count);
  renderInfluxLines(field, source, key);
  renderPromLines(field, source, key, unit);
  const bytes = <u32>(arenaMark() - changetype<usize>(field));
  field.outputBytes = bytes + field.lineCount * NUMBER_BYTES;
  if (field.kind == CellKind.Text) field.outputBytes += field.parameterCount * 3;
  return field;
}

/** Whether the field has several numbers: a histogram or summary. */
export function isCompound(field: Field): bool {
  return <u32>(field.kind - CellKind.Histogram) < 2;
}

/** Whether the field is a counter that OpenMetrics may call one. */
export function isTotal(field: Field, source: Source): bool {
  return (field.kind == CellKind.Counter) & !(source.flags & SourceFlag.ExactName);
}

/** Its name as the original formats have it: `x_total`, `x_info`; of a compound without suffix. */
export function familyName(field: Field): usize {
  return isCompound(field) ? field.promName : field.promLines;
}

function readParameters(field: Field, count: u32): void {
  const kind = field.kind;
  let at = allocate((<usize>(count + 4)) << 3);
  field.parameters = at;
  let previous = -Infinity;
  for (let left = count; (left != 0) & !refusal; left--) {
    const value = readF64();
    refuseIf(!isParameter(kind, value) | !(value > previous), Status.ParameterInvalid);
    previous = value;
    store<f64>(at, value);
    at += 8;
  }
  // What is refused is rendered nevertheless, but not more than was read.
  if (refusal) count = 0;
  const padding = f64x2.splat(Infinity);
  v128.store(at, padding);
  v128.store(at, padding, 16);
  field.lineCount = 1;
  field.cellBytes = 16;
  if (kind == CellKind.Histogram) {
    field.lineCount = count + 3;
    field.cellBytes = (count + 3) << 3;
  }
  if (kind == CellKind.Summary) {
    field.lineCount = count + 2;
    field.cellBytes = count ? 24 + SKETCH_BYTES : 24;
  }
  if (kind == CellKind.Text) {
    count = count ? <u32>previous : <u32>TEXT_BYTES_DEFAULT;
    field.cellBytes = (10 + count + 7) & ~7;
  }
  field.parameterCount = count;
}

/** Scalars have none; a text has one, its capacity. */
function isParameter(kind: i32, value: f64): bool {
  if (kind == CellKind.Histogram) return value < Infinity;
  if (kind == CellKind.Summary) return (value >= 0) & (value <= 1);
  return (value >= 1) & (value <= TEXT_BYTES_MAX);
}

/** A family's keys are those of Telegraf's prometheus input, metric version 1. */
function renderInfluxLines(field: Field, source: Source, key: usize): void {
  const isFamily = source.flags & SourceFlag.Family;
  const start = openText();
  if (!isFamily) addInflux(key, Part.Key);
  const hash = hashBytes(~source.labelSeed, start, cursor);
  if (!isFamily & isCompound(field)) addByte(0x5f);
  const prefix = closeText();
  claimName(hash, Status.FieldInvalid);
  for (let i: u32 = 0; i < field.lineCount; i++) {
    openText();
    addText(prefix);
    if (isCompound(field)) {
      if (i < 2) addText(i ? ascii("sum") : ascii("count"));
      else addDouble(load<f64>(field.parameters + ((<usize>i) << 3) - 16));
    } else if (isFamily) {
      addText(field.kind == CellKind.Counter ? ascii("counter") : ascii("gauge"));
    }
    addByte(0x3d);
    const text = closeText();
    if (!i) field.influxLines = text;
  }
}

/** Renders and claims every name that the field exposes. All texts of a source share one. */
function renderPromLines(field: Field, source: Source, key: usize, unit: usize): void {
  const kind = field.kind;
  const start = openText();
  addText(source.promPrefix);
  if ((kind != CellKind.Text) & !(source.flags & SourceFlag.Family)) {
    addFieldName(field, start, key, unit);
  }
  const isCounter = isTotal(field, source);
  if (isCounter) dropSuffix(start, ascii("_total"));
  field.promName = closeText();
  if (kind == CellKind.Text) {
    renderLabel(field, source, key);
    return;
  }
  claim(field, ascii(""));
  if (isCompound(field)) {
    const isHistogram = kind == CellKind.Histogram;
    const suffix = isHistogram ? ascii("_bucket") : ascii("");
    // Lines stand one behind the other: their names are claimed before.
    if (isHistogram) claim(field, suffix);
    claim(field, ascii("_sum"));
    claim(field, ascii("_count"));
    for (let i: u32 = 0; i < field.lineCount - 2; i++) {
      openLine(field, suffix);
      addByte(source.tagCount ? 0x2c : 0x7b);
      addText(isHistogram ? ascii('le="') : ascii('quantile="'));
      addDouble(load<f64>(field.parameters + ((<usize>i) << 3)));
      addText(ascii('"} '));
      closeText();
    }
    addLine(field, source, ascii("_sum"));
    addLine(field, source, ascii("_count"));
  } else {
    if (isCounter) claim(field, ascii("_total"));
    addLine(field, source, isCounter ? ascii("_total") : ascii(""));
  }
}

/** The label of a text. All texts of a source share one name. */
function renderLabel(field: Field, source: Source, key: usize): void {
  if (!source.firstText) {
    claim(field, ascii(""));
    claim(field, ascii("_info"));
  }
  const label = openLine(field, ascii("_info"));
  addName(key, true, false);
  const hash = hashBytes(source.labelSeed, label, cursor);
  addText(ascii('="'));
  closeText();
  claimName(hash, Status.NameTaken);
}

/** Claims a name that the field exposes. */
function claim(field: Field, suffix: usize): void {
  const base = hashText(HASH_SEED, field.promName);
  claimName(hashText(base, suffix), Status.NameTaken);
}

/** Adds a line without a label of its own. */
function addLine(field: Field, source: Source, suffix: usize): void {
  openLine(field, suffix);
  addText(source.tagCount ? ascii("} ") : ascii(" "));
  closeText();
}

/** Adds the name of a line, and opens the text that stands before the number. */
function openLine(field: Field, suffix: usize): usize {
  openText();
  addText(field.promName);
  addText(suffix);
  const name = closeText();
  if (!field.promLines) field.promLines = name;
  return openText();
}

/**
 * Appends `_<key>`, or the key alone where it begins with the prefix and a separator; then the
 * unit.
 */
function addFieldName(field: Field, start: usize, key: usize, unit: usize): void {
  addByte(0x5f);
  const keyStart = cursor;
  const prefixBytes = <u32>(keyStart - start);
  addName(key, false, true);
  const keyBytes = cursor - keyStart;
  if ((keyBytes >= prefixBytes) & !compareBytes(start, prefixBytes, keyStart, prefixBytes)) {
    memory.copy(start, keyStart, keyBytes);
    writeAt(start + keyBytes);
  }
  if (field.kind == CellKind.Counter) dropSuffix(start, ascii("_total"));
  if (field.type == FieldType.Duration) addSuffix(start, ascii("seconds"));
  if (textBytes(unit)) addSuffix(start, unit);
}

/** Appends `_` and a text made a name, unless the name ends in that already. */
function addSuffix(start: usize, suffix: usize): void {
  const end = cursor;
  addByte(0x5f);
  addName(suffix, false, true);
  if (hasSuffix(start, end, end, <u32>(cursor - end))) writeAt(end);
}

/** Takes away a suffix that the name may have. */
function dropSuffix(start: usize, suffix: usize): void {
  const byteCount = textBytes(suffix);
  if (hasSuffix(start, cursor, textStart(suffix), byteCount)) writeAt(cursor - byteCount);
}

/** Whether a name ends in bytes, and is longer. */
function hasSuffix(start: usize, end: usize, suffix: usize, byteCount: u32): bool {
  const isLonger = end - start > byteCount;
  return isLonger & !compareBytes(end - byteCount, byteCount, suffix, byteCount);
}
