/**
 * What the guest registers: ids are the core's addresses, and only those that were given out here
 * are taken back. Nothing traps; what is refused is counted.
 */
import { INPUT_BYTES_MAX, Level, LOG_LEVEL_OFFSET, Status } from "../abi";
import { allocate } from "../bytes/arena";
import { HANDLES } from "../bytes/fixed";
import { INPUT } from "../bytes/input";
import { compareBytes, hashBytes } from "../bytes/text";
import { allocateHandle } from "../metrics/handle";
import { registerLog } from "../metrics/log";
import { Field, Source } from "../metrics/record";
import { reserveOutputs } from "../metrics/registry";
import { registerSeries } from "../metrics/series";
import { registerSource } from "../metrics/source";
import { isOfGuest } from "./ground";
import { takeDefinition, takeName, takeText, takeValues } from "./message";
import { setText } from "./text";

/** Something that was given out. */
@unmanaged
@final
class Record {
  /** The next in the same chain. */
  chained: usize;
  /** Hash of the definition, or the address of what it is of. */
  key: u64;
  /** Address of a source, or the first handle of a series; of a log source nothing. */
  value: i32;
  /** Of a definition: its bytes follow. */
  byteCount: u32;
}

const CHAINS: u64 = 1024;
const RECORD_BYTES: u32 = 24;
/** Of definitions, sources, series and log sources. */
const definitions: usize = memory.data(4096, 16);
const givenSources: usize = memory.data(4096, 16);
const firstHandles: usize = memory.data(4096, 16);
const givenLogs: usize = memory.data(4096, 16);

/** Calls that were refused. */
export let refusals: u32 = 0;

/** Registers a definition: the source's id, the same for the same bytes. */
export function source(address: usize, byteCount: u32): i32 {
  const isTaken = takeDefinition(address, byteCount);
  return counted(isTaken ? registerOnce(byteCount) : Status.Malformed);
}

function registerOnce(byteCount: u32): i32 {
  const hash = hashBytes(0, INPUT, INPUT + byteCount);
  for (let at = load<usize>(headOf(definitions, hash)); at; at = changetype<Record>(at).chained) {
    const known = changetype<Record>(at);
    if (known.key != hash) continue;
    if (!compareBytes(at + RECORD_BYTES, known.byteCount, INPUT, byteCount)) return known.value;
  }
  // Room for both records first, so that nothing is registered that could not be kept.
  if (!reserveOutputs(2 * RECORD_BYTES + byteCount + 64, 0)) return Status.OutOfMemory;
  const made = registerSource(byteCount);
  if (made < 0) return made;
  if (!reserveOutputs(2 * RECORD_BYTES + byteCount + 64, 0)) return Status.OutOfMemory;
  const record = keep(definitions, hash, made, byteCount);
  memory.copy(changetype<usize>(record) + RECORD_BYTES, INPUT, byteCount);
  keep(givenSources, made, made, 0);
  return made;
}

/** Finds or makes a series: its first field's handle; the others follow by one. */
export function series(id: i32, address: usize, byteCount: u32): i32 {
  const isGiven = find(givenSources, id) !== null;
  const bytes = isGiven ? takeValues(address, byteCount) : Status.NoSuchThing;
  // As the host does, what is wrong with the span is said before what is wrong with the source.
  if (!isGiven && !isOfGuest(address, byteCount, INPUT_BYTES_MAX)) return counted(Status.Malformed);
  return counted(bytes < 0 ? bytes : firstHandleOf(id, bytes));
}

function firstHandleOf(id: usize, byteCount: u32): i32 {
  const made = registerSeries(id, byteCount);
  if (made < 0) return made;
  const known = find(firstHandles, made);
  if (known) return known.value;
  if (!reserveOutputs(RECORD_BYTES + 16, 0)) return Status.OutOfMemory;
  let first: i32 = -1;
  let field = changetype<Source>(id).firstField;
  for (; field; field = changetype<Field>(field).next) {
    const handle = allocateHandle(<usize>made + changetype<Field>(field).offset);
    if (handle < 0) return handle;
    if (first < 0) first = handle;
  }
  if (!reserveOutputs(RECORD_BYTES + 16, 0)) return Status.OutOfMemory;
  keep(firstHandles, made, first, 0);
  return first;
}

/** Sets a text field, cleaned, cut at its capacity. */
export function text_set(handle: u32, address: usize, byteCount: u32): void {
  const bytes = takeText(address, byteCount);
  if (bytes < 0 || handle >= load<u32>(HANDLES, 4)) {
    refusals++;
    return;
  }
  setText(load<usize>(load<usize>(HANDLES) + ((<usize>handle) << 2)), bytes);
}

/** Finds or makes a log source by name; its id. */
export function log_source(address: usize, byteCount: u32): i32 {
  if (!takeName(address, byteCount)) {
    const isThere = isOfGuest(address, byteCount, INPUT_BYTES_MAX);
    return counted(isThere ? Status.NameInvalid : Status.Malformed);
  }
  const log = registerLog(byteCount);
  if (log < 0 || find(givenLogs, log)) return counted(log);
  if (!reserveOutputs(RECORD_BYTES + 16, 0)) return counted(Status.OutOfMemory);
  keep(givenLogs, log, log, 0);
  return log;
}

/** 1 if a message of this level would be written. */
export function log_passes(log: i32, level: i32): u32 {
  if ((level < Level.App) | (level > Level.Debug) || !find(givenLogs, log)) {
    refusals++;
    return 0;
  }
  return <u32>(level <= load<i32>(log, LOG_LEVEL_OFFSET));
}

/** Counts a call that something is wrong with. */
export function refuseCall(): void {
  refusals++;
}

function counted(result: i32): i32 {
  if (result < 0) refusals++;
  return result;
}

/** A record with room behind it; memory was reserved. */
function keep(heads: usize, key: u64, value: i32, byteCount: u32): Record {
  const head = headOf(heads, key);
  const record = changetype<Record>(allocate(RECORD_BYTES + byteCount));
  record.chained = load<usize>(head);
  record.key = key;
  record.value = value;
  record.byteCount = byteCount;
  store<usize>(head, changetype<usize>(record));
  return record;
}

function find(heads: usize, key: i32): Record | null {
  const wanted = <u64>key;
  for (let at = load<usize>(headOf(heads, wanted)); at; at = changetype<Record>(at).chained) {
    if (changetype<Record>(at).key == wanted) return changetype<Record>(at);
  }
  return null;
}

/** Addresses are multiples of eight; the bits above spread well. */
function headOf(heads: usize, key: u64): usize {
  return heads + ((<usize>((key ^ (key >> 3)) % CHAINS)) << 2);
}
