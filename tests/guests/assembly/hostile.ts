/**
 * A guest that calls every import with what it must not: wrong handles, lengths past its memory,
 * messages that do not decode, numbers that are none. Nothing may trap or be changed by it;
 * `hostile_survived` is 1 and `hostile_bystander_total` is 5 at the end.
 */
import { Counter, Gauge, Log } from "../../../assembly/guest";
import {
  counter_add,
  gauge_add,
  gauge_set,
  integer_set,
  is_active,
  log,
  log_passes,
  log_source,
  observe,
  series,
  source,
  text_set,
} from "../../../assembly/guest/monitor";

const NUMBERS: i32[] = [-1, -2147483648, 2147483647, 1000000, 1000001, 65536, 12345];
const VALUES: f64[] = [NaN, Infinity, -Infinity, -1, 1e308];
const LENGTHS: u32[] = [0xffffffff, 0x80000000, 0x7fffffff, 65537, 65536, 1];
const BYTES = memory.data(256);

const bystander = new Counter("hostile_bystander_total", "Not touched by wrong calls.");
bystander.inc(5);

for (let i = 0; i < NUMBERS.length; i++) useHandle(NUMBERS[i]);
for (let i = 0; i < LENGTHS.length; i++) useLength(LENGTHS[i]);
for (let i = 0; i < 256; i++) useGarbage(i);
for (let i = 0; i < VALUES.length; i++) if (!(VALUES[i] > 0)) bystander.inc(VALUES[i]);

new Log("hostile").info("survived");
new Gauge("hostile_survived", "1 at the end.").set(1);

function useHandle(handle: i32): void {
  for (let i = 0; i < VALUES.length; i++) {
    counter_add(handle, VALUES[i]);
    gauge_set(handle, VALUES[i]);
    gauge_add(handle, VALUES[i]);
    observe(handle, VALUES[i]);
  }
  integer_set(handle, i64.MIN_VALUE);
  text_set(handle, BYTES, 4);
  is_active(handle);
  series(handle, BYTES, 0);
  log_passes(handle, handle);
  log(handle, handle, BYTES, 4);
}

/** Spans that end past the memory, or begin there. */
function useLength(byteCount: u32): void {
  const end = (<usize>memory.size()) << 16;
  useSpan(BYTES, byteCount);
  useSpan(end - 1, byteCount);
  useSpan(end, byteCount);
  useSpan(<usize>0xffffffff, byteCount);
}

function useSpan(address: usize, byteCount: u32): void {
  source(address, byteCount);
  series(0, address, byteCount);
  text_set(0, address, byteCount);
  log_source(address, byteCount);
  log(0, 1, address, byteCount);
}

/** Messages of pseudo-random bytes, the same in every run. */
function useGarbage(seed: u32): void {
  let state: u32 = seed * 2654435761 + 1;
  for (let i: u32 = 0; i < 256; i++) {
    state = state * 1664525 + 1013904223;
    store<u8>(BYTES + i, <u8>(state >>> 24));
  }
  store<u8>(BYTES + 1, <u8>seed); // a name length that may fit
  store<u8>(BYTES + 2, 0);
  for (let byteCount: u32 = 0; byteCount < 256; byteCount += 17) {
    source(BYTES, byteCount);
    series(0, BYTES, byteCount);
  }
}
