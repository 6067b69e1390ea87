/**
 * A command's items: `name:value` or, in lists, `name`, joined by commas. They are understood whole
 * before the first is taken; then all, tags, sources are taken in that order.
 */
import { CoreFlag } from "../abi";
import { ascii } from "../bytes/ascii";
import { copyText } from "../bytes/text";
import { hasFlag, logs, tagKeys } from "../metrics/registry";
import { findSetting, Setting } from "../metrics/setting";
import { applyAll, applyItem, wipe } from "./apply";
import { addEntry } from "./entry";
import { fail, failLevel } from "./outcome";
import { isFirstVisit, openWalk } from "./visit";
import { parseValue } from "./word";

/** What an item addresses: the passes over a command, behind one that only looks. */
const enum Scope {
  All = 1,
  Tag = 2,
  Source = 3,
}

const COLON: u32 = 0x3a;
const COMMA: u32 = 0x2c;
/** `*:`, `src:` and `tag:`, little-endian. */
const STAR: u32 = 0x3a2a;
const SRC: u32 = 0x3a637273;
const TAG: u32 = 0x3a676174;

/** Bits by `Scope` of what the command has addressed. */
let scopes: u32 = 0;

/**
 * Takes the items between two addresses; false, with the failure, if one is wrong. Settings last
 * until `timeNs`, names that no source has are kept for later if `keeps`, else ignored in strict
 * mode, an error by default. What a list asks for is listed as it is at `timeNs`; in strict mode
 * only marked.
 */
export function takeItems(
  catalog: Setting,
  start: usize,
  end: usize,
  timeNs: u64,
  keeps: bool,
  isList: bool,
): bool {
  openWalk();
  scopes = 0;
  for (let pass = 0; pass <= Scope.Source; pass++) {
    if ((pass == Scope.Source) & hasFlag(CoreFlag.Strict) & !isList) {
      // The original's log sources fall back whenever some are set; sources if others are.
      if ((catalog == logs) | (scopes != 1 << Scope.Source)) wipe(catalog);
    }
    let at = start - 1;
    do {
      const itemStart = ++at;
      let valueStart = at;
      let colons: u32 = 0;
      for (; (at < end) & (load<u8>(at) != COMMA); at++) {
        if (load<u8>(at) != COLON) continue;
        valueStart = at + 1;
        colons++;
      }
      if (!takeItem(catalog, itemStart, valueStart, at, colons, pass, timeNs, keeps, isList))
        return false;
    } while (at < end);
  }
  return true;
}

/**
 * Understands an item, and takes it if this is the pass for it. By default the last colon separates
 * name and value, in strict mode all colons count.
 */
function takeItem(
  catalog: Setting,
  start: usize,
  valueStart: usize,
  end: usize,
  colons: u32,
  pass: u32,
  timeNs: u64,
  keeps: bool,
  isList: bool,
): bool {
  const isStrict = hasFlag(CoreFlag.Strict) & !isList;
  const isLevel = catalog == logs;
  const itemStart = start;
  let scope = Scope.Source;
  if (isList) valueStart = end + 1;
  else if (colons > 1) {
    const word: u32 = isLevel ? 0 : load<u32>(start);
    if (word == TAG) {
      scope = Scope.Tag;
      catalog = tagKeys;
    }
    if ((word == TAG) | (word == SRC)) {
      start += 4;
      colons--;
    }
    if ((colons > 1) & isStrict) return failItem(isLevel, itemStart, end);
  } else if (!colons | (load<u16>(start) == STAR)) scope = Scope.All;
  scopes |= 1 << scope;
  const value = isList ? 0 : parseValue(isLevel, valueStart, end);
  if (value < 0) return failValue(isLevel);
  const name = copyText(start, valueStart - 1, 0);
  const setting = findSetting(catalog, name, keeps);
  if (!setting & (scope == Scope.Source) & !(keeps | isStrict)) {
    return fail(ascii("unknown source: "));
  }
  if (pass == scope) {
    if (isList) {
      const queried = changetype<Setting>(changetype<usize>(setting));
      if (isFirstVisit(queried) & !hasFlag(CoreFlag.Strict)) addEntry(catalog, queried, timeNs);
    } else if (scope == Scope.All) applyAll(catalog, value, timeNs);
    else applyItem(catalog, setting, name, value, timeNs, keeps);
  }
  return true;
}

function failItem(isLevel: bool, start: usize, end: usize): bool {
  copyText(start, end, 0);
  return fail(isLevel ? ascii("Can't parse log threshold: ") : ascii("couldn't decode metrics "));
}

function failValue(isLevel: bool): bool {
  return isLevel ? failLevel() : fail(ascii("couldn't decode 'enable' or 'disable': "));
}
