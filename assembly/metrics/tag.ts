/**
 * Tag keys of sources: rendered for both wires; and the remembered settings of tag keys, which decide how a
 * new source starts.
 */
import { NAME_BYTES_MAX, SourceFlag } from "../abi";
import { Part, putInflux } from "../bytes/escape";
import { putLiteral } from "../bytes/put";
import {
  closeText,
  hashBytes,
  isBefore,
  isText,
  keepText,
  openText,
  textBytes,
  textStart,
} from "../bytes/text";
import { claimName, isName, putName } from "./name";
import { Source, TagKey } from "./record";
import { Catalog, findSetting, Setting } from "./setting";

/** Values of a tag key's setting. A forgotten one is absent. */
export const TAG_DISABLED: u32 = 0;
export const TAG_ENABLED: u32 = 1;
export const TAG_ABSENT: u32 = 2;

/** Labels that begin with two underscores are Prometheus' own; a key that only maps to one gets an `x`. */
const RESERVED_START: u32 = 0x5f5f;

/** The record of the `position`-th tag key in written order. */
export function tagAt(source: Source, position: u32): TagKey {
  return changetype<TagKey>(source.tags + <usize>position * offsetof<TagKey>());
}

/** Puts a key into its place; `sorted` orders by bytes. False when it is no key or repeated. */
export function addTag(source: Source, key: usize, index: u32, sorted: bool): bool {
  const byteCount = textBytes(key);
  const start = textStart(key);
  if (!byteCount || byteCount > <u32>NAME_BYTES_MAX) return false;
  if (source.flags & SourceFlag.Family && !isName(start, byteCount, false)) return false;
  const kept = keepText(key);
  let position = index;
  while (sorted && position > 0 && isBefore(kept, tagAt(source, position - 1).key)) {
    memory.copy(
      changetype<usize>(tagAt(source, position)),
      changetype<usize>(tagAt(source, position - 1)),
      offsetof<TagKey>(),
    );
    position--;
  }
  const tag = tagAt(source, position);
  tag.key = kept;
  tag.index = index;
  tag.influx = closeText(
    putLiteral(putInflux(putLiteral(openText(), ","), start, byteCount, Part.Key), "="),
  );
  if (byteCount >= 2 && load<u16>(start) == RESERVED_START) return false;
  const label = openText();
  const labelEnd = putName(label, start, byteCount, true, false);
  if (load<u16>(label) == RESERVED_START) store<u8>(label, 0x78);
  const labelBytes = <u32>(labelEnd - label);
  tag.prom = closeText(putLiteral(labelEnd, '="'));
  return !isReserved(tag.prom) && claimName(hashBytes(source.labelSeed, label, labelBytes));
}

/** Whether a source bears a tag key. */
export function hasTag(source: Source, start: usize, byteCount: u32): bool {
  for (let i: u32 = 0; i < source.tagCount; i++) {
    if (isText(tagAt(source, i).key, start, byteCount)) return true;
  }
  return false;
}

/** The setting that decides about a new source: an enabled tag, a disabled one, or `all`. */
export function governor(source: Source, tags: Catalog, all: Setting): Setting {
  let found = all;
  for (let i: u32 = 0; i < source.tagCount; i++) {
    const key = tagAt(source, i).key;
    const setting = findSetting(tags, textStart(key), textBytes(key));
    if (!setting || setting.value == TAG_ABSENT) continue;
    if (setting.value == TAG_ENABLED) return setting;
    found = setting;
  }
  return found;
}

/** `le` and `quantile`, as labels. */
function isReserved(prom: usize): bool {
  const byteCount = textBytes(prom) - 2;
  const start = textStart(prom);
  if (byteCount == 2) return load<u16>(start) == 0x656c;
  return byteCount == 8 && load<u64>(start) == 0x656c69746e617571;
}
