/**
 * Replies to `l` and `m`: what a catalog's switches are set to. By default lists are sorted by name and a queried
 * list keeps the query's order; in strict mode the newest registration comes first, as in the original.
 */
import { CoreFlag } from "../abi";
import { putUnsigned } from "../bytes/integer";
import { putByte, putLiteral, putText } from "../bytes/put";
import { logs } from "../logs/source";
import { hasFlag, tagKeys } from "../metrics/registry";
import { Catalog, findSetting, Setting } from "../metrics/setting";
import { TAG_ABSENT, TAG_DISABLED } from "../metrics/tag";
import { addBytes, openFailure } from "./failure";
import { itemEnd, itemStart, nextItem, openItems } from "./item";
import { beginWalk, isFirstVisit } from "./walk";
import { putValueName } from "./word";

const NS_PER_S: u64 = 1000000000;

/** Writes the list that the query between two addresses asks for; 0 if it failed. */
export function putList(at: usize, catalog: Catalog, start: usize, end: usize, nowNs: u64): usize {
  const reply = putLiteral(at, "ok: ");
  const isWhole = end - start == 1 && load<u8>(start) == 0x2a;
  if (start != end && !isWhole) return putQueried(at, reply, catalog, start, end, nowNs);
  const all = catalog.fallback;
  let to = putEntry(putByte(reply, 0x2a), catalog, all, nowNs);
  if (isWhole && catalog != logs) to = putTags(to, nowNs);
  const isNewestFirst = hasFlag(CoreFlag.Strict);
  let link = isNewestFirst ? catalog.newest : catalog.first;
  while (link) {
    const setting = changetype<Setting>(link);
    const differs = setting.value != all.value || setting.deadlineNs != all.deadlineNs;
    if (setting.isRegistered && (isWhole || differs)) to = putNamed(to, catalog, setting, nowNs);
    link = isNewestFirst ? setting.older : setting.next;
  }
  return to - 1;
}

function putQueried(
  at: usize,
  reply: usize,
  catalog: Catalog,
  start: usize,
  end: usize,
  nowNs: u64,
): usize {
  const isStrict = hasFlag(CoreFlag.Strict);
  let to = reply;
  beginWalk();
  openItems(start, end);
  while (nextItem()) {
    const setting = findSetting(catalog, itemStart, <u32>(itemEnd - itemStart));
    if (!setting || !setting.isRegistered) {
      openFailure(at, "unknown source: ");
      addBytes(itemStart, itemEnd, false);
      return 0;
    }
    if (isFirstVisit(setting) && !isStrict) to = putNamed(to, catalog, setting, nowNs);
  }
  if (isStrict) {
    for (let link = catalog.newest; link; link = changetype<Setting>(link).older) {
      const setting = changetype<Setting>(link);
      if (!isFirstVisit(setting)) to = putNamed(to, catalog, setting, nowNs);
    }
  }
  return to - 1;
}

/** The remembered tag keys; the original remembers enabled ones only. */
function putTags(at: usize, nowNs: u64): usize {
  for (let link = tagKeys.first; link; link = changetype<Setting>(link).next) {
    const tag = changetype<Setting>(link);
    if (tag.value == TAG_ABSENT) continue;
    if (tag.value == TAG_DISABLED && hasFlag(CoreFlag.Strict)) continue;
    at = putEntry(putText(putLiteral(at, "tag:"), tag.name), tagKeys, tag, nowNs);
  }
  return at;
}

function putNamed(at: usize, catalog: Catalog, setting: Setting, nowNs: u64): usize {
  return putEntry(putText(at, setting.name), catalog, setting, nowNs);
}

/** `:<value>`, what is left of its time rounded up, and a comma. */
function putEntry(at: usize, catalog: Catalog, setting: Setting, nowNs: u64): usize {
  at = putValueName(putByte(at, 0x3a), setting.value, catalog == logs);
  if (setting.deadlineNs) {
    const left = setting.deadlineNs > nowNs ? setting.deadlineNs - nowNs : 0;
    at = putUnsigned(putLiteral(at, " for "), (left + NS_PER_S - 1) / NS_PER_S);
    at = putByte(at, 0x73);
  }
  return putByte(at, 0x2c);
}
