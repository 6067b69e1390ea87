/**
 * What the registry holds and how much of it: the catalogs of sources, tag keys and log sources,
 * the caps, and the upper bound of every output, kept up to date by each registration.
 */
import { CoreFlag, Level, Status } from "../abi";
import { allocateZeroed, reserve } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { addInflux, Part, setKeywords } from "../bytes/escape";
import { CATALOGS } from "../bytes/fixed";
import { endInput, INPUT, refusal, refuseIf } from "../bytes/input";
import { addText } from "../bytes/put";
import { closeText, copyText, keepText, openText, textBytes } from "../bytes/text";
import { Setting } from "./setting";
import { assign } from "./switch";
import { addSetting } from "./tag";

/** A tag key's setting that was forgotten, or never made; the others are 0 and 1. */
export const TAG_ABSENT: u32 = 2;

export const CATALOG_BYTES: usize = 64;
export const CATALOGS_END: usize = CATALOGS + 192;
export const sources: Setting = changetype<Setting>(CATALOGS);
export const tagKeys: Setting = changetype<Setting>(CATALOGS + CATALOG_BYTES);
export const logs: Setting = changetype<Setting>(CATALOGS + 2 * CATALOG_BYTES);

/** Around a name in a list: `tag:`, `:disabled`, ` for 18446744073s`, a comma. */
const LISTED_BYTES: u32 = 64;
/** Of the record of a switch with its name. */
const SETTING_BYTES: u32 = 1024;

/**
 * Upper bound of every output: replies, lists, lines, exposition. Memory is reserved, not touched.
 * At first that of an error reply: the longest command, each byte as `\DDD`, and some words.
 */
export let outputBytes: u64 = 263168;
let vmTag: usize = 0;
let flags: u32 = 0;
let seriesMax: u32 = 0;
let seriesPerSourceMax: u32 = 0;

/** Sets caps and flags, and renders the vm tag from `vmBytes` bytes of input. */
export function openRegistry(vmBytes: u32, withFlags: u32, most: u32, mostPerSource: u32): bool {
  if (!reserveOutputs(8192, 0)) return false;
  flags = withFlags;
  seriesMax = most;
  seriesPerSourceMax = mostPerSource;
  openCatalog(sources, 1);
  openCatalog(tagKeys, TAG_ABSENT);
  openCatalog(logs, Level.Info);
  if (hasFlag(CoreFlag.Strict)) setKeywords(keepText(INPUT + vmBytes));
  openText();
  if (vmBytes) {
    addText(ascii(",vm="));
    addInflux(copyText(INPUT, INPUT + vmBytes, 0), Part.Value);
  }
  vmTag = closeText();
  return true;
}

function openCatalog(catalog: Setting, value: u32): void {
  catalog.name = ascii("*");
  assign(catalog, value, 0);
}

export function hasFlag(flag: u32): bool {
  return (flags & flag) != 0;
}

/** Counted text `,vm=<name>`, or empty. */
export function vmTagText(): usize {
  return vmTag;
}

export function isSeriesCapReached(total: u32, ofSource: u32): bool {
  return (total >= seriesMax) | (ofSource >= seriesPerSourceMax);
}

/**
 * Makes room for `arenaBytes` of records and for outputs that grow by `output`; false if refused.
 */
export function reserveOutputs(arenaBytes: u32, output: u64): bool {
  return reserve(arenaBytes, outputBytes + output);
}

/**
 * Refuses the message if it goes on, or if there is no room for `arenaBytes` of records and for
 * outputs that grow by `output`.
 */
export function endMessage(arenaBytes: u32, output: u64): void {
  endInput();
  // What is refused must not make memory grow.
  if (!refusal) refuseIf(!reserveOutputs(arenaBytes, output), Status.OutOfMemory);
}

/** Adds to the upper bound of outputs; negative numbers take away. */
export function growOutputs(byteCount: i64): void {
  outputBytes += byteCount;
}

/** Sets the upper bound of outputs back. */
export function releaseOutputs(byteCount: u64): void {
  outputBytes = byteCount;
}

/** What a name may add to a list. */
export function listedBytes(name: usize): u32 {
  return textBytes(name) + LISTED_BYTES;
}

/** A new switch in its catalog; null when memory is refused. */
export function makeSetting(catalog: Setting, name: usize, isKept: u32): Setting | null {
  if (!reserveOutputs(SETTING_BYTES, SETTING_BYTES)) return null;
  const setting = changetype<Setting>(allocateZeroed(offsetof<Setting>()));
  setting.name = keepText(name);
  setting.isKept = isKept;
  growOutputs(listedBytes(name));
  addSetting(catalog, setting);
  return setting;
}
