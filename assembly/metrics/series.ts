/**
 * Series: found or made by tag set. The identity of a tag set is each value preceded by its length, so that
 * no two sets collide; labels are rendered once. Past a cap, tag sets share one overflow series.
 */
import { Status, TAG_VALUE_BYTES_MAX } from "../abi";
import { allocate, allocateZeroed, arenaMark } from "../bytes/arena";
import { isPlain, putQuoted } from "../bytes/escape";
import { INPUT, inputEnded, openInput, readText } from "../bytes/input";
import { putByte, putText } from "../bytes/put";
import { HASH_SEED, hashBytes, textBytes, textStart } from "../bytes/text";
import { Field, SERIES_ESCAPED, Series, Source } from "./record";
import { growOutputs, isSeriesCapReached, reserveOutputs } from "./registry";
import { openCell } from "./source";
import { tagAt } from "./tag";

const FIRST_HEADS: u32 = 64;
const OVERFLOW_VALUE = "_overflow";
/** Room for labels grows in steps, so that a removed record fits the next tag set. */
const CAPACITY_STEP: u32 = 15;

let heads: usize = 0;
let headCount: u32 = 0;
let total: u32 = 0;
let overflows: u32 = 0;

/** Series registered, overflow series included. */
export function seriesCount(): u32 {
  return total;
}

/** Registrations that a cap sent to an overflow series. */
export function overflowCount(): u32 {
  return overflows;
}

/** Finds or makes the series whose values are in `byteCount` bytes of input. Its address, or a `Status`. */
export function registerSeries(source: Source, byteCount: u32): i32 {
  openInput(byteCount);
  for (let i: u32 = 0; i < source.tagCount; i++) {
    const value = readText();
    if (!value) return Status.Malformed;
    if (textBytes(value) > <u32>TAG_VALUE_BYTES_MAX) return Status.TagInvalid;
  }
  if (!inputEnded()) return Status.Malformed;
  if (!source.tagCount && source.firstSeries) return <i32>source.firstSeries;
  if (!reserveSeries(source, byteCount)) return Status.OutOfMemory;
  const key = arenaMark() + source.seriesBytes;
  putKey(key, source);
  const found = findSeries(source, key, byteCount);
  if (found) return <i32>found;
  if (!isSeriesCapReached(total, source.seriesCount)) return makeSeries(source, byteCount);
  overflows++;
  return source.overflow ? <i32>source.overflow : makeOverflow(source);
}

/** Takes a series out; its record goes to its source for reuse. A removed one is left alone. */
export function removeSeries(series: Series): void {
  if (!series.source) return;
  const address = changetype<usize>(series);
  const source = changetype<Source>(series.source);
  const head = headOf(source, keyOf(series), series.keyBytes);
  let link = head;
  while (load<usize>(link) != address) link = load<usize>(link) + offsetof<Series>("chained");
  store<usize>(link, series.chained);
  if (series.previous) changetype<Series>(series.previous).next = series.next;
  else source.firstSeries = series.next;
  if (series.next) changetype<Series>(series.next).previous = series.previous;
  else source.lastSeries = series.previous;
  if (source.overflow == address) source.overflow = 0;
  growOutputs(-outputBytesOf(source, series));
  source.seriesCount--;
  total--;
  series.source = 0;
  series.next = source.freeSeries;
  source.freeSeries = address;
}

/** Address of a series' tag values. */
export function keyOf(series: Series): usize {
  return changetype<usize>(series) + changetype<Source>(series.source).seriesBytes;
}

/** Values may double when escaped, in labels and in lines. */
function reserveSeries(source: Source, byteCount: u32): bool {
  let labelBytes = <u64>byteCount * 2 + 16;
  for (let i: u32 = 0; i < source.tagCount; i++) labelBytes += textBytes(tagAt(source, i).prom) + 8;
  let arena = source.seriesBytes + labelBytes * 2;
  if (total >= headCount) arena += <u64>headCount * 8 + FIRST_HEADS * 4;
  return reserveOutputs(arena, labelBytes * (source.lineCount + 1) + source.outputBytes);
}

/** Writes the values in written order behind where the next record's cells will end. */
function putKey(at: usize, source: Source): void {
  for (let i: u32 = 0; i < source.tagCount; i++) {
    const value = valueAt(tagAt(source, i).index);
    const byteCount = textBytes(value) + 2;
    memory.copy(at, value, byteCount);
    at += byteCount;
  }
}

/** The `index`-th value in the input. */
function valueAt(index: u32): usize {
  let at = INPUT;
  for (; index; index--) at += textBytes(at) + 2;
  return at;
}

function findSeries(source: Source, key: usize, keyBytes: u32): usize {
  if (!headCount) return 0;
  for (
    let at = load<usize>(headOf(source, key, keyBytes));
    at;
    at = changetype<Series>(at).chained
  ) {
    const series = changetype<Series>(at);
    if (series.source != changetype<usize>(source) || series.keyBytes != keyBytes) continue;
    if (memory.compare(keyOf(series), key, keyBytes) == 0) return at;
  }
  return 0;
}

