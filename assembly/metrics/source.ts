/**
 * Registration of sources: read a definition whole, render what never changes, then add it; or take
 * everything back.
 */
import { CellKind, NAME_BYTES_MAX, SOURCES_MAX, Status, TAGS_MAX } from "../abi";
import { allocateZeroed, arenaMark, arenaRelease } from "../bytes/arena";
import { addInflux, Part } from "../bytes/escape";
import { openInput, readF64, readText, readU8, refusal, refuseIf } from "../bytes/input";
import { addText } from "../bytes/put";
import { closeText, keepText, openText, textBytes } from "../bytes/text";
import { familyName, readField } from "./field";
import { addName, isListable, isName, releaseClaims } from "./name";
import { Field, isFamily, Series, Source } from "./record";
import {
  endMessage,
  growOutputs,
  listedBytes,
  outputBytes,
  releaseOutputs,
  reserveOutputs,
  sources,
  TAG_ABSENT,
  vmTagText,
} from "./registry";
import { findSetting } from "./setting";
import { openCells } from "./switch";
import { addSetting, addTag } from "./tag";

/** Arena bytes that a definition may become, a byte of it; and what any may. */
const RECORD_FACTOR: u32 = 256;
const RECORD_BYTES: u32 = 16384;
/** Behind a line's tags. */
const LINE_BYTES: u32 = 128;

/** Where the arena ended before the registration, and how much an output could be. */
let mark: usize = 0;
let outputMark: u64 = 0;

/**
 * Registers the source defined by `byteCount` bytes of input: its address, or a negative `Status`.
 */
export function registerSource(byteCount: u32): i32 {
  openDefinition(byteCount);
  const source = changetype<Source>(allocateZeroed(offsetof<Source>()));
  readSource(source);
  if (isTakenBack()) return refusal;
  addSetting(sources, source);
  // A tag key that was enabled for a while leaves the source as all is.
  if (source.saved == TAG_ABSENT) source.saved = sources.saved;
  return <i32>changetype<usize>(source);
}

/** Adds the field in `byteCount` bytes of input to a source without tags that has its series. */
export function registerField(address: usize, byteCount: u32): i32 {
  openDefinition(byteCount);
  const source = changetype<Source>(address);
  refuseIf((source.tagCount != 0) | !source.firstSeries, Status.NoSuchThing);
  const field = readField(source);
  const cell = allocateZeroed(field.cellBytes);
  if (isTakenBack()) return refusal;
  addField(source, field, cell - source.firstSeries);
  openCells(source, source.firstSeries, 0);
  return <i32>cell;
}

/** Begins a registration, and refuses it where its records do not fit. */
function openDefinition(byteCount: u32): void {
  openInput(byteCount);
  mark = arenaMark();
  outputMark = outputBytes;
  refuseIf(!reserveOutputs(byteCount * RECORD_FACTOR + RECORD_BYTES, 0), Status.OutOfMemory);
}

/** Ends a registration: undoes it if the message was refused, or goes on, or does not fit. */
function isTakenBack(): bool {
  endMessage(0, 0);
  if (!refusal) return false;
  releaseClaims(mark);
  arenaRelease(mark);
  releaseOutputs(outputMark);
  return true;
}

function readSource(source: Source): void {
  source.fieldEnd = changetype<usize>(source) + offsetof<Source>("firstField");
  source.seriesEnd = changetype<usize>(source) + offsetof<Source>("firstSeries");
  source.seriesBytes = <u32>offsetof<Series>();
  source.flags = readU8();
  source.name = keepText(readText());
  refuseIf(!isListable(source.name), Status.NameInvalid);
  refuseIf(findSetting(sources, source.name, false) !== null, Status.NameTaken);
  refuseIf(sources.count >= <u32>SOURCES_MAX, Status.LimitReached);
  growOutputs(listedBytes(source.name));
  const prefix = readText();
  renderPrefix(source, textBytes(prefix) ? prefix : source.name);
  source.help = keepText(readText());
  source.ttlNs = <u64>(readF64() * 1e6);
  readTags(source);
  const fieldCount = readU8();
  refuseIf(!fieldCount, Status.Malformed);
  while ((source.fieldCount < fieldCount) & !refusal) {
    const field = readField(source);
    addField(source, field, source.seriesBytes);
    source.seriesBytes += field.cellBytes;
  }
  renderInfluxStart(source);
}

function readTags(source: Source): void {
  source.tagCount = readU8();
  refuseIf(source.tagCount > <u32>TAGS_MAX, Status.LimitReached);
  const start = arenaMark();
  for (let i: u32 = 0; (i < source.tagCount) & !refusal; i++) addTag(source, readText(), i);
  source.tagBytes = <u32>(arenaMark() - start);
}

function addField(source: Source, field: Field, offset: usize): void {
  const address = changetype<usize>(field);
  field.offset = offset;
  store<usize>(source.fieldEnd, address);
  source.fieldEnd = address;
  source.fieldCount++;
  source.lineCount += field.lineCount;
  source.outputBytes += field.outputBytes;
  if ((field.kind == CellKind.Text) & !source.firstText) source.firstText = address;
}

/** A family's name must be one already; a source's is made one. */
function renderPrefix(source: Source, prefix: usize): void {
  const isWrong = isFamily(source) & !isName(prefix, true);
  refuseIf((textBytes(prefix) > <u32>NAME_BYTES_MAX) | isWrong, Status.NameInvalid);
  openText();
  addName(prefix, true, true);
  source.promPrefix = closeText();
}

/** A family's measurement is its exposed name, as Telegraf's prometheus input writes it. */
function renderInfluxStart(source: Source): void {
  const field = changetype<Field>(source.firstField);
  openText();
  addInflux(isFamily(source) ? familyName(field) : source.name, Part.Measurement);
  addText(vmTagText());
  source.influxStart = closeText();
  source.outputBytes += textBytes(source.influxStart) + LINE_BYTES;
}
