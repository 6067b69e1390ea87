/**
 * Log sources: a name and a threshold. A message passes when its level is at most the threshold.
 */
import { Level, LOGS_MAX, Status } from "../abi";
import { arenaMark, arenaRelease } from "../bytes/arena";
import { INPUT } from "../bytes/input";
import { closeText, openText } from "../bytes/text";
import { newSetting, reserveOutputs } from "../metrics/registry";
import {
  addSetting,
  Catalog,
  findSetting,
  inherit,
  markRegistered,
  openCatalog,
  Setting,
} from "../metrics/setting";
import { checkName } from "../metrics/source";

export const logs: Catalog = changetype<Catalog>(memory.data(32, 16));
const allLogs: usize = memory.data(64, 16);
const buckets: usize = memory.data(256, 16);

/** Starts with threshold `info` for all. */
export function openLogs(): void {
  openCatalog(logs, changetype<Setting>(allLogs), Level.Info, buckets);
}

/** Finds or makes the log source named by `byteCount` bytes of input; its address or a `Status`. */
export function registerLog(byteCount: u32): i32 {
  if (byteCount > 255) return Status.NameInvalid;
  const existing = findSetting(logs, INPUT, byteCount);
  if (existing && existing.isRegistered) return <i32>changetype<usize>(existing);
  if (!existing && logs.count >= <u32>LOGS_MAX) return Status.LimitReached;
  if (!reserveOutputs(1024, 1024)) return Status.OutOfMemory;
  const mark = arenaMark();
  const start = openText();
  memory.copy(start, INPUT, byteCount);
  const name = closeText(start + byteCount);
  const status = checkName(name);
  if (status) {
    arenaRelease(mark);
    return status;
  }
  if (existing) {
    markRegistered(logs, existing);
    return <i32>changetype<usize>(existing);
  }
  const setting = newSetting(offsetof<Setting>(), name);
  addSetting(logs, setting);
  inherit(setting, logs.fallback);
  markRegistered(logs, setting);
  return <i32>changetype<usize>(setting);
}

/** The gate: 1 if a message of this level is to be written. */
export function logPasses(log: usize, level: u32): u32 {
  return level <= load<u32>(log) && level != Level.Quiet ? 1 : 0;
}
