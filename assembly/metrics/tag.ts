/**
 * Tag keys of sources: rendered for both wires; and the remembered settings of tag keys, which
 * decide how a new source starts.
 */
import { CoreFlag, NAME_BYTES_MAX, SourceFlag } from "../abi";
import { ascii } from "../bytes/ascii";
import { addInflux, Part } from "../bytes/escape";
import { addByte, addText, cursor } from "../bytes/put";
import {
  closeText,
  compareTexts,
  hashBytes,
  keepText,
  openText,
  textBytes,
  textStart,
} from "../bytes/text";
import { findWord } from "../bytes/word";
import { addName, claimName, isName } from "./name";
import { Source, TagKey } from "./record";
import { hasFlag, sources, TAG_ABSENT, tagKeys } from "./registry";
import { findSetting, Setting } from "./setting";

/**
 * Labels that begin with two underscores are Prometheus' own; a key that only maps to one gets an
 * `x`.
 */
const RESERVED_START: u32 = 0x5f5f;

/** Around a value on both wires, and the value of the overflow series. */
const VALUE_BYTES: u32 = 32;

/** The record of the `position`-th tag key in written order. */
export function tagAt(source: Source, position: u32): TagKey {
  return changetype<TagKey>(source.tags + <usize>position * offsetof<TagKey>());
}

/** Puts a key into its place. False when it is no key or repeated. */
export function addTag(source: Source, key: usize, index: u32): bool {
  if (textBytes(key) - 1 >= <u32>NAME_BYTES_MAX || isReserved(key)) return false;
  if (source.flags & SourceFlag.Family && !isName(key, false)) return false;
  const tag = makePlace(source, key, index);
  tag.index = index;
  tag.key = keepText(key);
  openText();
  addByte(0x2c);
  addInflux(key, Part.Key);
  addByte(0x3d);
  tag.influx = closeText();
  const label = openText();
  addName(key, true, false);
  if (load<u16>(label) == RESERVED_START) store<u8>(label, 0x78);
  const hash = hashBytes(source.labelSeed, label, cursor);
  addText(ascii('="'));
  tag.prom = closeText();
  source.tagBytes += textBytes(tag.influx) + textBytes(tag.prom) + VALUE_BYTES;
  return claimName(hash);
}

/** Whether a source bears a tag key. */
export function hasTag(source: Source, key: usize): bool {
  for (let i: u32 = 0; i < source.tagCount; i++) {
    if (!compareTexts(tagAt(source, i).key, key)) return true;
  }
  return false;
}

/** The setting that decides about a source: an enabled tag, a disabled one, or `all`. */
export function governor(source: Source): Setting {
  let found: Setting = sources;
  for (let i: u32 = 0; i < source.tagCount; i++) {
    const tag = findSetting(tagKeys, tagAt(source, i).key);
    if (!tag || tag.value == TAG_ABSENT) continue;
    found = tag;
    if (tag.value) break;
  }
  return found;
}

/** By bytes if tags are sorted, else behind the others. */
function makePlace(source: Source, key: usize, index: u32): TagKey {
  let position = index;
  for (; hasFlag(CoreFlag.SortTags) && position; position--) {
    if (compareTexts(tagAt(source, position - 1).key, key) < 0) break;
    const later = changetype<usize>(tagAt(source, position));
    memory.copy(later, later - offsetof<TagKey>(), offsetof<TagKey>());
  }
  return tagAt(source, position);
}

/** `le`, `quantile`, and what begins with two underscores: Prometheus' own labels. */
function isReserved(key: usize): bool {
  if (textBytes(key) > 1 && load<u16>(textStart(key)) == RESERVED_START) return true;
  return findWord(ascii("le quantile"), key, 0) >= 0;
}
