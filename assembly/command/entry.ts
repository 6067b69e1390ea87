/**
 * A switch as lists show it.
 */
import { ascii } from "../bytes/ascii";
import { putUnsigned } from "../bytes/integer";
import { addByte, addText, cursor, writeAt } from "../bytes/put";
import { Setting } from "../metrics/setting";
import { NS_PER_S } from "./time";
import { addValue } from "./word";

/** `<name>:<value>`, what is left of its time rounded up, and a comma. */
export function addEntry(catalog: Setting, setting: Setting, nowNs: u64): void {
  addText(setting.name);
  addByte(0x3a);
  addValue(catalog, setting.value);
  if (setting.deadlineNs) {
    addText(ascii(" for "));
    writeAt(putUnsigned(cursor, (setting.deadlineNs - nowNs + NS_PER_S - 1) / NS_PER_S));
    addByte(0x73);
  }
  addByte(0x2c);
}
