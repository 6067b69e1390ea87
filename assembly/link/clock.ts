/**
 * Clocks of the runtime, in nanoseconds; and stamps of gathers, which always move on.
 */
import { absolute } from "./ground";
import { clock_time_get } from "./wasi_snapshot_preview1";

const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
/** A clock that is set back by more than this is believed. */
const STEP_NS: u64 = 1000000;

const time: usize = memory.data(8, 8);
let lastStampNs: u64 = 0;

/** Since the Unix epoch. */
export function nowNs(): u64 {
  return read(REALTIME);
}

/** Since some beginning, never back. */
export function elapsedNs(): u64 {
  return read(MONOTONIC);
}

/** The time now, or one nanosecond after the last stamp where the clock stood still. */
export function nextStampNs(): u64 {
  const now = nowNs();
  const isStill = (now <= lastStampNs) & (lastStampNs - now < STEP_NS);
  lastStampNs = isStill ? lastStampNs + 1 : now;
  return lastStampNs;
}

/** 0 where the runtime has no such clock. */
function read(clock: u32): u64 {
  return clock_time_get(clock, 1000, absolute(time)) ? 0 : load<u64>(time);
}
