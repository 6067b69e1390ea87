/**
 * Packets of a memtrace trace: the header, and the time in each event's header.
 *
 * Format: CTF 1.8 as janestreet/memtrace's `memtrace.tsdl` describes it, versions 1 to 3. Version 2
 * added a context string to the trace's info, version 3 the domain to this header.
 */
import type { Cursor } from "./cursor.js";
import { DamageError } from "./damage.js";

export const CTF_MAGIC = 0xc1fc1fc1;
/** The newest version of the format that is known. */
export const VERSION_MAX = 3;
/** Bytes of a header in versions 1 and 2; the domain in version 3 takes two more. */
export const HEADER_BYTES_MIN = 66;
/** The writers' limit is 32 KiB; more is read in case another writer has another. */
export const PACKET_BYTES_MAX = 1 << 20;

/** Where the version stands, for headers that are not read to their end. */
const VERSION_AT = 28;

export interface PacketHeader {
  /** All of the packet, header included. */
  readonly packetBytes: number;
  /** Microseconds since the epoch; every event lies between them, both included. */
  readonly beginUs: number;
  readonly untilUs: number;
  readonly version: number;
  readonly pid: bigint;
  readonly domain: number;
  readonly verifier: CacheVerifier;
  /** Of the first allocation in the packet, and of the first one after it. */
  readonly firstId: number;
  readonly nextId: number;
}

/** One bucket of the writer's backtrace cache, to compare with the reader's. */
export interface CacheVerifier {
  /** 65,535: nothing to compare. */
  readonly index: number;
  readonly prediction: number;
  readonly code: bigint;
}

/**
 * Bytes of the packet that begins here, from the first eight bytes of its header. Throws a
 * DamageError if none begins here.
 */
export function readPacketBytes(cursor: Cursor): number {
  const at = cursor.byte;
  if (cursor.u32() !== CTF_MAGIC) throw new DamageError(at, "no packet begins here");
  const bits = cursor.u32();
  const byteCount = bits / 8;
  if (!Number.isInteger(byteCount) || byteCount < HEADER_BYTES_MIN || byteCount > PACKET_BYTES_MAX)
    throw new DamageError(at + 4, `a packet cannot have ${bits} bits`);
  return byteCount;
}

/** Reads a packet's header; throws a DamageError for what cannot be one. */
export function readPacketHeader(cursor: Cursor): PacketHeader {
  const at = cursor.byte;
  const packetBytes = readPacketBytes(cursor);
  const beginUs = cursor.u64("a packet's time");
  const untilUs = cursor.u64("a packet's time");
  cursor.u32(); // flush duration: always 0
  const version = cursor.u16();
  if (version < 1 || version > VERSION_MAX)
    throw new DamageError(at + VERSION_AT, describeVersion(version));
  const pid = cursor.i64();
  const domain = version >= 3 ? cursor.u16() : 0;
  const verifier = { index: cursor.u16(), prediction: cursor.u16(), code: cursor.i64() };
  const firstId = cursor.u64("an allocation id");
  const nextId = cursor.u64("an allocation id");
  if (beginUs > untilUs) throw new DamageError(at + 8, "a packet ends before it begins");
  if (firstId > nextId) throw new DamageError(at, "a packet's allocation ids descend");
  if (packetBytes < cursor.byte - at)
    throw new DamageError(at + 4, `a packet cannot have ${packetBytes} bytes`);
  return { packetBytes, beginUs, untilUs, version, pid, domain, verifier, firstId, nextId };
}

const TIME_BITS = 25;
const TIME_MASK = (1 << TIME_BITS) - 1;

/** The event code in an event's first word: its upper seven bits. */
export function eventCode(word: number): number {
  return word >>> TIME_BITS;
}

/**
 * Microseconds since the epoch of an event, from the lower 25 bits of its first word: the first
 * such time that is not before the packet.
 */
export function eventTimeUs(word: number, { beginUs }: PacketHeader): number {
  const beginLow = beginUs % (TIME_MASK + 1);
  return beginUs + (((word & TIME_MASK) - beginLow) & TIME_MASK);
}

function describeVersion(version: number): string {
  return version === 0
    ? "a packet of version 0: that is no memtrace trace"
    : `version ${version} of the format; known are 1 to ${VERSION_MAX}`;
}
