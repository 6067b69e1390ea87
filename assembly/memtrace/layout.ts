/**
 * Where everything lies in the module's memory. All of it is reserved, so nothing is allocated and
 * memory never grows: 1.4 MB, of which a page counts once it is touched.
 */
import { COUNTERS_COUNT, DEPTH_MAX, MISSES_MAX } from "./abi";

/** Room behind a packet for a last event that overshoots. */
const SLACK = 64;

/** What the host hands over: a backtrace, a list of locations, or the texts of the information. */
export const INPUT: usize = memory.data(DEPTH_MAX * 8, 16);
export const INPUT_BYTES_MAX: usize = DEPTH_MAX * 8;

/** The last backtrace: u64 codes, caller first. */
export const BACKTRACE: usize = memory.data(DEPTH_MAX * 8, 16);

/** 2^14 buckets: u64 code, u16 word of the bucket that came next, 48-bit date. */
export const CACHE: usize = memory.data(16384 * 16, 16);
export const CACHE_BYTES: usize = 16384 * 16;

/** Codes that the last event's backtrace brought in, in order. */
export const MISSES: usize = memory.data(MISSES_MAX * 8, 16);

/** 32 tables: u32 count, then 31 u64 hashes from offset 8. The last one has the file names. */
export const TABLES: usize = memory.data(32 * 256, 16);
export const FILES: usize = TABLES + 31 * 256;

/** Two packets of events in turn: one is emitted while the next one begins. */
export const EVENT_PACKETS: usize = memory.data(2 * (32768 + 64), 16);
export const EVENT_PACKET_STRIDE: usize = 32768 + SLACK;

export const LOCATION_PACKET: usize = memory.data(32768 + 64, 16);

/** u32 by `TraceOutput`. */
export const OUTPUT: usize = memory.data(16, 16);

/** u32 by `TraceCounter`. */
export const COUNTERS: usize = memory.data(COUNTERS_COUNT * 4, 16);

/** What stands for locations that are too many or too long: `<unknown>:1:1-1 ??`. */
export const UNKNOWN: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 240, 63, 9, 0, 0, 0, 2, 0,
  0, 0, 60, 117, 110, 107, 110, 111, 119, 110, 62, 63, 63,
]);

/** Adds one to a counter. */
export function count(counter: u32): void {
  const at = COUNTERS + ((<usize>counter) << 2);
  store<u32>(at, load<u32>(at) + 1);
}
