/**
 * What the registry holds and how much of it: the catalogs of sources and tag keys, the caps, and the upper
 * bounds of every output, kept up to date by each registration.
 */

import { INPUT_BYTES_MAX } from "../abi";
import { allocateZeroed, reserve } from "../bytes/arena";
import { Part, putInflux } from "../bytes/escape";
import { INPUT } from "../bytes/input";
import { putLiteral } from "../bytes/put";
import { closeText, openText, textBytes } from "../bytes/text";
import { Catalog, openCatalog, Setting } from "./setting";
import { TAG_ABSENT } from "./tag";

export const sources: Catalog = changetype<Catalog>(memory.data(32, 16));
export const tagKeys: Catalog = changetype<Catalog>(memory.data(32, 16));
const allSources: usize = memory.data(64, 16);
const anyTag: usize = memory.data(64, 16);
const sourceBuckets: usize = memory.data(256, 16);
const tagBuckets: usize = memory.data(256, 16);

/** Bytes of an error reply: the command, each byte as `\DDD`, and some words. */
const REPLY_BYTES: u64 = INPUT_BYTES_MAX * 4 + 1024;
/** Around a name in a list: `tag:`, `:disabled`, ` for 18446744073s`, a comma. */
const LISTED_BYTES: u32 = 64;

/** Upper bound of every output: replies, lists, lines, exposition. Memory is reserved, not touched. */
let outputBytes: u64 = REPLY_BYTES;
let vmTag: usize = 0;
let flags: u32 = 0;
let seriesMax: u32 = 0;
let seriesPerSourceMax: u32 = 0;

/** Sets caps and flags, and renders the vm tag from `vmBytes` bytes of input. */
export function openRegistry(vmBytes: u32, withFlags: u32, most: u32, mostPerSource: u32): bool {
  if (!reserve(8192, REPLY_BYTES)) return false;
  flags = withFlags;
  seriesMax = most;
  seriesPerSourceMax = mostPerSource;
  openCatalog(sources, changetype<Setting>(allSources), 1, sourceBuckets);
  openCatalog(tagKeys, changetype<Setting>(anyTag), TAG_ABSENT, tagBuckets);
  const at = openText();
  vmTag = closeText(vmBytes ? putInflux(putLiteral(at, ",vm="), INPUT, vmBytes, Part.Value) : at);
  return true;
}

export function hasFlag(flag: u32): bool {
  return (flags & flag) != 0;
}

/** Counted text `,vm=<name>`, or empty. */
export function vmTagText(): usize {
  return vmTag;
}

export function isSeriesCapReached(total: u32, ofSource: u32): bool {
  return total >= seriesMax || ofSource >= seriesPerSourceMax;
}

/** Makes room for `arenaBytes` of records and for outputs that grow by `output`; false if refused. */
export function reserveOutputs(arenaBytes: u64, output: u64): bool {
  return reserve(arenaBytes, outputBytes + output);
}

/** Adds to the upper bound of outputs; negative numbers take away. */
export function growOutputs(byteCount: i64): void {
  outputBytes += byteCount;
}

/** A zeroed record for a switch of that name; the caller has reserved it. */
export function newSetting(recordBytes: usize, name: usize): Setting {
  const setting = changetype<Setting>(allocateZeroed(recordBytes));
  setting.name = name;
  growOutputs(listedBytes(name));
  return setting;
}

/** What a name may add to a list. */
export function listedBytes(name: usize): u32 {
  return textBytes(name) + LISTED_BYTES;
}
