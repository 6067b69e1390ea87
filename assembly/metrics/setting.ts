/**
 * A named switch: a source's on or off, a tag key's, a log source's threshold. All three are kept, found,
 * listed and timed alike; a `Catalog` holds all switches of one kind.
 */
import { HASH_SEED, hashBytes, isBefore, isText, textBytes, textStart } from "../bytes/text";

/** A switch; sources and log sources begin with one, so `value` is at offset 0. */
@unmanaged
export class Setting {
  /** 0 or 1 for sources and tags, a `Level` for log sources. */
  value: u32;
  /** What `value` returns to at `deadlineNs`. */
  saved: u32;
  /** When a timed setting reverts; 0 = never. */
  deadlineNs: u64;
  /** Counted text. */
  name: usize;
  /** The next by name. */
  next: usize;
  /** The one registered before. */
  older: usize;
  /** The next in the same hash bucket. */
  chained: usize;
  /** 0 while only start-up settings know the name. */
  isRegistered: u32;
  /** The last command walk that touched it. */
  walk: u32;
}

/** All switches of one kind, and the one that speaks for all. */
@unmanaged
@final
export class Catalog {
  /** First by name. */
  first: usize;
  /** Registered last. */
  newest: usize;
  count: u32;
  /** Applies to whatever registers later. */
  fallback: Setting;
  /** 64 heads of hash chains. */
  buckets: usize;
}

const BUCKETS = 64;

/** Prepares a catalog whose fallback is `value`. */
export function openCatalog(catalog: Catalog, fallback: Setting, value: u32, buckets: usize): void {
  fallback.value = value;
  catalog.fallback = fallback;
  catalog.buckets = buckets;
}

/** The switch of that name, registered or not; null if there is none. */
export function findSetting(catalog: Catalog, start: usize, byteCount: u32): Setting | null {
  let at = load<usize>(bucketOf(catalog, start, byteCount));
  while (at) {
    const setting = changetype<Setting>(at);
    if (isText(setting.name, start, byteCount)) return setting;
    at = setting.chained;
  }
  return null;
}

/** Adds a switch whose name is set: to its bucket, to the list by name, to the list by age. */
export function addSetting(catalog: Catalog, setting: Setting): void {
  const address = changetype<usize>(setting);
  const bucket = bucketOf(catalog, textStart(setting.name), textBytes(setting.name));
  setting.chained = load<usize>(bucket);
  store<usize>(bucket, address);
  let link = changetype<usize>(catalog) + offsetof<Catalog>("first");
  while (load<usize>(link) && isBefore(changetype<Setting>(load<usize>(link)).name, setting.name)) {
    link = load<usize>(link) + offsetof<Setting>("next");
  }
  setting.next = load<usize>(link);
  store<usize>(link, address);
  catalog.count++;
}

/** Marks a switch registered: from now on lists show it. */
export function markRegistered(catalog: Catalog, setting: Setting): void {
  setting.isRegistered = 1;
  setting.older = catalog.newest;
  catalog.newest = changetype<usize>(setting);
}

/**
 * Sets a switch until `deadlineNs` (0 = for good). A timed setting remembers the value before the first
 * timed one; any other forgets it.
 */
export function assign(setting: Setting, value: u32, deadlineNs: u64): void {
  if (deadlineNs && !setting.deadlineNs) setting.saved = setting.value;
  setting.deadlineNs = deadlineNs;
  setting.value = value;
}

/** Gives a new switch the value of the one that governs it, and its timer. */
export function inherit(setting: Setting, from: Setting): void {
  setting.value = from.value;
  setting.saved = from.saved;
  setting.deadlineNs = from.deadlineNs;
}

function bucketOf(catalog: Catalog, start: usize, byteCount: u32): usize {
  const hash = <u32>hashBytes(HASH_SEED, start, byteCount);
  return catalog.buckets + (((hash ^ (hash >> 16)) & (BUCKETS - 1)) << 2);
}
