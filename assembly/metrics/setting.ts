/**
 * A named switch: a source's on or off, a tag key's, a log source's threshold. All three are kept,
 * found, listed and timed alike. A `Catalog` holds all switches of one kind, and is itself the
 * switch `*` that applies to whatever registers later: a walk from it along `next` meets it first,
 * then all by name.
 */
import { ascii } from "../bytes/ascii";
import { compareTexts } from "../bytes/text";

/** A switch; sources and log sources begin with one, so `value` is at offset 0. */
@unmanaged
export class Setting {
  /** 0 or 1 for sources, `TAG_ABSENT` too for tags, a `Level` for log sources. */
  value: u32;
  /** What `value` returns to at `deadlineNs`. */
  saved: u32;
  /** When a timed setting reverts; 0 = never. */
  deadlineNs: u64;
  /** Counted text. */
  name: usize;
  /** The next by name; of a catalog the first. */
  next: usize;
  /** The one registered before; of a catalog the last. */
  older: usize;
  /** The last command walk that touched it. */
  walk: u32;
}

/** All switches of one kind. */
@unmanaged
@final
export class Catalog extends Setting {
  count: u32;
  /** Switches of names that nobody has registered yet (start-up options). */
  kept: Catalog;
}

/** Prepares a catalog whose own value is `value`. */
export function openCatalog(catalog: Catalog, kept: Catalog, value: u32): void {
  catalog.value = value;
  catalog.name = ascii("*");
  catalog.kept = kept;
}

/** The switch of that name; null if there is none. */
export function findSetting(catalog: Catalog, name: usize): Setting | null {
  const at = seek(catalog, name).next;
  if (!at || compareTexts(changetype<Setting>(at).name, name)) return null;
  return changetype<Setting>(at);
}

/** Adds a switch whose name is set: to the list by name, and to the list by age. */
export function addSetting(catalog: Catalog, setting: Setting): void {
  const before = seek(catalog, setting.name);
  setting.next = before.next;
  before.next = changetype<usize>(setting);
  setting.older = catalog.older;
  catalog.older = changetype<usize>(setting);
  catalog.count++;
}

/** Gives a new switch the value of the one that governs it, and its timer. */
export function inherit(setting: Setting, from: Setting): void {
  setting.value = from.value;
  setting.saved = from.saved;
  setting.deadlineNs = from.deadlineNs;
}

/** The switch, or the catalog, behind which a name has its place. */
function seek(catalog: Catalog, name: usize): Setting {
  let before: Setting = catalog;
  while (before.next) {
    const next = changetype<Setting>(before.next);
    if (compareTexts(next.name, name) >= 0) break;
    before = next;
  }
  return before;
}
