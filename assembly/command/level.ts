/**
 * `L`: log thresholds. Understood whole, then applied: all, then sources.
 */
import { CoreFlag } from "../abi";
import { logs } from "../logs/source";
import { hasFlag } from "../metrics/registry";
import { assign, findSetting, Setting } from "../metrics/setting";
import { addBytes, addQuoted, openFailure } from "./failure";
import {
  cutItem,
  itemEnd,
  itemScope,
  itemStart,
  nameEnd,
  nameStart,
  nextItem,
  openItems,
  Scope,
  valueStart,
} from "./item";
import { keepLog, skipsUnknown } from "./unknown";
import { beginWalk, isFirstVisit } from "./walk";
import { NO_WORD, parseLevel } from "./word";

/** Applies the items between two addresses until `deadlineNs`; false, with a failure at `at`, if one is wrong. */
export function applyLevels(at: usize, start: usize, end: usize, deadlineNs: u64): bool {
  if (!areLevels(at, start, end)) return false;
  let hasSources = false;
  openItems(start, end);
  while (nextItem()) {
    cutItem(false);
    if (itemScope == Scope.All) setAll(parseLevel(valueStart, itemEnd), deadlineNs);
    else hasSources = true;
  }
  if (!hasSources) return true;
  if (hasFlag(CoreFlag.Strict)) setAll(logs.fallback.value, 0);
  beginWalk();
  openItems(start, end);
  while (nextItem()) {
    cutItem(false);
    if (itemScope == Scope.All) continue;
    const log = keepLog(nameStart, <u32>(nameEnd - nameStart));
    if (log && isFirstVisit(log)) assign(log, parseLevel(valueStart, itemEnd), deadlineNs);
  }
  return true;
}

function areLevels(at: usize, start: usize, end: usize): bool {
  openItems(start, end);
  while (nextItem()) {
    cutItem(false);
    if (itemScope == Scope.Malformed) {
      openFailure(at, "Can't parse log threshold: ");
      addBytes(itemStart, itemEnd, false);
      return false;
    }
    if (parseLevel(valueStart, itemEnd) == NO_WORD) {
      openFailure(at, "");
      addQuoted(valueStart, itemEnd, ": unknown log level");
      return false;
    }
    if (itemScope == Scope.All) continue;
    const log = findSetting(logs, nameStart, <u32>(nameEnd - nameStart));
    if ((!log || !log.isRegistered) && !skipsUnknown()) {
      openFailure(at, "unknown source: ");
      addBytes(nameStart, nameEnd, false);
      return false;
    }
  }
  return true;
}

function setAll(level: u32, deadlineNs: u64): void {
  assign(logs.fallback, level, deadlineNs);
  for (let link = logs.first; link; link = changetype<Setting>(link).next) {
    assign(changetype<Setting>(link), level, deadlineNs);
  }
}
