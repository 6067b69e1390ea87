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
import { putDouble } from "../bytes/double";
import { Part, putInflux } from "../bytes/escape";
import { inputFailed, readF64, readText, readU8, readU16 } from "../bytes/input";
import { putByte, putLiteral, putText } from "../bytes/put";
import {
  closeText,
  HASH_SEED,
  hashBytes,
  hashLiteral,
  isText,
  keepText,
  openText,
  textBytes,
  textStart,
} from "../bytes/text";
import { claimName, putName } from "./name";
import { Field, Source } from "./record";
import { SKETCH_BUCKETS } from "./sketch";

const TEXT_BYTES_MAX: f64 = 4096;
const UNIT_BYTES_MAX: u32 = 64;

/** Reads a field from the input and renders its names. Returns its address, or a negative `Status`. */
export function readField(source: Source): i32 {
  const field = changetype<Field>(allocateZeroed(offsetof<Field>()));
  field.type = readU8();
  const key = readText();
  const help = readText();
  const unit = readText();
  const count = readU16();
  if (inputFailed()) return Status.Malformed;
  field.kind = kindOf(field.type);
  const keyBytes = textBytes(key);
  if (
    !field.kind ||
    !keyBytes ||
    keyBytes > <u32>NAME_BYTES_MAX ||
    textBytes(unit) > UNIT_BYTES_MAX
  ) {
    return Status.FieldInvalid;
  }
  for (let at = source.firstField; at; at = changetype<Field>(at).next) {
    if (isText(changetype<Field>(at).key, textStart(key), keyBytes)) return Status.FieldInvalid;
  }
  field.key = keepText(key);
  field.help = keepText(help);
  const status = readParameters(field, count);
  if (status) return status;
  field.cellBytes = cellBytesOf(field);
  renderInfluxKey(field, source);
  renderPromName(field, source, unit);
  return claimNames(field, source) ? <i32>changetype<usize>(field) : Status.NameTaken;
}

/** The fragment behind `fragment`. */
export function nextFragment(fragment: usize): usize {
  return (fragment + 2 + textBytes(fragment) + 7) & ~7;
}

/** Whether the field is a counter that OpenMetrics may call one. */
export function isTotal(field: Field, source: Source): bool {
  return field.kind == CellKind.Counter && !(source.flags & SourceFlag.ExactName);
}

function kindOf(type: i32): i32 {
  if (type == FieldType.Counter || type == FieldType.FloatCounter) return CellKind.Counter;
  if (type == FieldType.I64 || type == FieldType.U64) return CellKind.Integer;
  if (type == FieldType.Histogram) return CellKind.Histogram;
  if (type == FieldType.Summary) return CellKind.Summary;
  if (type == FieldType.Text) return CellKind.Text;
  return type < FieldType.Text ? CellKind.Gauge : 0;
}

function readParameters(field: Field, count: u32): i32 {
  if (count > <u32>PARAMETERS_MAX) return Status.LimitReached;
  if (field.kind == CellKind.Text) field.parameterCount = <u32>TEXT_BYTES_DEFAULT;
  const padded = (count + 4) & ~3;
  field.parameters = allocate((<usize>padded) << 3);
  let previous = -Infinity;
  for (let i: u32 = 0; i < count; i++) {
    const value = readF64();
    if (!isParameter(field.kind, value) || !(value > previous)) return Status.ParameterInvalid;
    previous = value;
    store<f64>(field.parameters + ((<usize>i) << 3), value);
  }
  if (inputFailed()) return Status.Malformed;
  if (field.kind == CellKind.Text) {
    if (count) field.parameterCount = <u32>previous;
    return Status.Ok;
  }
  for (let i = count; i < padded; i++) store<f64>(field.parameters + ((<usize>i) << 3), Infinity);
  field.parameterCount = count;
  if (field.kind >= CellKind.Histogram) renderFragments(field);
  return Status.Ok;
}

function isParameter(kind: i32, value: f64): bool {
  if (kind == CellKind.Histogram) return value < Infinity;
  if (kind == CellKind.Summary) return value >= 0 && value <= 1;
  return value >= 1 && value <= TEXT_BYTES_MAX;
}

/** One fragment more than parameters: `+Inf`, the padding's value. */
function renderFragments(field: Field): void {
  for (let i: u32 = 0; i <= field.parameterCount; i++) {
    const start = openText();
    const text = closeText(putDouble(start, load<f64>(field.parameters + ((<usize>i) << 3))));
    if (!i) field.fragments = text;
  }
}

