/**
 * A command's items: `name:value`, joined by commas, in the input buffer. A walk goes over them; each item is cut into
 * what it addresses, a name, and a value.
 */
import { CoreFlag } from "../abi";
import { hasFlag } from "../metrics/registry";

/** What an item addresses. */
export const enum Scope {
  All = 0,
  Tag = 1,
  Source = 2,
  Malformed = 3,
}

const COLON: u32 = 0x3a;
const COMMA: u32 = 0x2c;

export let itemStart: usize = 0;
export let itemEnd: usize = 0;
export let itemScope: Scope = Scope.All;
export let nameStart: usize = 0;
export let nameEnd: usize = 0;
export let valueStart: usize = 0;
let itemsEnd: usize = 0;

/** Starts a walk over the items between two addresses; there is always at least one, if empty. */
export function openItems(start: usize, end: usize): void {
  itemEnd = start - 1;
  itemsEnd = end;
}

/** Moves to the next item, uncut; false behind the last. */
export function nextItem(): bool {
  if (itemEnd >= itemsEnd) return false;
  itemStart = itemEnd + 1;
  itemEnd = itemStart;
  while (itemEnd < itemsEnd && load<u8>(itemEnd) != COMMA) itemEnd++;
  return true;
}

/**
 * Cuts the item: by default the last colon separates name and value, in strict mode all colons count.
 * `prefixes` allows `src:` and `tag:` before the name.
 */
export function cutItem(prefixes: bool): void {
  let colons = 0;
  let first = itemEnd;
  valueStart = itemStart;
  for (let at = itemStart; at < itemEnd; at++) {
    if (load<u8>(at) != COLON) continue;
    if (!colons++) first = at;
    valueStart = at + 1;
  }
  nameStart = itemStart;
  nameEnd = valueStart - 1;
  if (!colons) {
    itemScope = Scope.All;
    return;
  }
  itemScope = nameEnd - nameStart == 1 && load<u8>(nameStart) == 0x2a ? Scope.All : Scope.Source;
  const isPrefixed = prefixes && colons > 1 && first - itemStart == 3;
  const word = isPrefixed ? load<u32>(itemStart) & 0xffffff : 0;
  if (word == 0x637273 || word == 0x676174) {
    itemScope = word == 0x676174 ? Scope.Tag : Scope.Source;
    nameStart = first + 1;
    if (hasFlag(CoreFlag.Strict) && colons > 2) itemScope = Scope.Malformed;
  } else if (hasFlag(CoreFlag.Strict) && colons > 1) itemScope = Scope.Malformed;
}
