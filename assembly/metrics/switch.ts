/**
 * What a switch does: sets its value, and of a source's the state of all its cells.
 */
import { CELL_ACTIVE, CELL_STATE_OFFSET } from "../abi";
import { Field, Series, Source } from "./record";
import { Setting } from "./setting";

/**
 * Sets a switch until `deadlineNs` (0 = for good). A timed setting remembers the value before the
 * first timed one; any other forgets it.
 */
export function assign(setting: Setting, value: u32, deadlineNs: u64): void {
  setting.value = value;
  setting.deadlineNs = deadlineNs;
  if (!deadlineNs) setting.saved = value;
  const source = changetype<Source>(setting);
  for (let at = source.firstSeries; at; at = changetype<Series>(at).next) openState(at, source);
}

/** Writes the states of a series' cells. */
function openState(series: usize, source: Source): void {
  for (let link = source.firstField; link; link = changetype<Field>(link).next) {
    const field = changetype<Field>(link);
    store<u16>(series + field.offset, <u16>stateOf(field, source.value), CELL_STATE_OFFSET);
  }
}

/** Makes a cell: header, and zeros. */
export function openCell(cell: usize, field: Field, isOn: u32): void {
  memory.fill(cell, 0, field.cellBytes);
  store<usize>(cell, changetype<usize>(field));
  store<u16>(cell, <u16>stateOf(field, isOn), CELL_STATE_OFFSET);
}

function stateOf(field: Field, isOn: u32): u32 {
  return field.kind + isOn * CELL_ACTIVE;
}
