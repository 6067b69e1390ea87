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
  for (let at = source.firstSeries; at; at = changetype<Series>(at).next) openCells(source, at, 0);
}

/** Writes the headers of a series' cells, and zeros behind them where `zeros` is all ones. */
export function openCells(source: Source, series: usize, zeros: u32): void {
  for (let link = source.firstField; link; link = changetype<Field>(link).next) {
    const field = changetype<Field>(link);
    const cell = series + field.offset;
    memory.fill(cell, 0, field.cellBytes & zeros);
    store<usize>(cell, link);
    store<u16>(cell, <u16>(field.kind + source.value * CELL_ACTIVE), CELL_STATE_OFFSET);
  }
}
