/**
 * Which switches a walk over a command's items has met: of a name given twice the first counts.
 */
import { Setting } from "../metrics/setting";

let walk: u32 = 0;

/** Starts a walk: no switch is met yet. */
export function beginWalk(): void {
  walk++;
}

/** Whether this walk meets the switch for the first time; marks it. */
export function isFirstVisit(setting: Setting): bool {
  if (setting.walk == walk) return false;
  setting.walk = walk;
  return true;
}
