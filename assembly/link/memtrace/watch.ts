/**
 * Blocks whose free is asked for: counters in the guest's probe table, a byte for each eighth
 * address. Addresses of the guest.
 */
import { fromGuest } from "../ground";
import { reserve } from "../guest";
import { block, PROBE_BYTES, probe, probeAt } from "./hooks";

/** A counter that has been here stays: it no longer knows how many there are. */
const SATURATED: u32 = 255;

/** Has the free of a block told; false if the guest has no memory for the table. */
export function watch(address: u32): bool {
  if (!probe) {
    const table = reserve();
    if (!table) return false;
    probeAt(table);
  }
  const counter = counterOf(address);
  const count: u32 = load<u8>(counter);
  if (count < SATURATED) store<u8>(counter, count + 1);
  return true;
}

/** Takes back one `watch`. */
export function unwatch(address: u32): void {
  if (!probe) return;
  const counter = counterOf(address);
  const count: u32 = load<u8>(counter);
  if (count - 1 < SATURATED - 1) store<u8>(counter, count - 1);
}

/** Has no frees told any more: the guest is as if nobody had watched. */
export function unwatchAll(): void {
  if (block) memory.fill(fromGuest(block), 0, PROBE_BYTES);
  probeAt(0);
}

function counterOf(address: u32): usize {
  return fromGuest(probe + ((address >>> 3) & <u32>(PROBE_BYTES - 1)));
}
