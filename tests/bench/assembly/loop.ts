/**
 * A guest that does nothing but increment and ask: what one call from wasm into the core costs.
 */
import { Counter } from "../../../assembly/guest/index";

const busy = new Counter("guest_jobs_total", "Jobs done.", ["kind"]).labels(["short"]);
const idle = new Counter("guest_idle_total", "Jobs of a disabled source.", ["kind"]).labels([
  "short",
]);

/** Increments an enabled counter. */
export function increment(count: i32): void {
  for (let i = 0; i < count; i++) busy.inc();
}

/** Asks `count` times whether a disabled source is enabled; how often it was. */
export function countActive(count: i32): i32 {
  let activeCount = 0;
  for (let i = 0; i < count; i++) activeCount += <i32>idle.isActive;
  return activeCount;
}
