/**
 * Handles: small numbers that stand for cells, checked on every use, so that a guest that is wrong or
 * hostile writes nothing but its own cells. The table's address and count are in memory, not in globals: a guest's
 * thread has an instance of its own over the same memory, and the main thread alone writes the table.
 */
import { CELL_ACTIVE, CELL_STATE_OFFSET, HANDLES_MAX, Status } from "../abi";
import { allocateZeroed } from "../bytes/arena";
import { counterAdd, gaugeAdd, gaugeSet, observe, refuse, setInteger } from "./cell";
import { reserveOutputs } from "./registry";

/** u32 address · u32 count · u32 capacity. */
const table: usize = memory.data(16, 16);
const FIRST_CAPACITY: u32 = 64;

/** Gives a cell a handle, or a negative `Status`. */
export function allocateHandle(cell: usize): i32 {
  const count = load<u32>(table, 4);
  if (count >= <u32>HANDLES_MAX) return Status.LimitReached;
  if (count == load<u32>(table, 8) && !growTable(count)) return Status.OutOfMemory;
  store<usize>(load<usize>(table) + ((<usize>count) << 2), cell);
  store<u32>(table, count + 1, 4);
  return count;
}

export function handleCounterAdd(handle: u32, value: f64): void {
  const cell = cellOf(handle);
  if (cell) counterAdd(cell, value);
}

export function handleGaugeSet(handle: u32, value: f64): void {
  const cell = cellOf(handle);
  if (cell) gaugeSet(cell, value);
}

export function handleGaugeAdd(handle: u32, value: f64): void {
  const cell = cellOf(handle);
  if (cell) gaugeAdd(cell, value);
}

export function handleIntegerSet(handle: u32, value: i64): void {
  const cell = cellOf(handle);
  if (cell) setInteger(cell, value);
}

export function handleObserve(handle: u32, value: f64): void {
  const cell = cellOf(handle);
  if (cell) observe(cell, value);
}

/** 1 while the source of the handle's cell is enabled; 0 for a wrong handle. */
export function handleIsActive(handle: u32): u32 {
  if (handle >= load<u32>(table, 4)) return 0;
  const cell = load<usize>(load<usize>(table) + ((<usize>handle) << 2));
  return load<i32>(cell, CELL_STATE_OFFSET) >= CELL_ACTIVE ? 1 : 0;
}

/** The cell of a handle, or 0, counted as refused. */
export function cellOf(handle: u32): usize {
  if (handle < load<u32>(table, 4)) return load<usize>(load<usize>(table) + ((<usize>handle) << 2));
  refuse();
  return 0;
}

function growTable(count: u32): bool {
  const capacity = max(count << 1, FIRST_CAPACITY);
  if (!reserveOutputs((<u64>capacity) << 2, 0)) return false;
  const grown = allocateZeroed(capacity << 2);
  memory.copy(grown, load<usize>(table), count << 2);
  store<usize>(table, grown);
  store<u32>(table, capacity, 8);
  return true;
}
