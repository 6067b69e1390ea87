/**
 * Replies to `l` and `m`: what a catalog's switches are set to. By default lists are sorted by name
 * and a queried list keeps the query's order; in strict mode the newest registration comes first,
 * as in the original.
 */
import { CoreFlag } from "../abi";
import { ascii } from "../bytes/ascii";
import { addText, cursor, writeAt } from "../bytes/put";
import { hasFlag, logs, TAG_ABSENT, tagKeys } from "../metrics/registry";
import { Setting } from "../metrics/setting";
import { addEntry } from "./entry";
import { takeItems } from "./item";
import { isVisited } from "./visit";

/** Appends the list that the query between two addresses asks for. */
export function addList(catalog: Setting, start: usize, end: usize, nowNs: u64): void {
  const isStrict = hasFlag(CoreFlag.Strict);
  const isWhole = (end - start == 1) & (load<u8>(start) == 0x2a);
  const isQuery = (start != end) & !isWhole;
  addText(ascii("ok: "));
  if (isQuery) {
    if (!takeItems(catalog, start, end, nowNs, false, true)) return;
  } else {
    addEntry(catalog, catalog, nowNs);
    if (isWhole & (catalog != logs)) addTags(nowNs);
  }
  let at: usize = 0;
  if (!isQuery | isStrict) at = next(catalog, isStrict);
  while (at) {
    const setting = changetype<Setting>(at);
    const differs = (setting.value != catalog.value) | (setting.deadlineNs != catalog.deadlineNs);
    const isShown = isQuery ? isVisited(setting) : isWhole | differs;
    if (isShown & !setting.isKept) addEntry(catalog, setting, nowNs);
    at = next(setting, isStrict);
  }
  writeAt(cursor - 1);
}

function next(setting: Setting, isNewestFirst: bool): usize {
  return isNewestFirst ? setting.older : setting.next;
}

/** The remembered tag keys; the original remembers enabled ones only, and so holds no others. */
function addTags(nowNs: u64): void {
  for (let at = tagKeys.next; at; at = changetype<Setting>(at).next) {
    const tag = changetype<Setting>(at);
    if (tag.value == TAG_ABSENT) continue;
    addText(ascii("tag:"));
    addEntry(tagKeys, tag, nowNs);
  }
}
