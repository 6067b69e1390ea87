/**
 * `L` and `M`: log thresholds, and sources on and off. Understood whole, then applied: all, then
 * tags, then sources.
 */
import { CoreFlag, NAME_BYTES_MAX, Outcome, SOURCES_MAX, TAG_SETTINGS_MAX } from "../abi";
import { ascii } from "../bytes/ascii";
import { addText } from "../bytes/put";
import { copyText } from "../bytes/text";
import { hasFlag, logs, makeSetting, sources, TAG_ABSENT, tagKeys } from "../metrics/registry";
import { findSetting, Setting } from "../metrics/setting";
import { assign } from "../metrics/switch";
import { governor, hasTag } from "../metrics/tag";
import {
  cutItem,
  isFirstVisit,
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
import { addEscaped, fail, failBytes, setOutcome } from "./outcome";
import { parseValue } from "./word";

/**
 * Applies the items between two addresses until `deadlineNs`; false, with the failure, if one is
 * wrong. Names that no source has are kept for later if `keeps`, else ignored in strict mode, an
 * error by default.
 */
export function applyItems(
  catalog: Setting,
  start: usize,
  end: usize,
  deadlineNs: u64,
  keeps: bool,
): bool {
  let scopes: u32 = 0;
  for (let scope = Scope.Malformed; scope <= Scope.Source; scope++) {
    if ((scope == Scope.Source) & hasFlag(CoreFlag.Strict)) wipe(catalog, scopes);
    openItems(start, end);
    while (nextItem()) {
      cutItem(catalog == sources);
      scopes |= 1 << itemScope;
      const value = parseValue(catalog, valueStart, itemEnd);
      if (scope == Scope.Malformed) {
        if (!isRight(catalog, value, keeps)) return false;
      } else if (scope == itemScope) applyItem(catalog, value, deadlineNs, keeps);
    }
  }
  return true;
}

/** Whether the item can be applied; fails if not. */
function isRight(catalog: Setting, value: i32, keeps: bool): bool {
  const isLevel = catalog == logs;
  if (itemScope == Scope.Malformed) {
    const text = isLevel ? ascii("Can't parse log threshold: ") : ascii("couldn't decode metrics ");
    failBytes(text, itemStart, itemEnd, 0);
  } else if (value < 0) {
    if (isLevel) {
      fail(ascii(""));
      addEscaped(valueStart, itemEnd);
      addText(ascii(": unknown log level"));
    } else failBytes(ascii("couldn't decode 'enable' or 'disable': "), valueStart, itemEnd, 0x20);
  } else {
    if ((itemScope != Scope.Source) | keeps | hasFlag(CoreFlag.Strict)) return true;
    if (findSetting(catalog, copyText(nameStart, nameEnd), false)) return true;
    failBytes(ascii("unknown source: "), nameStart, nameEnd, 0);
  }
  return false;
}

function applyItem(catalog: Setting, value: u32, deadlineNs: u64, keeps: bool): void {
  const isStrict = hasFlag(CoreFlag.Strict);
  if (itemScope == Scope.All) {
    assignAll(catalog, 0, value, deadlineNs);
    // The original keeps tags when all is on.
    if ((catalog == sources) & !(isStrict & (value != 0)))
      assignAll(tagKeys, 0, TAG_ABSENT, deadlineNs);
    return;
  }
  const isTag = itemScope == Scope.Tag;
  if (isTag) catalog = tagKeys;
  const name = copyText(nameStart, nameEnd);
  let setting = findSetting(catalog, name, keeps);
  if (!setting && keeps | isTag) {
    const most: u32 = isTag ? TAG_SETTINGS_MAX : SOURCES_MAX;
    const isRoom = (catalog.count < most) & (nameEnd - nameStart <= <usize>NAME_BYTES_MAX);
    if (isRoom) setting = makeSetting(catalog, name, <u32>!isTag);
  }
  if (!setting) setOutcome(Outcome.UnknownIgnored);
  else if (isFirstVisit(setting)) {
    // In strict mode off only forgets a tag, and sources follow in `wipe`.
    assign(setting, isTag & isStrict & !value ? TAG_ABSENT : value, deadlineNs);
    if (isTag & !isStrict) assignAll(sources, name, value, deadlineNs);
  }
}

/** Sets a catalog and all its switches, or the sources that bear a tag key. */
function assignAll(catalog: Setting, key: usize, value: u32, deadlineNs: u64): void {
  for (let at = changetype<usize>(catalog); at; at = changetype<Setting>(at).next) {
    if (key && !hasTag(changetype<Setting>(at), key)) continue;
    assign(changetype<Setting>(at), value, deadlineNs);
  }
}

/**
 * Strict mode, before a command's sources: log sources fall back to the default; after any tag or
 * all command a source is active if all is on or one of its tag keys is enabled.
 */
function wipe(catalog: Setting, scopes: u32): void {
  if ((catalog == sources) & (scopes == 1 << Scope.Source)) return;
  for (let at = catalog.next; at; at = changetype<Setting>(at).next) {
    const setting = changetype<Setting>(at);
    if (!setting.isKept) assign(setting, governor(catalog, setting).value, 0);
  }
}
