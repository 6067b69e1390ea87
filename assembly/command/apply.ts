/**
 * What `L` and `M` do to switches: of all, of a tag key and who bears it, of one source.
 */
import { CoreFlag, NAME_BYTES_MAX, Outcome, SOURCES_MAX, TAG_SETTINGS_MAX } from "../abi";
import { textBytes } from "../bytes/text";
import { hasFlag, makeSetting, sources, TAG_ABSENT, tagKeys } from "../metrics/registry";
import { Setting } from "../metrics/setting";
import { assign } from "../metrics/switch";
import { governor, hasTag } from "../metrics/tag";
import { setOutcome } from "./outcome";
import { isFirstVisit } from "./visit";

/** Sets a catalog and all its switches until `deadlineNs`. */
export function applyAll(catalog: Setting, value: u32, deadlineNs: u64): void {
  assignAll(catalog, 0, value, deadlineNs);
  // The original keeps tags when all is on.
  const keepsTags = hasFlag(CoreFlag.Strict) & (value != 0);
  if ((catalog == sources) & !keepsTags) assignAll(tagKeys, 0, TAG_ABSENT, deadlineNs);
}

/** Sets a switch, which is made if it is missing and either a tag key's or to be kept. */
export function applyItem(
  catalog: Setting,
  setting: Setting | null,
  name: usize,
  value: u32,
  deadlineNs: u64,
  keeps: bool,
): void {
  const isStrict = hasFlag(CoreFlag.Strict);
  const isTag = catalog == tagKeys;
  if (!setting & (keeps | isTag)) {
    const most: u32 = isTag ? TAG_SETTINGS_MAX : SOURCES_MAX;
    const isRoom = (catalog.count < most) & (textBytes(name) <= <u32>NAME_BYTES_MAX);
    if (isRoom) setting = makeSetting(catalog, name, <u32>!isTag);
  }
  if (!setting) setOutcome(Outcome.UnknownIgnored);
  else if (isFirstVisit(setting)) {
    // In strict mode off only forgets a tag, and sources follow in `wipe`.
    assign(setting, isTag & isStrict & !value ? TAG_ABSENT : value, deadlineNs);
    if (isTag & !isStrict) assignAll(sources, name, value, deadlineNs);
  }
}

/**
 * Strict mode, before a command's sources: each falls back to the default, or is active if one of
 * its tag keys is enabled.
 */
export function wipe(catalog: Setting): void {
  for (let at = catalog.next; at; at = changetype<Setting>(at).next) {
    const setting = changetype<Setting>(at);
    if (!setting.isKept) assign(setting, governor(catalog, setting).value, 0);
  }
}

/** Sets a catalog and all its switches, or the sources that bear a tag key. */
function assignAll(catalog: Setting, key: usize, value: u32, deadlineNs: u64): void {
  for (let at = changetype<usize>(catalog); at; at = changetype<Setting>(at).next) {
    if (key && !hasTag(changetype<Setting>(at), key)) continue;
    assign(changetype<Setting>(at), value, deadlineNs);
  }
}
