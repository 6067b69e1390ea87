/**
 * `M`: sources on and off. Understood whole, then applied: all, then tags, then sources.
 */
import { CoreFlag } from "../abi";
import { textBytes, textStart } from "../bytes/text";
import { Source } from "../metrics/record";
import { hasFlag, sources, tagKeys } from "../metrics/registry";
import { assign, findSetting, Setting } from "../metrics/setting";
import { setActive } from "../metrics/source";
import { hasTag, TAG_ABSENT, TAG_ENABLED, tagAt } from "../metrics/tag";
import { addBytes, openFailure } from "./failure";
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
import { keepSource, keepTag, skipsUnknown } from "./unknown";
import { beginWalk, isFirstVisit } from "./walk";
import { NO_WORD, parseSwitch } from "./word";

/** Applies the items between two addresses until `deadlineNs`; false, with a failure at `at`, if one is wrong. */
export function applySwitches(at: usize, start: usize, end: usize, deadlineNs: u64): bool {
  if (!areSwitches(at, start, end)) return false;
  let wipes = false;
  for (let scope = Scope.All; scope <= Scope.Source; scope++) {
    if (scope == Scope.Source && wipes && hasFlag(CoreFlag.Strict)) recompute();
    beginWalk();
    openItems(start, end);
    while (nextItem()) {
      cutItem(true);
      if (itemScope != scope) continue;
      if (scope != Scope.Source) wipes = true;
      applyItem(parseSwitch(valueStart, itemEnd), deadlineNs);
    }
  }
  return true;
}

function applyItem(isOn: u32, deadlineNs: u64): void {
  const byteCount = <u32>(nameEnd - nameStart);
  if (itemScope == Scope.All) return setAll(isOn, deadlineNs);
  if (itemScope == Scope.Tag) {
    const tag = keepTag(nameStart, byteCount);
    if (tag && isFirstVisit(tag)) setTag(tag, isOn, deadlineNs);
    return;
  }
  const source = keepSource(nameStart, byteCount);
  if (source && isFirstVisit(source)) setSource(source, isOn, deadlineNs);
}

function areSwitches(at: usize, start: usize, end: usize): bool {
  openItems(start, end);
  while (nextItem()) {
    cutItem(true);
    if (itemScope == Scope.Malformed) {
      openFailure(at, "couldn't decode metrics ");
      addBytes(itemStart, itemEnd, false);
      return false;
    }
    if (parseSwitch(valueStart, itemEnd) == NO_WORD) {
      openFailure(at, "couldn't decode 'enable' or 'disable': ");
      addBytes(valueStart, itemEnd, true);
      return false;
    }
    if (itemScope != Scope.Source || skipsUnknown()) continue;
    const source = findSetting(sources, nameStart, <u32>(nameEnd - nameStart));
    if (!source || !source.isRegistered) {
      openFailure(at, "unknown source: ");
      addBytes(nameStart, nameEnd, false);
      return false;
    }
  }
  return true;
}

/** In strict mode off forgets the tags and on keeps them; by default both forget. */
function setAll(isOn: u32, deadlineNs: u64): void {
  assign(sources.fallback, isOn, deadlineNs);
  if (!isOn || !hasFlag(CoreFlag.Strict)) {
    for (let link = tagKeys.first; link; link = changetype<Setting>(link).next) {
      assign(changetype<Setting>(link), TAG_ABSENT, deadlineNs);
    }
  }
  for (let link = sources.first; link; link = changetype<Setting>(link).next) {
    setSource(changetype<Source>(link), isOn, deadlineNs);
  }
}

function setTag(tag: Setting, isOn: u32, deadlineNs: u64): void {
  const isStrict = hasFlag(CoreFlag.Strict);
  assign(tag, isOn || !isStrict ? isOn : TAG_ABSENT, deadlineNs);
  if (isStrict) return;
  for (let link = sources.first; link; link = changetype<Setting>(link).next) {
    const source = changetype<Source>(link);
    if (hasTag(source, textStart(tag.name), textBytes(tag.name)))
      setSource(source, isOn, deadlineNs);
  }
}

function setSource(source: Source, isOn: u32, deadlineNs: u64): void {
  assign(source, isOn, deadlineNs);
  setActive(source, isOn);
}

/** Strict: after any tag or all command a source is active if all is on or one of its tag keys is enabled. */
function recompute(): void {
  for (let link = sources.first; link; link = changetype<Setting>(link).next) {
    const source = changetype<Source>(link);
    let isOn = sources.fallback.value;
    for (let i: u32 = 0; i < source.tagCount; i++) {
      const key = tagAt(source, i).key;
      const tag = findSetting(tagKeys, textStart(key), textBytes(key));
      if (tag && tag.value == TAG_ENABLED) isOn = 1;
    }
    setSource(source, isOn, 0);
  }
}
