/**
 * The sources that every image has: the linker writes their definitions, as messages, and the names
 * of the WASI calls that the guest imports (host/link/setup.ts has the order).
 */
import { CELL_ACTIVE_OFFSET, CELL_VALUE_OFFSET } from "../abi";
import { INPUT } from "../bytes/input";
import { textEnd, textStart } from "../bytes/text";
import { Field, Source } from "../metrics/record";
import { registerSeries } from "../metrics/series";
import { registerSource } from "../metrics/source";
import { limitGuest } from "./ground";

/** Where the linker puts the guest's limit and its messages, each a counted text. */
export const SETUP: usize = memory.data(16384, 16);

/** Records of sources and of their series. */
export let memorySource: usize = 0;
export let guestSource: usize = 0;
export let callSource: usize = 0;
export let transferSource: usize = 0;
export let ownSource: usize = 0;
export let pushSource: usize = 0;
export let controlSource: usize = 0;
export let logSource: usize = 0;
export let messageSource: usize = 0;

/** Series of the calls, in the linker's order. */
const calls: usize = memory.data(256, 16);
let at: usize = SETUP;

/** Registers them all. */
export function openSetup(): void {
  limitGuest(load<u32>(at));
  at += 4;
  memorySource = take();
  guestSource = take();
  callSource = take();
  transferSource = take();
  ownSource = take();
  pushSource = take();
  controlSource = take();
  logSource = take();
  messageSource = take();
  const count = <u32>load<u16>(at);
  at += 2;
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(calls + (i << 2), registerSeries(callSource, takeMessage()));
  }
}

/** The cell of a field of a source without tags. */
export function cellOf(source: usize, fieldIndex: u32): usize {
  return cellIn(source, changetype<Source>(source).firstSeries, fieldIndex);
}

/** The cell of a field of a series. */
export function cellIn(source: usize, series: usize, fieldIndex: u32): usize {
  let field = changetype<Source>(source).firstField;
  for (; fieldIndex; fieldIndex--) field = changetype<Field>(field).next;
  return series + changetype<Field>(field).offset;
}

/** The cell of a field of the `index`-th call. */
export function cellOfCall(index: u32, fieldIndex: u32): usize {
  return cellIn(callSource, load<u32>(calls + (index << 2)), fieldIndex);
}

/** Sets a number whether its source is active or not. */
export function record(cell: usize, value: f64): void {
  store<f64>(cell, value, CELL_VALUE_OFFSET);
}

/** Adds to a number while its source is active. */
export function add(cell: usize, value: f64): void {
  if (!load<u8>(cell, CELL_ACTIVE_OFFSET)) return;
  store<f64>(cell, load<f64>(cell, CELL_VALUE_OFFSET) + value, CELL_VALUE_OFFSET);
}

/** Registers the next definition; a source without tags has its series at once. */
export function take(): usize {
  const source = registerSource(takeMessage());
  if (!changetype<Source>(source).tagCount) registerSeries(source, 0);
  return source;
}

/** Takes the next message into the input; its bytes. */
export function takeMessage(): u32 {
  const end = textEnd(at);
  const byteCount = <u32>(end - textStart(at));
  memory.copy(INPUT, textStart(at), byteCount);
  at = end;
  return byteCount;
}
