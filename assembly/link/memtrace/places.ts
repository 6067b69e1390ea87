/**
 * What the linker tells of the guest (host/link/places.ts): the trace's texts, and for each call
 * that a backtrace may have where it is in the source.
 */
import { arenaRelease } from "../../bytes/arena";
import { LOCATION_RECORD_BYTES, LOCATIONS_MAX } from "../../memtrace/abi";
import { INPUT } from "../../memtrace/layout";

/** Where the linker puts the table's address. */
export const PLACES: usize = memory.data(8, 8);

/** Offsets in the table's head: counts, then the texts, then (from `CALLS_AT` on) the calls. */
const EXECUTABLE_BYTES: usize = 0;
const CONTEXT_BYTES: usize = 4;
const CALL_COUNT: usize = 8;
const CALLS_AT: usize = 12;
const TABLE_BYTES: usize = 16;
const TEXTS: usize = 20;

/** Bytes of a call: its position, and where in the table its locations are. */
const CALL_SHIFT: u32 = 3;
/** Bytes of a location: line, first and last column as u16, its file and its definition. */
const LOCATION_BYTES: usize = 16;

/** Bytes of the records that `putPlace` wrote. */
export let recordBytes: u32 = 0;

let table: usize = 0;

/** Finds the table; the arena begins behind it, before anything is there. */
export function openPlaces(): void {
  table = load<u32>(PLACES);
  arenaRelease((table + load<u32>(table, TABLE_BYTES) + 15) & ~15);
}

/** Copies the name of the guest's file; its bytes. */
export function putExecutable(target: usize): u32 {
  const byteCount = load<u32>(table, EXECUTABLE_BYTES);
  memory.copy(target, table + TEXTS, byteCount);
  return byteCount;
}

/** Copies what says how the guest is hooked; its bytes. */
export function putContext(target: usize): u32 {
  const byteCount = load<u32>(table, CONTEXT_BYTES);
  memory.copy(target, table + TEXTS + load<u32>(table, EXECUTABLE_BYTES), byteCount);
  return byteCount;
}

/** Puts the locations of a call into the writer's input; how many, or more than there can be. */
export function putPlace(position: u32): u32 {
  recordBytes = 0;
  const found = find(position);
  if (!found) return LOCATIONS_MAX + 1;
  const count = load<u32>(found);
  let at = INPUT;
  let location = found + 4;
  for (let left = count; left; left--) {
    at = putLocation(at, location);
    location += LOCATION_BYTES;
  }
  recordBytes = <u32>(at - INPUT);
  return count;
}

function putLocation(record: usize, location: usize): usize {
  const file = table + load<u32>(location, 8);
  const definition = table + load<u32>(location, 12);
  const fileBytes = <u32>load<u16>(file);
  const definitionBytes = <u32>load<u16>(definition);
  store<f64>(record, load<u32>(location));
  store<f64>(record, load<u16>(location, 4), 8);
  store<f64>(record, load<u16>(location, 6), 16);
  store<u32>(record, fileBytes, 24);
  store<u32>(record, definitionBytes, 28);
  const text = record + LOCATION_RECORD_BYTES;
  memory.copy(text, file + 2, fileBytes);
  memory.copy(text + fileBytes, definition + 2, definitionBytes);
  return text + fileBytes + definitionBytes;
}

/** Where the locations of a call are; 0 for one that is not known. */
function find(position: u32): usize {
  const calls = table + load<u32>(table, CALLS_AT);
  let low: u32 = 0;
  let high = load<u32>(table, CALL_COUNT);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const call = calls + (middle << CALL_SHIFT);
    const found = load<u32>(call);
    if (found == position) return table + load<u32>(call, 4);
    if (found < position) low = middle + 1;
    else high = middle;
  }
  return 0;
}
