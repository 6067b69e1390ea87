/**
 * Handles: small numbers that stand for cells, checked on every use, so that a guest that is wrong
 * or hostile writes nothing but its own cells. The table's address and count are in memory, not in
 * globals: a guest's thread has an instance of its own over the same memory, and the main thread
 * alone writes the table.
 */
import { CELL_ACTIVE_OFFSET, HANDLES_MAX, Status } from "../abi";
import { allocate } from "../bytes/arena";
import { HANDLES } from "../bytes/fixed";
import { counterAdd, gaugeAdd, gaugeSet, observe, setInteger } from "./cell";
import { reserveOutputs } from "./registry";

/** Gives a cell a handle, or a negative `Status`. */
export function allocateHandle(cell: usize): i32 {
  const count = load<u32>(HANDLES, 4);
  if (count >= <u32>HANDLES_MAX) return Status.LimitReached;
  // The table is full at 0 and at every power of two.
  if (popcnt(count) < 2) {
    const bytes = (count << 3) + 8;
    if (!reserveOutputs(bytes, 0)) return Status.OutOfMemory;
    const grown = allocate(bytes);
    memory.copy(grown, load<usize>(HANDLES), count << 2);
    store<usize>(HANDLES, grown);
  }
  store<usize>(load<usize>(HANDLES) + ((<usize>count) << 2), cell);
  store<u32>(HANDLES, count + 1, 4);
  return count;
}

/** The hottest of all: looks its cell up itself, which saves a call. */
export function handleCounterAdd(handle: u32, value: f64): void {
  let cell: usize = 0;
  if (handle < load<u32>(HANDLES, 4)) {
    cell = load<usize>(load<usize>(HANDLES) + ((<usize>handle) << 2));
  }
  counterAdd(cell, value);
}

export function handleGaugeSet(handle: u32, value: f64): void {
  gaugeSet(cellOf(handle), value);
}

export function handleGaugeAdd(handle: u32, value: f64): void {
  gaugeAdd(cellOf(handle), value);
}

export function handleIntegerSet(handle: u32, value: i64): void {
  setInteger(cellOf(handle), value);
}

export function handleObserve(handle: u32, value: f64): void {
  observe(cellOf(handle), value);
}

/** 1 while the source of the handle's cell is enabled; 0 for a wrong handle. */
export function handleIsActive(handle: u32): u32 {
  return load<u8>(cellOf(handle), CELL_ACTIVE_OFFSET);
}

/**
 * The cell of a handle; 0, where no cell of any kind is, for a wrong one: whoever writes to it is
 * refused.
 */
function cellOf(handle: u32): usize {
  if (handle >= load<u32>(HANDLES, 4)) return 0;
  return load<usize>(load<usize>(HANDLES) + ((<usize>handle) << 2));
}
