/**
 * Writes of any kind of value into a cell, for tables of rows.
 */
import type { Core } from "./core.js";

/**
 * What a row writes: a number into a counter or gauge, a bigint, a text, or observations;
 * `undefined` leaves the cell as it was born.
 */
export type Value = number | bigint | string | readonly number[] | undefined;

/** Writes a value by the export that fits its type; a cell of the other kind refuses it. */
export function write(core: Core, cell: number, value: Value): void {
  const { exports, writes } = core;
  if (typeof value === "bigint") writes.setInteger(cell, value);
  else if (typeof value === "string") core.setText(cell, value);
  else if (typeof value === "number") {
    writes.gaugeSet(cell, value);
    writes.counterAdd(cell, value);
  } else for (const each of value ?? []) exports.observeCell(cell, each);
}
