/**
 * Timed settings: when the next one reverts, and reverting what is due.
 */
import { logs } from "../logs/source";
import { Source } from "../metrics/record";
import { sources, tagKeys } from "../metrics/registry";
import { Catalog, Setting } from "../metrics/setting";
import { setActive } from "../metrics/source";

/** When the next timed setting reverts, in ns since the epoch; 0 = none. */
export function nextDeadlineNs(): u64 {
  const soonest = min(soonestOf(sources), min(soonestOf(tagKeys), soonestOf(logs)));
  return soonest + 1 ? soonest : 0;
}

/** Reverts every timed setting that is due; 1 if any was. */
export function expire(nowNs: u64): u32 {
  return expireIn(sources, nowNs) | expireIn(tagKeys, nowNs) | expireIn(logs, nowNs);
}

function soonestOf(catalog: Catalog): u64 {
  let soonest = catalog.fallback.deadlineNs - 1;
  for (let at = catalog.first; at; at = changetype<Setting>(at).next) {
    soonest = min(soonest, changetype<Setting>(at).deadlineNs - 1);
  }
  return soonest + 1 ? soonest + 1 : u64.MAX_VALUE;
}

function expireIn(catalog: Catalog, nowNs: u64): u32 {
  let count = revert(catalog.fallback, nowNs);
  for (let at = catalog.first; at; at = changetype<Setting>(at).next) {
    const setting = changetype<Setting>(at);
    if (!revert(setting, nowNs)) continue;
    count = 1;
    if (catalog == sources) setActive(changetype<Source>(setting), setting.value);
  }
  return count;
}

function revert(setting: Setting, nowNs: u64): u32 {
  if (!setting.deadlineNs || setting.deadlineNs > nowNs) return 0;
  setting.value = setting.saved;
  setting.deadlineNs = 0;
  return 1;
}
