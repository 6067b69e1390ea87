/**
 * Timed settings: durations, when the next one reverts, and reverting what is due.
 */
import { CATALOGS } from "../bytes/fixed";
import { CATALOG_BYTES, CATALOGS_END } from "../metrics/registry";
import { Setting } from "../metrics/setting";
import { assign } from "../metrics/switch";

/** Of a second. */
export const NS_PER_S: u64 = 1000000000;
/** A hundred years; more digits than this are refused. */
const SECONDS_MAX: u64 = 3153600000;

/** Nanoseconds of `<n>s`, `<n>m` or `<n>h`; 0 if it is none. */
export function parseDuration(start: usize, end: usize): u64 {
  let count: u64 = 0;
  for (; start < end - 1; start++) {
    const digit = <u32>load<u8>(start) - 0x30;
    // What is none stays above all that is one.
    count = (digit < 10) & (count <= SECONDS_MAX) ? count * 10 + digit : -1;
  }
  const unit = load<u8>(start);
  count *= unit == 0x68 ? 3600 : unit == 0x6d ? 60 : <u64>(unit == 0x73);
  return count > SECONDS_MAX ? 0 : count * NS_PER_S;
}

/** Reverts every timed setting that is due; returns when the next one reverts, 0 = never. */
export function expire(nowNs: u64): u64 {
  // Less one: none is the largest number.
  let soonest = u64.MAX_VALUE;
  for (let catalog = CATALOGS; catalog < CATALOGS_END; catalog += CATALOG_BYTES) {
    for (let at = catalog; at; at = changetype<Setting>(at).next) {
      const setting = changetype<Setting>(at);
      if (setting.deadlineNs - 1 < nowNs) assign(setting, setting.saved, 0);
      soonest = min(soonest, setting.deadlineNs - 1);
    }
  }
  return soonest + 1;
}
