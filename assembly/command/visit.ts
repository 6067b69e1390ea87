/**
 * Which switches a command has met: of a name given twice the first counts.
 */
import { Setting } from "../metrics/setting";

let walk: u32 = 0;

/** Starts a command: no switch has been met. */
export function openWalk(): void {
  walk++;
}

/** Whether the command meets a switch for the first time. Marks it. */
export function isFirstVisit(setting: Setting): bool {
  if (isVisited(setting)) return false;
  setting.walk = walk;
  return true;
}

/** Whether the command has met a switch. */
export function isVisited(setting: Setting): bool {
  return setting.walk == walk;
}
