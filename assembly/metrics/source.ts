/**
 * Registration of sources: read a definition whole, render what never changes, then add it; or take
 * everything back.
 */
import {
  CellKind,
  FIELDS_MAX,
  NAME_BYTES_MAX,
  SOURCES_MAX,
  SourceFlag,
  Status,
  TAGS_MAX,
} from "../abi";
import { allocate, allocateZeroed, arenaMark, arenaRelease } from "../bytes/arena";
import { addInflux, Part } from "../bytes/escape";
import { inputEnded, inputFailed, openInput, readF64, readText, readU8 } from "../bytes/input";
import { addText } from "../bytes/put";
import { closeText, HASH_SEED, keepText, openText, textBytes } from "../bytes/text";
import { isCompound, readField } from "./field";
import { addName, isListable, isName, releaseClaims } from "./name";
import { Field, Freshness, Series, Source } from "./record";
import {
  growOutputs,
  listedBytes,
  reserveOutputs,
  sources,
  TAG_ABSENT,
  vmTagText,
} from "./registry";
import { addSetting, findSetting, inherit } from "./setting";
import { openCell } from "./switch";
import { addTag, governor } from "./tag";

/** Arena bytes that a definition may become, a byte of it; and what any may. */
const RECORD_FACTOR: u64 = 128;
const RECORD_BYTES: u64 = 4096;
/** Around a number on either wire: the number, its separators, `quantile="…"`, a timestamp. */
const NUMBER_BYTES: u32 = 96;
const HEADER_BYTES: u32 = 128;

/**
 * Registers the source defined by `byteCount` bytes of input: its address, or a negative `Status`.
 */
export function registerSource(byteCount: u32): i32 {
  if (!reserveDefinition(byteCount)) return Status.OutOfMemory;
  const mark = arenaMark();
  const draft = changetype<Source>(allocateZeroed(offsetof<Source>()));
  const status = readSource(draft);
  if (status) return takeBack(mark, status);
  return settle(draft);
}

/** Adds the field in `byteCount` bytes of input to a source without tags that has its series. */
export function registerField(address: usize, byteCount: u32): i32 {
  const source = changetype<Source>(address);
  if (source.tagCount || !source.firstSeries) return Status.NoSuchThing;
  if (source.fieldCount >= <u32>FIELDS_MAX) return Status.LimitReached;
  if (!reserveDefinition(byteCount)) return Status.OutOfMemory;
  const mark = arenaMark();
  const made = readField(source);
  if (made < 0) return takeBack(mark, made);
  if (!inputEnded()) return takeBack(mark, Status.Malformed);
  const field = changetype<Field>(<usize>made);
  const output = outputBytesOf(source, field);
  if (!reserveOutputs(field.cellBytes, output)) return takeBack(mark, Status.OutOfMemory);
  growOutputs(output);
  addField(source, field);
  const cell = allocate(field.cellBytes);
  field.offset = cell - source.firstSeries;
  openCell(cell, field, source.value);
  return <i32>cell;
}

function reserveDefinition(byteCount: u32): bool {
  openInput(byteCount);
  return reserveOutputs(<u64>byteCount * RECORD_FACTOR + RECORD_BYTES, 0);
}

/** Undoes a registration that began at `mark`. */
function takeBack(mark: usize, status: i32): i32 {
  releaseClaims(mark);
  arenaRelease(mark);
  return status;
}

function readSource(source: Source): i32 {
  source.fieldEnd = changetype<usize>(source) + offsetof<Source>("firstField");
  source.seriesEnd = changetype<usize>(source) + offsetof<Source>("firstSeries");
  source.flags = readU8();
  const name = readText();
  const prefix = readText();
  const help = readText();
  const ttlMs = readF64();
  const tagCount = readU8();
  if (inputFailed()) return Status.Malformed;
  if (!isListable(name)) return Status.NameInvalid;
  if (findSetting(sources, name)) return Status.NameTaken;
  if (sources.count >= <u32>SOURCES_MAX) return Status.LimitReached;
  source.name = keepText(name);
  source.help = keepText(help);
  if (!renderPrefix(source, textBytes(prefix) ? prefix : name)) return Status.NameInvalid;
  source.ttlNs = ttlMs > 0 ? <u64>(ttlMs * 1e6) : 0;
  source.labelSeed = (HASH_SEED ^ changetype<usize>(source)) * HASH_SEED;
  return readTags(source, tagCount);
}

