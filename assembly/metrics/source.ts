/**
 * Registration of sources: read a definition whole, render what never changes, then add it; or take
 * everything back.
 */
import {
  CELL_ACTIVE,
  CELL_STATE_OFFSET,
  CellKind,
  CoreFlag,
  FIELDS_MAX,
  NAME_BYTES_MAX,
  SOURCES_MAX,
  SourceFlag,
  Status,
  TAGS_MAX,
} from "../abi";
import { allocate, allocateZeroed, arenaMark, arenaRelease } from "../bytes/arena";
import { Part, putInflux } from "../bytes/escape";
import { inputEnded, inputFailed, openInput, readF64, readText, readU8 } from "../bytes/input";
import { putText } from "../bytes/put";
import { closeText, HASH_SEED, keepText, openText, textBytes, textStart } from "../bytes/text";
import { readField } from "./field";
import { isName, putName, releaseClaims } from "./name";
import { Field, Freshness, Series, Source, TagKey } from "./record";
import {
  growOutputs,
  hasFlag,
  listedBytes,
  reserveOutputs,
  sources,
  tagKeys,
  vmTagText,
} from "./registry";
import { addSetting, findSetting, inherit, markRegistered, Setting } from "./setting";
import { addTag, governor, tagAt } from "./tag";

/** Arena bytes that a definition may become, a byte of it; and what any may. */
const RECORD_FACTOR: u64 = 64;
const RECORD_BYTES: u64 = 4096;
/** Around a number on either wire: the number, its separators, `quantile="…"`, a timestamp. */
const NUMBER_BYTES: u32 = 96;
const HEADER_BYTES: u32 = 128;

/** Registers the source defined by `byteCount` bytes of input: its address, or a negative `Status`. */
export function registerSource(byteCount: u32): i32 {
  openInput(byteCount);
  if (!reserveDefinition(byteCount)) return Status.OutOfMemory;
  const mark = arenaMark();
  const flags = readU8();
  const name = readText();
  if (inputFailed()) return Status.Malformed;
  const status = checkName(name);
  if (status) return status;
  const existing = findSetting(sources, textStart(name), textBytes(name));
  if (existing && existing.isRegistered) return Status.NameTaken;
  if (!existing && sources.count >= <u32>SOURCES_MAX) return Status.LimitReached;
  const draft = changetype<Source>(allocateZeroed(offsetof<Source>()));
  draft.flags = flags;
  draft.name = keepText(name);
  let refusal = readRest(draft);
  const output = headerBytes(draft) + listedBytes(draft.name);
  if (!refusal && !reserveOutputs(0, output)) refusal = Status.OutOfMemory;
  if (refusal) return takeBack(mark, refusal);
  growOutputs(output);
  return settle(draft, existing ? changetype<Source>(existing) : null);
}

/** Adds the field in `byteCount` bytes of input to a source without tags that has its series. */
export function registerField(source: Source, byteCount: u32): i32 {
  openInput(byteCount);
  if (source.tagCount || !source.firstSeries) return Status.NoSuchThing;
  if (source.fieldCount >= <u32>FIELDS_MAX) return Status.LimitReached;
  if (!reserveDefinition(byteCount)) return Status.OutOfMemory;
  const mark = arenaMark();
  const address = readField(source);
  if (address < 0) return takeBack(mark, address);
  if (!inputEnded()) return takeBack(mark, Status.Malformed);
  const field = changetype<Field>(<usize>address);
  const lines = outputBytesOf(field);
  const output = lines + fieldHeaderBytes(source, field);
  if (!reserveOutputs(field.cellBytes, output)) return takeBack(mark, Status.OutOfMemory);
  growOutputs(output);
  const cell = allocate(field.cellBytes);
  addField(source, field);
  field.offset = cell - source.firstSeries;
  openCell(cell, field, source.value);
  return <i32>cell;
}

function reserveDefinition(byteCount: u32): bool {
  return reserveOutputs(<u64>byteCount * RECORD_FACTOR + RECORD_BYTES, 0);
}

/** Undoes a registration that began at `mark`. */
function takeBack(mark: usize, status: i32): i32 {
  releaseClaims(mark);
  arenaRelease(mark);
  return status;
}

/** Switches a source and all its cells. */
export function setActive(source: Source, isOn: u32): void {
  source.value = isOn;
  for (let at = source.firstSeries; at; at = changetype<Series>(at).next) {
    for (let link = source.firstField; link; link = changetype<Field>(link).next) {
      const field = changetype<Field>(link);
      store<u32>(at + field.offset, field.kind + (isOn ? CELL_ACTIVE : 0), CELL_STATE_OFFSET);
    }
  }
}

/** Makes a cell: header, and zeros. */
export function openCell(cell: usize, field: Field, isOn: u32): void {
  memory.fill(cell, 0, field.cellBytes);
  store<usize>(cell, changetype<usize>(field));
  store<u32>(cell, field.kind + (isOn ? CELL_ACTIVE : 0), CELL_STATE_OFFSET);
}

/** A name fits, is not empty and has neither comma nor newline. */
export function checkName(name: usize): i32 {
  const byteCount = textBytes(name);
  if (!byteCount || byteCount > <u32>NAME_BYTES_MAX) return Status.NameInvalid;
  for (let i: u32 = 0; i < byteCount; i++) {
    const byte = load<u8>(textStart(name) + i);
    if (byte == 0x2c || byte == 0x0a) return Status.NameInvalid;
  }
  return Status.Ok;
}

