/**
 * Fields: read from a definition, their names for both wires rendered once.
 */
import {
  CellKind,
  FieldType,
  NAME_BYTES_MAX,
  PARAMETERS_MAX,
  SourceFlag,
  Status,
  TEXT_BYTES_DEFAULT,
} from "../abi";
import { allocate, allocateZeroed } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { putDouble } from "../bytes/double";
import { addInflux, Part } from "../bytes/escape";
import { inputFailed, readF64, readText, readU8, readU16 } from "../bytes/input";
import { addByte, addText, cursor, writeAt } from "../bytes/put";
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
import { addName, claimName } from "./name";
import { Field, Source } from "./record";
import { SKETCH_BYTES } from "./sketch";

const TEXT_BYTES_MAX: f64 = 4096;
const UNIT_BYTES_MAX: u32 = 64;
/** The `CellKind` of each `FieldType`, four bits each, `Bool` lowest. */
const KINDS: u64 = 0x654221123322;

/**
 * Reads a field from the input and renders its names. Returns its address, or a negative `Status`.
 */
export function readField(source: Source): i32 {
  const field = changetype<Field>(allocateZeroed(offsetof<Field>()));
  const type = readU8();
  const key = readText();
  const help = readText();
  const unit = readText();
  const count = readU16();
  if (inputFailed()) return Status.Malformed;
  const isNamed = textBytes(key) - 1 < <u32>NAME_BYTES_MAX && textBytes(unit) <= UNIT_BYTES_MAX;
  if (!isNamed || type > <u32>FieldType.Text) return Status.FieldInvalid;
  field.type = type;
  field.kind = <i32>(KINDS >> (type << 2)) & 15;
  field.key = keepText(key);
  field.help = keepText(help);
  const status = readParameters(field, count);
  if (status) return status;
  renderInfluxKey(field, source);
  if (!claimName(hashText(~source.labelSeed, field.influxKey))) return Status.FieldInvalid;
  return renderPromName(field, source, unit) ? <i32>changetype<usize>(field) : Status.NameTaken;
}

/** Whether the field has several numbers: a histogram or summary. */
export function isCompound(field: Field): bool {
  return <u32>(field.kind - CellKind.Histogram) < 2;
}

/** Whether the field is a counter that OpenMetrics may call one. */
export function isTotal(field: Field, source: Source): bool {
  return field.kind == CellKind.Counter && !(source.flags & SourceFlag.ExactName);
}

function readParameters(field: Field, count: u32): i32 {
  if (count > <u32>PARAMETERS_MAX) return Status.LimitReached;
  const kind = field.kind;
  field.parameters = allocate((<usize>(count + 4)) << 3);
  let previous = -Infinity;
  let at = field.parameters;
  for (let i: u32 = 0; i < count; i++) {
    const value = readF64();
    if (!isParameter(kind, value) || !(value > previous)) return Status.ParameterInvalid;
    previous = value;
    store<f64>(at, value);
    at += 8;
  }
  if (inputFailed()) return Status.Malformed;
  const padding = f64x2.splat(Infinity);
  v128.store(at, padding);
  v128.store(at, padding, 16);
  field.parameterCount = count;
  field.cellBytes = 16;
  if (kind == CellKind.Text) {
    const capacity = count ? <u32>previous : <u32>TEXT_BYTES_DEFAULT;
    field.parameterCount = capacity;
    field.cellBytes = (10 + capacity + 7) & ~7;
  }
  if (kind == CellKind.Histogram) {
    field.cellBytes += (count + 1) << 3;
    renderFragments(field, ascii('le="'));
  }
  if (kind == CellKind.Summary) {
    field.cellBytes += count ? 8 + SKETCH_BYTES : 8;
    renderFragments(field, ascii('quantile="'));
  }
  return Status.Ok;
}

/** Scalars have none; a text has one, its capacity. */
function isParameter(kind: i32, value: f64): bool {
  if (kind == CellKind.Histogram) return value < Infinity;
  if (kind == CellKind.Summary) return value >= 0 && value <= 1;
  return value >= 1 && value <= TEXT_BYTES_MAX;
}

/** `<label>="<parameter>"} ` for each, and one more for `+Inf`, the padding's value. */
function renderFragments(field: Field, label: usize): void {
  for (let i: u32 = 0; i <= field.parameterCount; i++) {
    openText();
    addText(label);
    writeAt(putDouble(cursor, load<f64>(field.parameters + ((<usize>i) << 3))));
    addText(ascii('"} '));
    const text = closeText();
    if (!i) field.fragments = text;
  }
}

/** A family's keys are those of Telegraf's prometheus input, metric version 1. */
function renderInfluxKey(field: Field, source: Source): void {
  openText();
  if (!(source.flags & SourceFlag.Family)) {
    addInflux(field.key, Part.Key);
    addByte(isCompound(field) ? 0x5f : 0x3d);
  } else if (!isCompound(field)) {
    addText(field.kind == CellKind.Counter ? ascii("counter=") : ascii("gauge="));
  }
  field.influxKey = closeText();
}

/** Renders and claims every name that the field exposes. False if one is taken. */
function renderPromName(field: Field, source: Source, unit: usize): bool {
  const isText = field.kind == CellKind.Text;
  if (isText) {
    const label = openText();
    addName(field.key, true, false);
    const hash = hashBytes(source.labelSeed, label, cursor);
    addText(ascii('="'));
    field.label = closeText();
    if (!claimName(hash)) return false;
  }
  const start = openText();
  addText(source.promPrefix);
  if (!isText && !(source.flags & SourceFlag.Family)) addFieldName(field, start, unit);
  const isCounter = isTotal(field, source);
  if (isCounter) dropSuffix(start, ascii("_total"));
  field.baseBytes = <u32>(cursor - start);
  const base = hashBytes(HASH_SEED, start, cursor);
  if (isText) addText(ascii("_info"));
  if (isCounter) addText(ascii("_total"));
  field.promName = closeText();
  if (isCompound(field)) {
    openText();
    addText(field.promName);
    if (field.kind == CellKind.Histogram) addText(ascii("_bucket"));
    field.label = closeText();
  }
  // All texts of a source share one exposed name.
  if (isText && source.firstText) return true;
  if (!claimName(base)) return false;
  if (isText) return claimSuffix(base, ascii("_info"));
  if (isCounter) return claimSuffix(base, ascii("_total"));
  if (!isCompound(field)) return true;
  if (field.kind == CellKind.Histogram && !claimSuffix(base, ascii("_bucket"))) return false;
  return claimSuffix(base, ascii("_sum")) && claimSuffix(base, ascii("_count"));
}

/**
 * Appends `_<key>`, or the key alone where it begins with the prefix and a separator; then the
 * unit.
 */
function addFieldName(field: Field, start: usize, unit: usize): void {
  addByte(0x5f);
  const keyStart = cursor;
  const prefixBytes = <u32>(keyStart - start);
  addName(field.key, false, true);
  const keyBytes = cursor - keyStart;
  if (keyBytes >= prefixBytes && !compareBytes(start, prefixBytes, keyStart, prefixBytes)) {
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
  return end - start > byteCount && !compareBytes(end - byteCount, byteCount, suffix, byteCount);
}

function claimSuffix(base: u64, suffix: usize): bool {
  return claimName(hashText(base, suffix));
}