function readTags(source: Source, tagCount: u32): i32 {
  if (tagCount > <u32>TAGS_MAX) return Status.LimitReached;
  for (let i: u32 = 0; i < tagCount; i++) {
    const key = readText();
    if (!key) return Status.Malformed;
    if (!addTag(source, key, i)) return Status.TagInvalid;
  }
  source.tagCount = tagCount;
  return readFields(source);
}

function readFields(source: Source): i32 {
  source.seriesBytes = <u32>offsetof<Series>() + (source.ttlNs ? <u32>offsetof<Freshness>() : 0);
  const fieldCount = readU8();
  if (!fieldCount) return Status.Malformed;
  if (fieldCount > <u32>FIELDS_MAX) return Status.LimitReached;
  let output = listedBytes(source.name);
  for (let i: u32 = 0; i < fieldCount; i++) {
    const address = readField(source);
    if (address < 0) return address;
    const field = changetype<Field>(<usize>address);
    field.offset = source.seriesBytes;
    source.seriesBytes += field.cellBytes;
    addField(source, field);
    output += outputBytesOf(source, field);
  }
  if (!inputEnded()) return Status.Malformed;
  renderInfluxStart(source);
  if (!reserveOutputs(0, output)) return Status.OutOfMemory;
  growOutputs(output);
  return Status.Ok;
}

function addField(source: Source, field: Field): void {
  const address = changetype<usize>(field);
  store<usize>(source.fieldEnd, address);
  source.fieldEnd = address;
  source.fieldCount++;
  source.lineCount += lineCountOf(field);
  source.outputBytes += cellOutputBytes(field);
  if (field.kind == CellKind.Text && !source.firstText) source.firstText = address;
}

/** Lines of one series: buckets or quantiles, `_sum`, `_count`; or one. */
function lineCountOf(field: Field): u32 {
  return isCompound(field) ? field.parameterCount + 3 : 1;
}

/** Upper bound of one cell on either wire, labels not counted. */
function cellOutputBytes(field: Field): u32 {
  const names = textBytes(field.influxKey) + textBytes(field.promName);
  const textBytesMax = field.kind == CellKind.Text ? field.parameterCount * 3 : 0;
  return lineCountOf(field) * (names + NUMBER_BYTES) + textBytesMax;
}

/** Upper bound of HELP and TYPE, and of one series' cell. */
function outputBytesOf(source: Source, field: Field): u32 {
  const texts = textBytes(field.promName) + textBytes(field.help) + textBytes(source.help);
  return texts * 2 + HEADER_BYTES + cellOutputBytes(field);
}

/** A family's name must be one already; a source's is made one. */
function renderPrefix(source: Source, prefix: usize): bool {
  if (textBytes(prefix) > <u32>NAME_BYTES_MAX) return false;
  if (source.flags & SourceFlag.Family && !isName(prefix, true)) return false;
  openText();
  addName(prefix, true, true);
  source.promPrefix = closeText();
  return true;
}

/** A family's measurement is its exposed name, as Telegraf's prometheus input writes it. */
function renderInfluxStart(source: Source): void {
  const isFamily = source.flags & SourceFlag.Family;
  openText();
  addInflux(
    isFamily ? changetype<Field>(source.firstField).promName : source.name,
    Part.Measurement,
  );
  addText(vmTagText());
  source.influxStart = closeText();
  source.outputBytes += textBytes(source.influxStart) + NUMBER_BYTES;
}

/** Adds the source, switched as start-up options want it, or else as its tags and all are. */
function settle(source: Source): i32 {
  addSetting(sources, source);
  const kept = findSetting(sources.kept, source.name);
  inherit(source, kept ? kept : governor(source));
  // A tag key that was enabled for a while leaves the source as all is.
  if (source.saved == TAG_ABSENT) source.saved = sources.deadlineNs ? sources.saved : sources.value;
  return <i32>changetype<usize>(source);
}
