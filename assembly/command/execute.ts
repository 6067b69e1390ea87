/**
 * The control language: one command, one reply. The first byte selects.
 */
import { CommandFlag, CoreFlag, Outcome } from "../abi";
import { arenaMark } from "../bytes/arena";
import { INPUT } from "../bytes/input";
import { putLiteral } from "../bytes/put";
import { logs } from "../logs/source";
import { hasFlag, sources } from "../metrics/registry";
import { addBytes, addText, clearFailure, failureEnd, openFailure } from "./failure";
import { applyLevels } from "./level";
import { putList } from "./list";
import { applySwitches } from "./switch";
import { ignoredUnknown, openUnknown } from "./unknown";
import { parseDuration } from "./word";

const HELP_LEVELS = "ok: l l* l<src>,... list, L<level> L<src>:<level>,... set log levels;";
const HELP_SWITCHES = " m m* m<src>,... list, Mon Moff M<src>:on Mtag:<key>:off,... set sources;";
const HELP_WORDS = " levels: quiet app error warning info debug; end with ' for 10m' to revert";

let outcome: u32 = 0;

/** `Outcome` bits of the last command. */
export function commandOutcome(): u32 {
  return outcome;
}

/** Runs the command in `byteCount` bytes of input; returns the bytes of its reply, in the output. */
export function execute(byteCount: u32, nowNs: u64, flags: u32): u32 {
  clearFailure();
  openUnknown((flags & CommandFlag.KeepUnknown) != 0);
  let end = run(arenaMark(), INPUT, INPUT + byteCount, nowNs);
  if (ignoredUnknown()) outcome |= Outcome.UnknownIgnored;
  if (failureEnd()) {
    outcome = Outcome.Failed;
    end = failureEnd();
  }
  return <u32>(end - arenaMark());
}

function run(at: usize, start: usize, end: usize, nowNs: u64): usize {
  outcome = 0;
  const isStrict = hasFlag(CoreFlag.Strict);
  if (!isStrict) {
    while (start < end && isSpace(load<u8>(start))) start++;
    while (start < end && isSpace(load<u8>(end - 1))) end--;
  }
  const selector = start < end ? <u32>load<u8>(start) : 0;
  start++;
  if (selector == 0x6c) return putList(at, logs, start, end, nowNs);
  if (selector == 0x6d) return putList(at, sources, start, end, nowNs);
  if (selector == 0x4c || selector == 0x4d) {
    return runSetting(at, selector == 0x4c, start, end, nowNs);
  }
  if (selector == 0x3f && !isStrict && start == end) return putHelp(at);
  return openFailure(at, "unknown command");
}

function putHelp(at: usize): usize {
  return putLiteral(putLiteral(putLiteral(at, HELP_LEVELS), HELP_SWITCHES), HELP_WORDS);
}

function runSetting(at: usize, isLevel: bool, start: usize, end: usize, nowNs: u64): usize {
  let deadlineNs: u64 = 0;
  const timeStart: usize = hasFlag(CoreFlag.Strict) ? 0 : findDuration(start, end);
  if (timeStart) {
    const duration = parseDuration(timeStart, end);
    if (!duration) {
      openFailure(at, "couldn't decode duration: ");
      addBytes(timeStart, end, false);
      addText(" (give <n>s, <n>m or <n>h)");
      return 0;
    }
    deadlineNs = nowNs + duration;
    end = timeStart - 5;
  }
  const isDone = isLevel
    ? applyLevels(at, start, end, deadlineNs)
    : applySwitches(at, start, end, deadlineNs);
  if (!isDone) return 0;
  outcome |= Outcome.Changed;
  return putLiteral(arenaMark(), "ok");
}

/** Where the time begins in a command that ends in ` for <time>`; 0 if it does not. */
function findDuration(start: usize, end: usize): usize {
  let at = end;
  while (at > start && load<u8>(at - 1) != 0x20 && load<u8>(at - 1) != 0x3a) at--;
  if (at < start + 5 || load<u8>(at - 5) != 0x20) return 0;
  return load<u32>(at - 4) == 0x20726f66 ? at : 0;
}

function isSpace(byte: u32): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13);
}
