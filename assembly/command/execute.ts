/**
 * The control language: one command, one reply. The first byte selects.
 */
import { CommandFlag, CoreFlag, Outcome } from "../abi";
import { arenaMark } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { INPUT } from "../bytes/input";
import { addText, cursor, writeAt } from "../bytes/put";
import { copyText } from "../bytes/text";
import { hasFlag, logs, sources } from "../metrics/registry";
import { Setting } from "../metrics/setting";
import { takeItems } from "./item";
import { addList } from "./list";
import { clearOutcome, fail, openFailure, setOutcome } from "./outcome";
import { parseDuration } from "./time";

/** Each form once, by example. */
const HELP = ascii(`ok: l l* ldns Linfo Ldns:debug (quiet app error warning info debug)
m m* mdns Mon Mdns:off Mtag:key:off for 9m`);

/** ` for`, little-endian. */
const FOR: u32 = 0x726f6620;

/**
 * Runs the command in `byteCount` bytes of input; returns where the reply ends.
 */
export function execute(byteCount: u32, nowNs: u64, flags: u32): usize {
  clearOutcome();
  writeAt(arenaMark());
  run(INPUT, INPUT + byteCount, nowNs, (flags & CommandFlag.KeepUnknown) != 0);
  return cursor;
}

function run(start: usize, end: usize, nowNs: u64, keeps: bool): void {
  const isStrict = hasFlag(CoreFlag.Strict);
  if (!isStrict) {
    while ((start < end) & (load<u8>(start) <= 0x20)) start++;
    while ((start < end) & (load<u8>(end - 1) <= 0x20)) end--;
  }
  const selector: u32 = start < end ? load<u8>(start) : 0;
  const catalog = selector & 1 ? sources : logs;
  start++;
  // Capitals set; the bit that makes them small is 0x20. An odd letter is M.
  if ((selector | 0x21) == 0x6d) {
    if (selector & 0x20) addList(catalog, start, end, nowNs);
    else set(catalog, start, end, nowNs, keeps);
  } else if ((selector == 0x3f) & !isStrict & (start == end)) addText(HELP);
  else openFailure(ascii("unknown command"));
}

function set(catalog: Setting, start: usize, end: usize, nowNs: u64, keeps: bool): void {
  let deadlineNs: u64 = 0;
  const time: usize = hasFlag(CoreFlag.Strict) ? 0 : findTime(start, end);
  if (time) {
    const durationNs = parseDuration(time, end);
    if (!durationNs) {
      copyText(time, end, 0);
      fail(ascii("couldn't decode duration: "));
      return;
    }
    deadlineNs = nowNs + durationNs;
    end = time - 5;
  }
  if (!takeItems(catalog, start, end, deadlineNs, keeps, false)) return;
  setOutcome(Outcome.Changed);
  // New tag keys and kept names have moved the output.
  writeAt(arenaMark());
  addText(ascii("ok"));
}

/** Where the time begins in a command that ends in ` for <time>`; 0 if it does not. */
function findTime(start: usize, end: usize): usize {
  let at = end;
  while ((at > start) & (load<u8>(at - 1) != 0x20)) at--;
  return load<u32>(at - 5) == FOR ? at : 0;
}
