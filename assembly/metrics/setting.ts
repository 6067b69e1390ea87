/**
 * A named switch: a source's on or off, a tag key's, a log source's threshold. All three are kept,
 * found, listed and timed alike. A catalog holds all switches of one kind, and is itself the switch
 * `*` that applies to whatever registers later: a walk from it along `next` meets it first, then
 * all by name.
 */
import { compareTexts } from "../bytes/text";

/** What stands in a list and has a name. A list begins with the address of its first record. */
@unmanaged
export class Named {
  next: usize;
  /** Counted text. */
  name: usize;
}

/** A switch, or a catalog of them; sources begin with one. */
@unmanaged
export class Setting extends Named {
  /** 0 or 1 for sources, `TAG_ABSENT` too for tags, a `Level` for log sources. */
  value: u32;
  /** What `value` returns to at `deadlineNs`; the same if it has none. */
  saved: u32;
  /** When a timed setting reverts; 0 = never. */
  deadlineNs: u64;
  /** The one registered before; of a catalog the last. */
  older: usize;
  /** The last command walk that touched it. */
  walk: u32;
  /** 1 if nobody has registered the name yet (start-up options). */
  isKept: u32;
  /** Of a catalog: its switches. */
  count: u32;
  /** Of a source: its tag keys. */
  firstTag: usize;
  /** Of a source: its series. */
  firstSeries: usize;
}

/** The first record of that name in a list; 0 if there is none. */
export function find(list: usize, name: usize): usize {
  let at = load<usize>(list);
  while (at && compareTexts(changetype<Named>(at).name, name)) at = load<usize>(at);
  return at;
}

/** Puts a record into its place in a list: by name, before the same one, or behind the others. */
export function insert(list: usize, record: Named, isSorted: bool): void {
  let at = load<usize>(list);
  while (at && !isSorted | (compareTexts(changetype<Named>(at).name, record.name) < 0)) {
    list = at;
    at = load<usize>(list);
  }
  record.next = at;
  store<usize>(list, changetype<usize>(record));
}

/** The switch of that name, one that is kept only if `keeps`; null if there is none. */
export function findSetting(catalog: Setting, name: usize, keeps: bool): Setting | null {
  const setting = changetype<Setting>(find(changetype<usize>(catalog), name));
  return setting.isKept > <u32>keeps ? null : setting;
}
