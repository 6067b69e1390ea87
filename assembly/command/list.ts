/**
 * Replies to `l` and `m`: what a catalog's switches are set to. By default lists are sorted by name
 * and a queried list keeps the query's order; in strict mode the newest registration comes first,
 * as in the original.
 */
import { CoreFlag } from "../abi";
import { ascii } from "../bytes/ascii";
import { putUnsigned } from "../bytes/integer";
import { addByte, addText, cursor, writeAt } from "../bytes/put";
import { copyText } from "../bytes/text";
import { hasFlag, logs, TAG_ABSENT, tagKeys } from "../metrics/registry";
import { findSetting, Setting } from "../metrics/setting";
import { isFirstVisit, isVisited, itemEnd, itemStart, nextItem, openItems } from "./item";
import { failBytes } from "./outcome";
import { NS_PER_S } from "./time";
import { addValue } from "./word";

/** Appends the list that the query between two addresses asks for. */
export function addList(catalog: Setting, start: usize, end: usize, nowNs: u64): void {
  const isStrict = hasFlag(CoreFlag.Strict);
  const isWhole = (end - start == 1) & (load<u8>(start) == 0x2a);
  const isQuery = (start != end) & !isWhole;
  addText(ascii("ok: "));
  if (isQuery) {
    if (!visitQueried(catalog, start, end, nowNs, !isStrict)) return;
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

/**
 * Marks the queried switches, and lists them if wanted; false, with the failure, if one is unknown.
 */
function visitQueried(
  catalog: Setting,
  start: usize,
  end: usize,
  nowNs: u64,
  isListed: bool,
): bool {
  openItems(start, end);
  while (nextItem()) {
    const setting = findSetting(catalog, copyText(itemStart, itemEnd), false);
    if (!setting) {
      failBytes(ascii("unknown source: "), itemStart, itemEnd, 0);
      return false;
    }
    if (isFirstVisit(setting) & isListed) addEntry(catalog, setting, nowNs);
  }
  return true;
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

/** `<name>:<value>`, what is left of its time rounded up, and a comma. */
function addEntry(catalog: Setting, setting: Setting, nowNs: u64): void {
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
