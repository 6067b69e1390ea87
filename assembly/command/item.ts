/**
 * A command's items: `name:value`, joined by commas, in the input buffer. A walk goes over them;
 * each item is cut into what it addresses, a name, and a value.
 */
import { CoreFlag } from "../abi";
import { hasFlag } from "../metrics/registry";
import { Setting } from "../metrics/setting";

/** What an item addresses. */
export const enum Scope {
  Malformed = 0,
  All = 1,
  Tag = 2,
  Source = 3,
}

const COLON: u32 = 0x3a;
const COMMA: u32 = 0x2c;
/** `src:` and `tag:`, little-endian. */
const SRC: u32 = 0x3a637273;
const TAG: u32 = 0x3a676174;

export let itemStart: usize = 0;
export let itemEnd: usize = 0;
export let itemScope: Scope = Scope.All;
export let nameStart: usize = 0;
export let nameEnd: usize = 0;
export let valueStart: usize = 0;
let itemsEnd: usize = 0;
let walk: u32 = 0;

/** Starts a walk over the items between two addresses; there is always at least one, if empty. */
export function openItems(start: usize, end: usize): void {
  itemEnd = start - 1;
  itemsEnd = end;
  walk++;
}

/** Moves to the next item, uncut; false behind the last. */
export function nextItem(): bool {
  if (itemEnd >= itemsEnd) return false;
  itemStart = itemEnd + 1;
  do itemEnd++;
  while ((itemEnd < itemsEnd) & (load<u8>(itemEnd) != COMMA));
  return true;
}

/**
 * Whether this walk meets a switch for the first time: of a name given twice the first counts.
 * Marks it.
 */
export function isFirstVisit(setting: Setting): bool {
  if (isVisited(setting)) return false;
  setting.walk = walk;
  return true;
}

/** Whether this walk has met a switch. */
export function isVisited(setting: Setting): bool {
  return setting.walk == walk;
}

/**
 * Cuts the item: by default the last colon separates name and value, in strict mode all colons
 * count. `prefixes` allows `src:` and `tag:` before the name.
 */
export function cutItem(prefixes: bool): void {
  let colons = 0;
  valueStart = itemStart;
  for (let at = itemStart; at < itemEnd; at++) {
    if (load<u8>(at) != COLON) continue;
    valueStart = at + 1;
    colons++;
  }
  nameStart = itemStart;
  itemScope = Scope.Source;
  const word = load<u32>(itemStart);
  if (prefixes & (colons > 1) & ((word == SRC) | (word == TAG))) {
    if (word == TAG) itemScope = Scope.Tag;
    nameStart += 4;
    colons--;
  } else if (!colons | ((valueStart - itemStart == 2) & (load<u8>(itemStart) == 0x2a))) {
    itemScope = Scope.All;
  }
  nameEnd = valueStart - 1;
  if ((colons > 1) & hasFlag(CoreFlag.Strict)) itemScope = Scope.Malformed;
}