/** The tag values stand where the record's would, at the arena's end; a free record gets a copy. */
function makeSeries(source: Source, keyBytes: u32): i32 {
  const draft = arenaMark();
  const labels = draft + source.seriesBytes + keyBytes;
  const labelBytes = <u32>(putLabels(labels, source, draft + source.seriesBytes) - labels);
  let series = takeFree(source, keyBytes + labelBytes);
  if (series) {
    const from = draft + source.seriesBytes;
    memory.copy(keyOf(changetype<Series>(series)), from, keyBytes + labelBytes);
  } else {
    series = draft;
    const capacity = source.tagCount ? (keyBytes + labelBytes + CAPACITY_STEP) & ~CAPACITY_STEP : 0;
    allocate(source.seriesBytes + capacity);
    memory.fill(series, 0, source.seriesBytes);
    changetype<Series>(series).capacity = capacity;
  }
  const made = changetype<Series>(series);
  made.source = changetype<usize>(source);
  made.keyBytes = keyBytes;
  made.labelBytes = labelBytes;
  made.flags = isKeyPlain(made, source.tagCount) ? 0 : SERIES_ESCAPED;
  link(source, made);
  growOutputs(outputBytesOf(source, made));
  return <i32>series;
}

function makeOverflow(source: Source): i32 {
  let at = INPUT;
  for (let i: u32 = 0; i < source.tagCount; i++) {
    store<u16>(at, <u16>OVERFLOW_VALUE.length);
    at = putOverflow(at + 2);
  }
  const byteCount = <u32>(at - INPUT);
  if (!reserveSeries(source, byteCount)) return Status.OutOfMemory;
  const key = arenaMark() + source.seriesBytes;
  putKey(key, source);
  const found = findSeries(source, key, byteCount);
  source.overflow = found ? found : makeSeries(source, byteCount);
  return <i32>source.overflow;
}

function putOverflow(at: usize): usize {
  for (let i = 0; i < OVERFLOW_VALUE.length; i++) {
    store<u8>(at + i, load<u8>(changetype<usize>(OVERFLOW_VALUE) + ((<usize>i) << 1)));
  }
  return at + OVERFLOW_VALUE.length;
}

/** `{a="b",c="d"`, or nothing. */
function putLabels(at: usize, source: Source, value: usize): usize {
  for (let i: u32 = 0; i < source.tagCount; i++) {
    at = putText(putByte(at, i ? 0x2c : 0x7b), tagAt(source, i).prom);
    at = putByte(putQuoted(at, textStart(value), textBytes(value), true), 0x22);
    value += textBytes(value) + 2;
  }
  return at;
}

function takeFree(source: Source, needed: u32): usize {
  let link = changetype<usize>(source) + offsetof<Source>("freeSeries");
  while (load<usize>(link)) {
    const series = changetype<Series>(load<usize>(link));
    if (series.capacity >= needed) {
      store<usize>(link, series.next);
      const capacity = series.capacity;
      memory.fill(changetype<usize>(series), 0, source.seriesBytes);
      series.source = changetype<usize>(source);
      series.capacity = capacity;
      return changetype<usize>(series);
    }
    link = changetype<usize>(series) + offsetof<Series>("next");
  }
  return 0;
}

function isKeyPlain(series: Series, tagCount: u32): bool {
  let value = keyOf(series);
  for (let i: u32 = 0; i < tagCount; i++) {
    if (!isPlain(textStart(value), textBytes(value))) return false;
    value += textBytes(value) + 2;
  }
  return true;
}

function link(source: Source, series: Series): void {
  const address = changetype<usize>(series);
  if (total >= headCount) growHeads();
  const head = headOf(source, keyOf(series), series.keyBytes);
  series.chained = load<usize>(head);
  store<usize>(head, address);
  series.previous = source.lastSeries;
  if (source.lastSeries) changetype<Series>(source.lastSeries).next = address;
  else source.firstSeries = address;
  source.lastSeries = address;
  source.seriesCount++;
  total++;
  for (let at = source.firstField; at; at = changetype<Field>(at).next) {
    const field = changetype<Field>(at);
    openCell(address + field.offset, field, source.value);
  }
}

function headOf(source: Source, key: usize, keyBytes: u32): usize {
  const hash = hashBytes(HASH_SEED ^ changetype<usize>(source), key, keyBytes);
  return heads + ((<u32>(hash ^ (hash >> 32)) & (headCount - 1)) << 2);
}

function growHeads(): void {
  const before = heads;
  const beforeCount = headCount;
  headCount = max(beforeCount << 1, FIRST_HEADS);
  heads = allocateZeroed(headCount << 2);
  for (let i: u32 = 0; i < beforeCount; i++) {
    let at = load<usize>(before + ((<usize>i) << 2));
    while (at) {
      const series = changetype<Series>(at);
      const following = series.chained;
      const head = headOf(changetype<Source>(series.source), keyOf(series), series.keyBytes);
      series.chained = load<usize>(head);
      store<usize>(head, at);
      at = following;
    }
  }
}

function outputBytesOf(source: Source, series: Series): i64 {
  const lines = <u64>series.labelBytes * source.lineCount;
  return lines + series.keyBytes * 2 + source.outputBytes;
}