function readRest(source: Source): i32 {
  const prefix = readText();
  const help = readText();
  const ttlMs = readF64();
  const tagCount = readU8();
  if (inputFailed()) return Status.Malformed;
  if (tagCount > <u32>TAGS_MAX) return Status.LimitReached;
  if (!renderPrefix(source, textBytes(prefix) ? prefix : source.name)) return Status.NameInvalid;
  source.help = keepText(help);
  source.ttlNs = ttlMs > 0 ? <u64>(ttlMs * 1e6) : 0;
  source.labelSeed = (HASH_SEED ^ changetype<usize>(source)) * HASH_SEED;
  source.tags = allocate(tagCount * offsetof<TagKey>());
  for (let i: u32 = 0; i < tagCount; i++) {
    const key = readText();
    if (!key) return Status.Malformed;
    if (!addTag(source, key, i, hasFlag(CoreFlag.SortTags))) return Status.TagInvalid;
  }
  source.tagCount = tagCount;
  return readFields(source);
}

function readFields(source: Source): i32 {
  source.seriesBytes = <u32>offsetof<Series>() + (source.ttlNs ? <u32>offsetof<Freshness>() : 0);
  const fieldCount = readU8();
  if (inputFailed() || !fieldCount) return Status.Malformed;
  if (fieldCount > <u32>FIELDS_MAX) return Status.LimitReached;
  for (let i: u32 = 0; i < fieldCount; i++) {
    const address = readField(source);
    if (address < 0) return address;
    const field = changetype<Field>(<usize>address);
    field.offset = source.seriesBytes;
    source.seriesBytes += field.cellBytes;
    addField(source, field);
  }
  renderInfluxStart(source);
  return inputEnded() ? Status.Ok : Status.Malformed;
}

function addField(source: Source, field: Field): void {
  const address = changetype<usize>(field);
  if (source.lastField) changetype<Field>(source.lastField).next = address;
  else source.firstField = address;
  source.lastField = address;
  source.fieldCount++;
  source.lineCount += lineCountOf(field);
  source.outputBytes += outputBytesOf(field);
  if (field.kind == CellKind.Text) source.hasTexts = 1;
}

/** Lines of one series: buckets or quantiles, `_sum`, `_count`; or one. */
function lineCountOf(field: Field): u32 {
  const isCompound = field.kind >= CellKind.Histogram && field.kind != CellKind.Text;
  return isCompound ? field.parameterCount + 3 : 1;
}

/** Upper bound of one cell on either wire, labels not counted. */
function outputBytesOf(field: Field): u32 {
  const textBytesMax = field.kind == CellKind.Text ? field.parameterCount * 2 : 0;
  const names = textBytes(field.influxKey) + textBytes(field.promName);
  return lineCountOf(field) * (names + NUMBER_BYTES) + textBytesMax;
}

/** A family's name must be one already; a source's is made one. */
function renderPrefix(source: Source, prefix: usize): bool {
  const byteCount = textBytes(prefix);
  if (byteCount > <u32>NAME_BYTES_MAX) return false;
  if (source.flags & SourceFlag.Family && !isName(textStart(prefix), byteCount, true)) return false;
  source.promPrefix = closeText(putName(openText(), textStart(prefix), byteCount, true, true));
  return true;
}

/** A family's measurement is its exposed name, as Telegraf's prometheus input writes it. */
function renderInfluxStart(source: Source): void {
  const isFamily = (source.flags & SourceFlag.Family) != 0;
  const name = isFamily ? changetype<Field>(source.firstField).promName : source.name;
  const at = putInflux(openText(), textStart(name), textBytes(name), Part.Measurement);
  source.influxStart = closeText(putText(at, vmTagText()));
  source.outputBytes += textBytes(source.influxStart) + textBytes(source.promPrefix) + NUMBER_BYTES;
  for (let i: u32 = 0; i < source.tagCount; i++) {
    source.outputBytes += textBytes(tagAt(source, i).influx);
  }
}

/** Makes a draft the registered source; a record that start-up settings made takes its place. */
function settle(draft: Source, pending: Source | null): i32 {
  let source = draft;
  if (pending) {
    const head = changetype<usize>(pending);
    const from = changetype<usize>(draft) + offsetof<Setting>();
    memory.copy(head + offsetof<Setting>(), from, offsetof<Source>() - offsetof<Setting>());
    source = pending;
  } else {
    addSetting(sources, source);
    const fallback = sources.fallback;
    inherit(source, fallback);
    const all = fallback.deadlineNs ? fallback.saved : fallback.value;
    inherit(source, governor(source, tagKeys, fallback));
    if (source.saved > 1) source.saved = all;
  }
  markRegistered(sources, source);
  return <i32>changetype<usize>(source);
}

/** HELP and TYPE of all fields. */
function headerBytes(source: Source): u32 {
  let byteCount: u32 = 0;
  for (let at = source.firstField; at; at = changetype<Field>(at).next) {
    byteCount += fieldHeaderBytes(source, changetype<Field>(at));
  }
  return byteCount;
}

/** HELP and TYPE: the name twice, the help escaped; texts share those of `<prefix>_info`. */
function fieldHeaderBytes(source: Source, field: Field): u32 {
  const names = textBytes(field.promName) + textBytes(source.promPrefix);
  return (names + textBytes(field.help) + textBytes(source.help)) * 2 + HEADER_BYTES;
}
