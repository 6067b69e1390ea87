/**
 * Tag keys of sources: rendered for both wires; and the remembered settings of tag keys, which
 * decide how a new source starts.
 */
import { CoreFlag, Status } from "../abi";
import { allocate } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { addInflux, Part } from "../bytes/escape";
import { refuseIf } from "../bytes/input";
import { addByte, addText, cursor } from "../bytes/put";
import { closeText, hashBytes, keepText, openText, textBytes, textStart } from "../bytes/text";
import { findWord } from "../bytes/word";
import { addName, claimName, isName, isShort } from "./name";
import { isFamily, Source, TagKey } from "./record";
import { hasFlag, TAG_ABSENT, tagKeys } from "./registry";
import { find, insert, Setting } from "./setting";

/**
 * Labels that begin with two underscores are Prometheus' own; a key that only maps to one gets an
 * `x`.
 */
const RESERVED_START: u32 = 0x5f5f;

/** Puts a key into its place; refused when it is no key or repeated. */
export function addTag(source: Source, key: usize, index: u32): void {
  refuseIf(!isShort(key) | isReserved(key), Status.TagInvalid);
  refuseIf(isFamily(source) & !isName(key, false), Status.TagInvalid);
  const tag = changetype<TagKey>(allocate(offsetof<TagKey>()));
  tag.index = index;
  tag.name = keepText(key);
  const list = changetype<usize>(source) + offsetof<Source>("firstTag");
  insert(list, tag, hasFlag(CoreFlag.SortTags));
  openText();
  addByte(0x2c);
  addInflux(key, Part.Key);
  addByte(0x3d);
  tag.influx = closeText();
  tag.prom = keepLabel(source, key, Status.TagInvalid);
}

/** Renders `key="`, as a label, and claims it. */
export function keepLabel(source: Source, key: usize, reason: Status): usize {
  const start = openText();
  addName(key, true, false);
  if (load<u16>(start) == RESERVED_START) store<u8>(start, 0x78);
  const hash = hashBytes(changetype<usize>(source), start, cursor);
  addText(ascii('="'));
  const label = closeText();
  claimName(hash, reason);
  return label;
}

/** Whether a source bears a tag key; nothing else does. */
export function hasTag(setting: Setting, key: usize): bool {
  return find(changetype<usize>(setting) + offsetof<Setting>("firstTag"), key) != 0;
}

/** The setting that decides about a switch: an enabled tag, a disabled one, or all. */
export function governor(catalog: Setting, setting: Setting): Setting {
  let found = catalog;
  for (let at = tagKeys.next; at; at = changetype<Setting>(at).next) {
    const tag = changetype<Setting>(at);
    if ((tag.value == TAG_ABSENT) | !hasTag(setting, tag.name)) continue;
    found = tag;
    if (tag.value) break;
  }
  return found;
}

/** Adds a switch, set as start-up options want it, or else as what decides about it. */
export function addSetting(catalog: Setting, setting: Setting): void {
  const kept = find(changetype<usize>(catalog), setting.name);
  const from = kept ? changetype<Setting>(kept) : governor(catalog, setting);
  setting.value = from.value;
  setting.saved = from.saved;
  setting.deadlineNs = from.deadlineNs;
  insert(changetype<usize>(catalog), setting, true);
  setting.older = catalog.older;
  catalog.older = changetype<usize>(setting);
  // One that was kept has been counted.
  if (!kept) catalog.count++;
}

/** `le`, `quantile`, and what begins with two underscores: Prometheus' own labels. */
function isReserved(key: usize): bool {
  const isTheirs = (textBytes(key) > 1) & (load<u16>(textStart(key)) == RESERVED_START);
  return isTheirs | (findWord(ascii("le quantile"), key, 0) >= 0);
}
