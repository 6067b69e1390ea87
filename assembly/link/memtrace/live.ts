/**
 * The sampled blocks that are alive: id by address, as host/memtrace/live.ts keeps them. A hash
 * table with open addressing and backward-shift deletion (Knuth, TAOCP 6.4, algorithm R).
 */
import { allocateZeroed } from "../../bytes/arena";
import { reserveOutputs } from "../../metrics/registry";

/** Blocks kept; the table then has 16 MiB, and those before it as much. */
const LIVE_MAX: u32 = 1 << 20;
const SLOTS_MIN: u32 = 1 << 10;
/** 2^32 / golden ratio: spreads addresses that differ in few bits. */
const HASH_FACTOR: u32 = 0x9e3779b1;

/** Blocks that are noted. */
export let liveCount: u32 = 0;

/** Slots of address and id; address 0 is free: no block is there. */
let slots: usize = 0;
let slotCount: u32 = 0;
let shift: u32 = 0;

/** Makes room for one more block; false if there is none. */
export function makeRoom(): bool {
  if (liveCount >= LIVE_MAX) return false;
  return liveCount << 1 < slotCount || grow();
}

/** Notes a block; the id of one that was noted at this address before, or -1. There is room. */
export function put(address: u32, id: u32): i64 {
  const slot = slotOf(address);
  const isKnown = load<u32>(slot) == address;
  const previous: i64 = isKnown ? <i64>load<u32>(slot, 4) : -1;
  store<u32>(slot, address);
  store<u32>(slot, id, 4);
  if (!isKnown) liveCount++;
  return previous;
}

/** Removes a block; its id, or -1 for one that was never noted. */
export function take(address: u32): i64 {
  if (!liveCount) return -1;
  const slot = slotOf(address);
  if (load<u32>(slot) != address) return -1;
  const id: i64 = load<u32>(slot, 4);
  close(<u32>(slot - slots) >>> 3);
  liveCount--;
  return id;
}

/** Forgets all blocks; the table stays as large as it is. */
export function forget(): void {
  memory.fill(slots, 0, slotCount << 3);
  liveCount = 0;
}

/** Where an address is, or the free slot where it would go. */
function slotOf(address: u32): usize {
  let index = homeOf(address);
  let slot = slots + (index << 3);
  while (load<u32>(slot) && load<u32>(slot) != address) {
    index = (index + 1) & (slotCount - 1);
    slot = slots + (index << 3);
  }
  return slot;
}

function homeOf(address: u32): u32 {
  return (address * HASH_FACTOR) >>> shift;
}

/** Frees a slot and moves up what had to go past it. */
function close(freed: u32): void {
  const mask = slotCount - 1;
  let hole = freed;
  let next = hole;
  while (true) {
    next = (next + 1) & mask;
    const slot = slots + (next << 3);
    const address = load<u32>(slot);
    if (!address) break;
    // It may move to the hole only if that is not before its home.
    if (((next - homeOf(address)) & mask) < ((next - hole) & mask)) continue;
    store<u64>(slots + (hole << 3), load<u64>(slot));
    hole = next;
  }
  store<u64>(slots + (hole << 3), 0);
}

/** Doubles the table; the old one's memory is not used again. */
function grow(): bool {
  const count = slotCount ? slotCount << 1 : SLOTS_MIN;
  const byteCount = count << 3;
  if (!reserveOutputs(byteCount + 8, 0)) return false;
  const old = slots;
  const end = old + (slotCount << 3);
  slots = allocateZeroed(byteCount);
  slotCount = count;
  shift = 32 - ctz(count);
  for (let at = old; at != end; at += 8) {
    const address = load<u32>(at);
    if (address) store<u64>(slotOf(address), load<u64>(at));
  }
  return true;
}
