/**
 * Series: found or made by tag set, all texts rendered once. Identity is the rendered labels: their
 * quotes and backslashes are escaped, so that no two tag sets look alike. Past a cap, tag sets
 * share one overflow series.
 */
import { Status, TAG_VALUE_BYTES_MAX } from "../abi";
import { allocate } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { addInflux, addQuoted, Part, Quoting } from "../bytes/escape";
import { COUNTERS } from "../bytes/fixed";
import { INPUT, openInput, readText, refusal, refuseIf } from "../bytes/input";
import { addByte, addText, cursor, writeAt } from "../bytes/put";
import { compareBytes, hashBytes, textBytes, textEnd } from "../bytes/text";
import { SERIES_REMOVED, Series, Source, TagKey } from "./record";
import { endMessage, growOutputs, isSeriesCapReached } from "./registry";
import { openCells } from "./switch";

/** Room for texts grows in steps, so that a removed record fits the next tag set. */
const CAPACITY_STEP: u32 = 15;
/** Beside the texts of a record: slack for stores that overshoot. */
const SLACK_BYTES: u32 = 64;

/** Heads of hash chains, 65,536 of them; memory that nobody touches costs nothing. */
const HEADS_BYTES = 262144;
const heads: usize = memory.data(262144, 16);

/**
 * Finds or makes the series whose values are in `byteCount` bytes of input. Its address, or a
 * `Status`.
 */
export function registerSeries(address: usize, byteCount: u32): i32 {
  const source = changetype<Source>(address);
  openInput(byteCount);
  for (let i: u32 = 0; i < source.tagCount; i++) {
    refuseIf(textBytes(readText()) > <u32>TAG_VALUE_BYTES_MAX, Status.TagInvalid);
  }
  // Escapes may double every byte.
  const textsMax = byteCount * 4 + source.tagBytes + SLACK_BYTES;
  const output = <u64>textsMax * source.lineCount + source.outputBytes;
  endMessage(textsMax + source.seriesBytes, output);
  if (refusal) return refusal;
  const found = findSeries(source, 0);
  if (found) return found;
  store<u32>(COUNTERS, load<u32>(COUNTERS, 4) + 1, 4);
  return findSeries(source, ascii("_overflow"));
}

/** Takes a series out; its record goes to its source for reuse. A removed one is left alone. */
export function removeSeries(address: usize): void {
  const series = changetype<Series>(address);
  if (series.flags & SERIES_REMOVED) return;
  const source = changetype<Source>(series.source);
  let link = headOf(source, address + source.seriesBytes, series.labelBytes);
  while (load<usize>(link) != address) link = load<usize>(link);
  store<usize>(link, series.chained);
  count(source, series, -1);
  series.flags = SERIES_REMOVED;
  series.chained = source.freeSeries;
  source.freeSeries = address;
}

/**
 * The series whose values are in the input, or all `shared`; made if it is new, but 0 if a cap
 * forbids that. Its texts are written where a new record's would stand, at the arena's end.
 */
function findSeries(source: Source, shared: usize): i32 {
  const labels = allocate(0) + source.seriesBytes;
  writeAt(labels);
  for (let at = source.firstTag; at; at = changetype<TagKey>(at).next) {
    const value = tagValue(changetype<TagKey>(at), shared);
    addByte(cursor == labels ? 0x7b : 0x2c);
    addText(changetype<TagKey>(at).prom);
    addQuoted(value, Quoting.Label);
    addByte(0x22);
  }
  const labelBytes = <u32>(cursor - labels);
  const head = headOf(source, labels, labelBytes);
  for (let at = load<usize>(head); at; at = changetype<Series>(at).chained) {
    const series = changetype<Series>(at);
    const known = at + source.seriesBytes;
    if (series.source != changetype<usize>(source)) continue;
    if (!compareBytes(known, series.labelBytes, labels, labelBytes)) return <i32>at;
  }
  if (!shared & isSeriesCapReached(load<u32>(COUNTERS), source.seriesCount)) return 0;
  for (let at = source.firstTag; at; at = changetype<TagKey>(at).next) {
    const value = tagValue(changetype<TagKey>(at), shared);
    if (!textBytes(value)) continue;
    addText(changetype<TagKey>(at).influx);
    addInflux(value, Part.Value);
  }
  const series = takeRecord(source, labels, <u32>(cursor - labels));
  series.labelBytes = labelBytes;
  series.influxBytes = <u32>(cursor - labels) - labelBytes;
  series.chained = load<usize>(head);
  store<usize>(head, changetype<usize>(series));
  count(source, series, 1);
  return <i32>changetype<usize>(series);
}

/** The value of a tag. */
function tagValue(tag: TagKey, shared: usize): usize {
  let value = INPUT;
  for (let i = tag.index; i; i--) value = textEnd(value);
  return shared ? shared : value;
}

/** A removed record that has room, or a new one; the texts are copied, for they may stand there. */
function takeRecord(source: Source, texts: usize, byteCount: u32): Series {
  let link = changetype<usize>(source) + offsetof<Source>("freeSeries");
  while (load<usize>(link) && changetype<Series>(load<usize>(link)).capacity < byteCount) {
    link = load<usize>(link);
  }
  let address = load<usize>(link);
  if (address) store<usize>(link, load<usize>(address));
  else {
    const capacity = (byteCount + CAPACITY_STEP) & ~CAPACITY_STEP;
    address = allocate(source.seriesBytes + capacity);
    changetype<Series>(address).next = 0;
    changetype<Series>(address).source = changetype<usize>(source);
    changetype<Series>(address).capacity = capacity;
    store<usize>(source.seriesEnd, address);
    source.seriesEnd = address + offsetof<Series>("next");
  }
  memory.copy(address + source.seriesBytes, texts, byteCount);
  const series = changetype<Series>(address);
  series.flags = 0;
  series.checksum = 0;
  openCells(source, address, -1);
  return series;
}

/** Counts a series in or out, and what it may add to an output. */
function count(source: Source, series: Series, sign: i32): void {
  source.seriesCount += sign;
  store<u32>(COUNTERS, load<u32>(COUNTERS) + sign);
  const texts = <u64>series.capacity * source.lineCount;
  growOutputs((texts + source.outputBytes) * <i64>sign);
}

function headOf(source: Source, labels: usize, labelBytes: u32): usize {
  const hash = hashBytes(changetype<usize>(source), labels, labels + labelBytes);
  return heads + (<usize>hash & (HEADS_BYTES - 4));
}
