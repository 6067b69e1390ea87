/**
 * Location events, and the packet that collects them. They are encoded as soon as the host has told
 * what a code means: the packet's time and ids are known, and it is emitted before its events.
 * After memtrace's `location_codec.ml`.
 */
import {
  LOCATION_BYTES_MAX,
  LOCATION_RECORD_BYTES,
  LOCATIONS_MAX,
  PACKET_BYTES_MAX,
  TraceCounter,
  TraceOutput,
  TraceStatus,
} from "./abi";
import { count, INPUT, LOCATION_PACKET, OUTPUT, UNKNOWN } from "./layout";
import { findDefinition, findFile, NAMES_MAX } from "./name-table";
import {
  closePacket,
  putDummyVerifier,
  putEventHeader,
  putHeader,
  startId,
  startUs,
} from "./packet";

const EVENT_LOCATION: u32 = 1;

const LINE_MAX: f64 = 0xfffff;
const FIRST_COLUMN_MAX: f64 = 0xff;
const LAST_COLUMN_MAX: f64 = 0x3ff;

/** A reader's buffer ends here. */
const PACKET_END: usize = LOCATION_PACKET + PACKET_BYTES_MAX;

/** Where the next location is written; 0 while no packet is open. */
let cursor: usize = 0;

/** Drops what is open. */
export function clearLocations(): void {
  cursor = 0;
}

/**
 * Writes what a code means from the records in INPUT, or that it is unknown when they are too many
 * or too long. Completes the packet when another one might not fit, and then returns 1.
 */
export function putLocations(code: u64, records: u32, byteCount: u32): i32 {
  const total = records > <u32>LOCATIONS_MAX ? u64.MAX_VALUE : measure(records, byteCount);
  if (total == 0) return TraceStatus.Malformed;
  if (cursor == 0) {
    cursor = putHeader(LOCATION_PACKET);
    putDummyVerifier(LOCATION_PACKET);
  }
  const isKnown = total <= <u64>LOCATION_BYTES_MAX && total + 4 <= <u64>(PACKET_END - cursor);
  let at = putEventHeader(cursor, EVENT_LOCATION, startUs);
  store<u64>(at, code);
  store<u8>(at, isKnown ? records : 1, 8);
  at += 9;
  if (isKnown) at = putRecords(at, INPUT, records);
  else {
    count(TraceCounter.UnknownLocations);
    at = putRecords(at, UNKNOWN, 1);
  }
  cursor = at;
  if (PACKET_END - at > <usize>LOCATION_BYTES_MAX) return 0;
  turnLocations();
  return 1;
}

/** Completes the packet, if there is one, for the host to emit. */
export function turnLocations(): void {
  store<u32>(OUTPUT, 0, TraceOutput.EventBytes << 2);
  store<u32>(OUTPUT, 0, TraceOutput.LocationBytes << 2);
  if (cursor == 0) return;
  closePacket(LOCATION_PACKET, cursor, startUs, startId);
  store<u32>(OUTPUT, cursor - LOCATION_PACKET, TraceOutput.LocationBytes << 2);
  cursor = 0;
}

/** Bytes of the event's body at worst; 0 when a text reaches past the end of the input. */
function measure(records: u32, byteCount: u32): u64 {
  let total: u64 = 8 + 1;
  let used: u64 = 0;
  for (let index: u32 = 0; index < records; index++) {
    if (used + LOCATION_RECORD_BYTES > byteCount) return 0;
    const record = INPUT + <usize>used;
    const texts = <u64>load<u32>(record, 24) + load<u32>(record, 28);
    used += LOCATION_RECORD_BYTES + texts;
    total += 6 + 2 + texts;
  }
  return used > byteCount ? 0 : total;
}

/** 48 bits a location, low bits first; a name that is not in its table follows. */
function putRecords(start: usize, input: usize, records: u32): usize {
  let at = start;
  let record = input;
  for (let index: u32 = 0; index < records; index++) {
    const fileBytes = load<u32>(record, 24);
    const definitionBytes = load<u32>(record, 28);
    const file = record + LOCATION_RECORD_BYTES;
    const definition = file + fileBytes;
    const fileIndex = findFile(file, fileBytes);
    const definitionIndex = findDefinition(definition, definitionBytes);
    const line = clamp(load<f64>(record), LINE_MAX);
    const first = clamp(load<f64>(record, 8), FIRST_COLUMN_MAX);
    const last = clamp(load<f64>(record, 16), LAST_COLUMN_MAX);
    const numbers = line | (first << 20) | (last << 28);
    store<u64>(at, numbers | ((<u64>fileIndex) << 38) | ((<u64>definitionIndex) << 43));
    at += 6;
    if (fileIndex == NAMES_MAX) at = putText(at, file, fileBytes);
    if (definitionIndex == NAMES_MAX) at = putText(at, definition, definitionBytes);
    record = definition + definitionBytes;
  }
  return at;
}

/** Out of range in either direction is the maximum. */
function clamp(value: f64, most: f64): u64 {
  if (value >= 0 && value <= most) return <u64>value;
  count(TraceCounter.ClampedFields);
  return <u64>most;
}

/** Writes a text up to its end or its first NUL, and a NUL. */
export function putText(start: usize, text: usize, byteCount: u32): usize {
  let at = start;
  for (let index: usize = 0; index < byteCount; index++) {
    const byte = load<u8>(text + index);
    if (byte == 0) break;
    store<u8>(at, byte);
    at++;
  }
  store<u8>(at, 0);
  return at + 1;
}