function cellBytesOf(field: Field): u32 {
  if (field.kind == CellKind.Histogram) return 16 + ((field.parameterCount + 1) << 3);
  if (field.kind == CellKind.Text) return (12 + field.parameterCount + 7) & ~7;
  if (field.kind == CellKind.Summary) return 24 + (field.parameterCount ? SKETCH_BUCKETS << 2 : 0);
  return 16;
}

/** A family's keys are those of Telegraf's prometheus input, metric version 1. */
function renderInfluxKey(field: Field, source: Source): void {
  let at = openText();
  const isCompound = field.kind == CellKind.Histogram || field.kind == CellKind.Summary;
  if (!(source.flags & SourceFlag.Family)) {
    at = putInflux(at, textStart(field.key), textBytes(field.key), Part.Key);
    at = putByte(at, isCompound ? 0x5f : 0x3d);
  } else if (!isCompound) {
    at = putLiteral(at, field.kind == CellKind.Counter ? "counter=" : "gauge=");
  }
  field.influxKey = closeText(at);
}

function renderPromName(field: Field, source: Source, unit: usize): void {
  const start = openText();
  let at = start;
  if (field.kind == CellKind.Text) {
    at = putName(at, textStart(field.key), textBytes(field.key), true, false);
    field.baseBytes = <u32>(at - start);
    field.promName = closeText(putLiteral(at, '="'));
    return;
  }
  if (source.flags & SourceFlag.Family) {
    at = putText(at, source.promPrefix);
  } else {
    at = putFieldName(at, source.promPrefix, field.key);
    if (field.type == FieldType.Duration) at = withSuffix(start, at, "_seconds");
    if (field.kind == CellKind.Counter) at = withoutTotal(start, at);
    if (textBytes(unit)) at = withUnit(start, at, unit);
  }
  const isCounter = isTotal(field, source);
  if (isCounter) at = withoutTotal(start, at);
  field.baseBytes = <u32>(at - start);
  field.promName = closeText(isCounter ? putLiteral(at, "_total") : at);
}

/** `<prefix>_<key>`, or the key alone where it begins with the prefix and a separator. */
function putFieldName(at: usize, prefix: usize, key: usize): usize {
  const prefixBytes = textBytes(prefix);
  const end = putName(at, textStart(key), textBytes(key), true, true);
  const isPrefixed =
    end - at > prefixBytes &&
    load<u8>(at + prefixBytes) == 0x5f &&
    memory.compare(at, textStart(prefix), prefixBytes) == 0;
  if (isPrefixed) return end;
  return putName(putByte(putText(at, prefix), 0x5f), textStart(key), textBytes(key), false, true);
}

function withUnit(start: usize, at: usize, unit: usize): usize {
  return ensureSuffix(
    start,
    at,
    putName(putByte(at, 0x5f), textStart(unit), textBytes(unit), false, true),
  );
}

function withSuffix(start: usize, at: usize, suffix: string): usize {
  return ensureSuffix(start, at, putLiteral(at, suffix));
}

/** Where the name ends without the `_total` that it may end in. */
function withoutTotal(start: usize, at: usize): usize {
  return withSuffix(start, at, "_total") == at ? at - 6 : at;
}

/** The name ends at `at`, a suffix follows up to `end`: keeps it unless the name has it already. */
function ensureSuffix(start: usize, at: usize, end: usize): usize {
  const byteCount = end - at;
  const has = at - start > byteCount && memory.compare(at - byteCount, at, byteCount) == 0;
  return has ? at : end;
}

/** Claims every name that the field exposes; a text only its label. */
function claimNames(field: Field, source: Source): bool {
  const seed = field.kind == CellKind.Text ? source.labelSeed : HASH_SEED;
  const base = hashBytes(seed, textStart(field.promName), field.baseBytes);
  if (!claimName(base)) return false;
  if (field.kind == CellKind.Text) return source.hasTexts != 0 || claimInfo(source);
  if (isTotal(field, source)) return claimName(hashLiteral(base, "_total"));
  if (field.kind == CellKind.Histogram && !claimName(hashLiteral(base, "_bucket"))) return false;
  if (field.kind != CellKind.Histogram && field.kind != CellKind.Summary) return true;
  return claimName(hashLiteral(base, "_sum")) && claimName(hashLiteral(base, "_count"));
}

/** All texts of a source share one exposed name: `<prefix>_info`, in OpenMetrics of family `<prefix>`. */
function claimInfo(source: Source): bool {
  const base = hashBytes(HASH_SEED, textStart(source.promPrefix), textBytes(source.promPrefix));
  return claimName(base) && claimName(hashLiteral(base, "_info"));
}
