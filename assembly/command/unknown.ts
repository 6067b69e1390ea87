/**
 * What becomes of settings for names that no source has: an error by default, ignored in strict mode, kept for
 * later when they come from start-up options.
 */
import { CoreFlag, NAME_BYTES_MAX, SOURCES_MAX, TAG_SETTINGS_MAX } from "../abi";
import { closeText, openText } from "../bytes/text";
import { logs } from "../logs/source";
import { Source } from "../metrics/record";
import { hasFlag, newSetting, reserveOutputs, sources, tagKeys } from "../metrics/registry";
import { addSetting, Catalog, findSetting, inherit, Setting } from "../metrics/setting";

let keeps: bool = false;
let ignored: bool = false;

/** Sets what becomes of unknown names in the command that begins. */
export function openUnknown(keepsUnknown: bool): void {
  keeps = keepsUnknown;
  ignored = false;
}

/** Whether an unknown name is no error. */
export function skipsUnknown(): bool {
  return keeps || hasFlag(CoreFlag.Strict);
}

/** Whether this command named an unknown source that was ignored. */
export function ignoredUnknown(): bool {
  return ignored;
}

/** The log source of that name, made if it is to be kept; null if it is ignored. */
export function keepLog(start: usize, byteCount: u32): Setting | null {
  return keepIn(logs, start, byteCount, offsetof<Setting>());
}

/** The source of that name, made if it is to be kept; null if it is ignored. */
export function keepSource(start: usize, byteCount: u32): Source | null {
  const setting = keepIn(sources, start, byteCount, offsetof<Source>());
  return setting ? changetype<Source>(setting) : null;
}

/** The setting of a tag key, made if it is the first; null when there are too many. */
export function keepTag(start: usize, byteCount: u32): Setting | null {
  const found = findSetting(tagKeys, start, byteCount);
  if (found) return found;
  return make(tagKeys, start, byteCount, offsetof<Setting>(), TAG_SETTINGS_MAX);
}

function keepIn(
  catalog: Catalog,
  start: usize,
  byteCount: u32,
  recordBytes: usize,
): Setting | null {
  const found = findSetting(catalog, start, byteCount);
  if (found && (found.isRegistered || keeps)) return found;
  if (keeps) return make(catalog, start, byteCount, recordBytes, SOURCES_MAX);
  ignored = true;
  return null;
}

/** Null, and remembered as ignored, when there are `most` already or the name is too long. */
function make(
  catalog: Catalog,
  start: usize,
  byteCount: u32,
  recordBytes: usize,
  most: u32,
): Setting | null {
  const isRefused = catalog.count >= most || byteCount > <u32>NAME_BYTES_MAX;
  if (isRefused || !reserveOutputs(1024, 1024)) {
    ignored = true;
    return null;
  }
  const text = openText();
  memory.copy(text, start, byteCount);
  const setting = newSetting(recordBytes, closeText(text + byteCount));
  inherit(setting, catalog.fallback);
  addSetting(catalog, setting);
  return setting;
}
