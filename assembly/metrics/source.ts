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
import { endInput, openInput, readF64, readText, readU8, refusal, refuseIf } from "../bytes/input";
import { addText } from "../bytes/put";
import { closeText, keepText, openText, textBytes } from "../bytes/text";
import { familyName, readField } from "./field";
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
import { findSetting } from "./setting";
import { openCell } from "./switch";
import { addSetting, addTag } from "./tag";

/** Arena bytes that a definition may become, a byte of it; and what any may. */
const RECORD_FACTOR: u64 = 256;
const RECORD_BYTES: u64 = 4096;
/** Around HELP and TYPE, and behind a line's tags. */
const HEADER_BYTES: u32 = 128;

/**
 * Registers the source defined by `byteCount` bytes of input: its address, or a negative `Status`.
 */
export function registerSource(byteCount: u32): i32 {
  if (!reserveDefinition(byteCount)) return Status.OutOfMemory;
  const mark = arenaMark();
  const source = changetype<Source>(allocateZeroed(offsetof<Source>()));
  const output = readSource(source);
  if (isTakenBack(mark, 0, output)) return refusal;
  addSetting(sources, source);
  // A tag key that was enabled for a while leaves the source as all is.
  if (source.saved == TAG_ABSENT) source.saved = sources.saved;
  return <i32>changetype<usize>(source);
}

/** Adds the field in `byteCount` bytes of input to a source without tags that has its series. */
export function registerField(address: usize, byteCount: u32): i32 {
  const source = changetype<Source>(address);
  if ((source.tagCount != 0) | !source.firstSeries) return Status.NoSuchThing;
  if (source.fieldCount >= <u32>FIELDS_MAX) return Status.LimitReached;
  if (!reserveDefinition(byteCount)) return Status.OutOfMemory;
  const mark = arenaMark();
  const field = readField(source);
  if (isTakenBack(mark, field.cellBytes, outputBytesOf(field))) return refusal;
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

/**
 * Ends a registration that began at `mark`, and needs this much more: undoes it if the message was
 * refused, or is too long, or there is no memory.
 */
function isTakenBack(mark: usize, arenaBytes: u32, output: u32): bool {
  endInput();
  refuseIf(!reserveOutputs(arenaBytes, output), Status.OutOfMemory);
  if (refusal) {
    releaseClaims(mark);
    arenaRelease(mark);
    return true;
  }
  growOutputs(output);
  return false;
}

/** Returns what the source adds to the upper bound of outputs. */
function readSource(source: Source): u32 {
  source.fieldEnd = changetype<usize>(source) + offsetof<Source>("firstField");
  source.seriesEnd = changetype<usize>(source) + offsetof<Source>("firstSeries");
  source.flags = readU8();
  const name = readText();
  const prefix = readText();
  const help = readText();
  const ttlMs = readF64();
  const tagCount = readU8();
  refuseIf(!isListable(name), Status.NameInvalid);
  refuseIf(findSetting(sources, name, false) !== null, Status.NameTaken);
  refuseIf(sources.count >= <u32>SOURCES_MAX, Status.LimitReached);
  source.name = keepText(name);
  source.help = keepText(help);
  renderPrefix(source, textBytes(prefix) ? prefix : name);
  source.ttlNs = <u64>(ttlMs * 1e6);
  readTags(source, tagCount);
  return readFields(source);
}

function readTags(source: Source, tagCount: u32): void {
  refuseIf(tagCount > <u32>TAGS_MAX, Status.LimitReached);
  const mark = arenaMark();
  for (let i: u32 = 0; (i < tagCount) & !refusal; i++) addTag(source, readText(), i);
  source.tagCount = tagCount;
  source.tagBytes = <u32>(arenaMark() - mark);
}

function readFields(source: Source): u32 {
  source.seriesBytes = <u32>offsetof<Series>() + (source.ttlNs ? <u32>offsetof<Freshness>() : 0);
  const fieldCount = readU8();
  refuseIf(!fieldCount, Status.Malformed);
  refuseIf(fieldCount > <u32>FIELDS_MAX, Status.LimitReached);
  let output = listedBytes(source.name);
  for (let i: u32 = 0; (i < fieldCount) & !refusal; i++) {
    const field = readField(source);
    field.offset = source.seriesBytes;
    source.seriesBytes += field.cellBytes;
    addField(source, field);
    output += outputBytesOf(field);
  }
  renderInfluxStart(source);
  return output;
}

function addField(source: Source, field: Field): void {
  const address = changetype<usize>(field);
  store<usize>(source.fieldEnd, address);
  source.fieldEnd = address;
  source.fieldCount++;
  source.lineCount += field.lineCount;
  source.outputBytes += field.outputBytes;
  if ((field.kind == CellKind.Text) & !source.firstText) source.firstText = address;
}

/** Upper bound of HELP and TYPE, and of one series' cell. */
function outputBytesOf(field: Field): u32 {
  return field.outputBytes * 3 + textBytes(field.help) * 2 + HEADER_BYTES;
}

/** A family's name must be one already; a source's is made one. */
function renderPrefix(source: Source, prefix: usize): void {
  refuseIf(textBytes(prefix) > <u32>NAME_BYTES_MAX, Status.NameInvalid);
  refuseIf(source.flags & SourceFlag.Family && !isName(prefix, true), Status.NameInvalid);
  openText();
  addName(prefix, true, true);
  source.promPrefix = closeText();
}

/** A family's measurement is its exposed name, as Telegraf's prometheus input writes it. */
function renderInfluxStart(source: Source): void {
  const field = changetype<Field>(source.firstField);
  const isFamily = source.flags & SourceFlag.Family;
  openText();
  addInflux(isFamily ? familyName(field) : source.name, Part.Measurement);
  addText(vmTagText());
  source.influxStart = closeText();
  source.outputBytes += textBytes(source.influxStart) + HEADER_BYTES;
}
