/**
 * The words of the control language: levels, on and off, durations.
 */
import { putLiteral } from "../bytes/put";

/** What is no word. */
export const NO_WORD: u32 = 255;

const NS_PER_S: u64 = 1000000000;
/** A hundred years; more digits than this are refused. */
const SECONDS_MAX: u64 = 3153600000;

/** The name of a `Level`. */
export function levelName(level: u32): string {
  if (level == 0) return "quiet";
  if (level == 1) return "app";
  if (level == 2) return "error";
  if (level == 3) return "warning";
  return level == 4 ? "info" : "debug";
}

/** The `Level` of a name, case-sensitive, or `NO_WORD`. */
export function parseLevel(start: usize, end: usize): u32 {
  for (let level: u32 = 0; level < 6; level++) {
    if (isWord(start, end, levelName(level), 0)) return level;
  }
  return NO_WORD;
}

/** 1 for `enable` and `on`, 0 for `disable` and `off`, any case, or `NO_WORD`. */
export function parseSwitch(start: usize, end: usize): u32 {
  if (isWord(start, end, "on", 0x20) || isWord(start, end, "enable", 0x20)) return 1;
  return isWord(start, end, "off", 0x20) || isWord(start, end, "disable", 0x20) ? 0 : NO_WORD;
}

/** Nanoseconds of `<n>s`, `<n>m` or `<n>h`; 0 if it is none. */
export function parseDuration(start: usize, end: usize): u64 {
  if (end - start < 2) return 0;
  let count: u64 = 0;
  for (let at = start; at < end - 1; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9 || count > SECONDS_MAX) return 0;
    count = count * 10 + digit;
  }
  const unit = load<u8>(end - 1);
  if (unit == 0x6d) count *= 60;
  else if (unit == 0x68) count *= 3600;
  else if (unit != 0x73) return 0;
  return count > SECONDS_MAX ? 0 : count * NS_PER_S;
}

/** Whether the bytes are a word; `fold` is 0x20 to ignore case. */
export function isWord(start: usize, end: usize, word: string, fold: u32): bool {
  if (end - start != <usize>word.length) return false;
  for (let at = start; at < end; at++) {
    const letter = load<u8>(changetype<usize>(word) + ((at - start) << 1));
    if ((load<u8>(at) | fold) != (letter | fold)) return false;
  }
  return true;
}

/** Writes what `value` is called: a level, or enabled and disabled. */
export function putValueName(at: usize, value: u32, isLevel: bool): usize {
  if (isLevel) return putLiteral(at, levelName(value));
  return putLiteral(at, value ? "enabled" : "disabled");
}
