/**
 * Packets: their headers (memtrace's `trace.ml`, version 3), the one that takes events, and when it
 * is full. A packet that is complete stays where it is until the host has emitted it: that is
 * before its next call.
 */
import { PACKET_BYTES_MAX, TraceOutput } from "./abi";
import { clearMisses, missCount, putVerifier } from "./backtrace";
import { EVENT_PACKET_STRIDE, EVENT_PACKETS, OUTPUT } from "./layout";

const MAGIC: u32 = 0xc1fc1fc1;
const VERSION: u16 = 3;
export const HEADER_BYTES: usize = 68;

/** An event has at most 100 bytes beside its backtrace of at most 4,096. */
const EVENT_BYTES_MAX: usize = 100 + 4096;
const ROOM_ENDS: usize = <usize>PACKET_BYTES_MAX - EVENT_BYTES_MAX;
const NEW_LOCATIONS_MAX: u32 = 128;
/** Less than what 25 bits of time hold. */
const PACKET_US_MAX: i64 = 30000000;
const IDS_PER_CHUNK: u64 = 10000;

const TIME_MASK: u32 = 0x1ffffff;

export let nextId: u64 = 0;
export let startId: u64 = 0;
export let startUs: i64 = 0;
export let lastUs: i64 = 0;
/** Where the next event is written. */
export let cursor: usize = 0;

let chunkEnd: u64 = 0;
let newLocations: u32 = 0;
let pid: i64 = 0;
let packet: usize = EVENT_PACKETS;

/** Starts a trace at id 0; the packet that is open is empty, its verifier a dummy. */
export function openPackets(process: i64, us: i64): void {
  pid = process;
  nextId = 0;
  startId = 0;
  chunkEnd = IDS_PER_CHUNK;
  newLocations = 0;
  startUs = us;
  lastUs = us;
  clearMisses();
  packet = EVENT_PACKETS;
  cursor = putHeader(packet);
  putDummyVerifier(packet);
}

/** Whether the open packet must be flushed before an event at `us`. */
export function isPacketFull(us: i64): bool {
  return (
    cursor - packet > ROOM_ENDS ||
    newLocations > NEW_LOCATIONS_MAX ||
    us - startUs > PACKET_US_MAX ||
    nextId == chunkEnd
  );
}

/** Completes the open packet, for the host to emit, and opens the next one at `us`. */
export function turnPacket(us: i64): void {
  closePacket(packet, cursor, lastUs, nextId);
  store<u32>(OUTPUT, packet, TraceOutput.EventAddress << 2);
  store<u32>(OUTPUT, cursor - packet, TraceOutput.EventBytes << 2);
  if (nextId == chunkEnd) chunkEnd += IDS_PER_CHUNK;
  startId = nextId;
  startUs = us;
  lastUs = us;
  newLocations = 0;
  packet = 2 * EVENT_PACKETS + EVENT_PACKET_STRIDE - packet;
  cursor = putHeader(packet);
  putVerifier(packet + 40);
}

/** Writes the header of an event at `us` and makes that the time of the last one. */
export function beginEvent(code: u32, us: i64): usize {
  lastUs = us;
  return putEventHeader(cursor, code, us);
}

/** Ends an event where its bytes end. */
export function endEvent(at: usize): void {
  cursor = at;
}

/** Takes the next id, and notes the codes that its backtrace brought in. */
export function takeId(): void {
  nextId++;
  newLocations += missCount;
}

/** Writes an event's code and the low 25 bits of its time. */
export function putEventHeader(at: usize, code: u32, us: i64): usize {
  store<u32>(at, (code << 25) | (<u32>us & TIME_MASK));
  return at + 4;
}

/** Writes what is known of a header when its packet opens; returns the address behind it. */
export function putHeader(at: usize): usize {
  store<u32>(at, MAGIC);
  store<u32>(at, 0, 24);
  store<u16>(at, VERSION, 28);
  store<i64>(at, pid, 30);
  store<u16>(at, 0, 38);
  return at + HEADER_BYTES;
}

/** Fills in a verifier that readers do not compare. */
export function putDummyVerifier(at: usize): void {
  store<u32>(at, 0xffff, 40);
  store<u64>(at, 0, 44);
}

/** Fills in the rest of a header: its packet began at `startUs` and `startId`. */
export function closePacket(at: usize, end: usize, untilUs: i64, untilId: u64): void {
  store<u32>(at, (end - at) << 3, 4);
  store<i64>(at, startUs, 8);
  store<i64>(at, untilUs, 16);
  store<u64>(at, startId, 52);
  store<u64>(at, untilId, 60);
}
