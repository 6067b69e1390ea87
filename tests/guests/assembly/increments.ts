/**
 * A plug-in for the benchmarks: loops over single import calls.
 */
import { Counter, Level, Log } from "../../../assembly/guest";

const counter = new Counter("increments_total", "Increments.");
const log = new Log("increments");

/** Increments the counter `count` times; `guest_counter_inc`. */
export function increment(count: u32): void {
  for (let i: u32 = 0; i < count; i++) counter.inc();
}

/** Asks `count` times whether debug messages pass; how often they did. */
export function ask(count: u32): u32 {
  let passed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) passed += log.passes(Level.Debug) ? 1 : 0;
  return passed;
}
