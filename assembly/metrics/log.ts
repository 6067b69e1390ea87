/**
 * Log sources: a name and a threshold. A message passes when its level is at most the threshold.
 */
import { LOGS_MAX, NAME_BYTES_MAX, Status } from "../abi";
import { INPUT } from "../bytes/input";
import { copyText } from "../bytes/text";
import { isListable } from "./name";
import { logs, makeSetting } from "./registry";
import { findSetting } from "./setting";

/** Finds or makes the log source named by `byteCount` bytes of input; its address or a `Status`. */
export function registerLog(byteCount: u32): i32 {
  if (byteCount > <u32>NAME_BYTES_MAX) return Status.NameInvalid;
  const name = copyText(INPUT, INPUT + byteCount, 0);
  if (!isListable(name)) return Status.NameInvalid;
  let log = findSetting(logs, name, false);
  if (!log) {
    if (logs.count >= <u32>LOGS_MAX) return Status.LimitReached;
    log = makeSetting(logs, name, 0);
    if (!log) return Status.OutOfMemory;
  }
  return <i32>changetype<usize>(log);
}
