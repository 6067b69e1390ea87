/**
 * Text fields, which the core leaves to its hosts to set: here the host is the image itself.
 */
import { CELL_ACTIVE, CELL_STATE_OFFSET, CellKind } from "../abi";
import { COUNTERS } from "../bytes/fixed";
import { INPUT } from "../bytes/input";
import { CELL_TEXT_OFFSET, checkKind } from "../metrics/cell";
import { Field } from "../metrics/record";

/** Sets a text from the input buffer, cut on a UTF-8 boundary at the cell's capacity. */
export function setText(cell: usize, byteCount: u32): void {
  if (load<u16>(cell, CELL_STATE_OFFSET) != CellKind.Text + CELL_ACTIVE) {
    return checkKind(cell, CellKind.Text);
  }
  const capacity = changetype<Field>(load<usize>(cell)).parameterCount;
  if (byteCount > capacity) {
    store<u32>(COUNTERS, load<u32>(COUNTERS, 12) + 1, 12);
    byteCount = capacity;
    while ((byteCount != 0) & ((load<u8>(INPUT + byteCount) & 0xc0) == 0x80)) byteCount--;
  }
  store<u16>(cell, <u16>byteCount, CELL_TEXT_OFFSET);
  memory.copy(cell + CELL_TEXT_OFFSET + 2, INPUT, byteCount);
}
