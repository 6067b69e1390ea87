/**
 * Thresholds and switches to start with, in the control language: applied before anything
 * registers, and kept for what registers later.
 */
import type { Core } from "./core.js";
import { MonitorError } from "./errors.js";
import type { MonitorOptions } from "./options.js";
import type { Platform } from "./platform.js";

/** An option of `createMonitor` that holds settings, and the verb that applies them. */
export interface Setting extends Pick<MonitorOptions, "logLevels" | "metrics"> {
  readonly verb: "L" | "M";
  readonly option: "logLevels" | "metrics";
}

/** Applies an option's settings. Throws `OPTION_INVALID`, and changes nothing then. */
export function applySettings(
  core: Core,
  platform: Pick<Platform, "nowNs">,
  setting: Setting,
): void {
  const { verb, option } = setting;
  const settings = setting[option];
  if (settings === undefined || settings === "") return;
  const command = new TextEncoder().encode(verb + settings);
  const { reply, failed } = core.command(command, platform.nowNs(), true);
  if (!failed) return;
  const reason = new TextDecoder().decode(reply).replace("error: ", "");
  throw new MonitorError("OPTION_INVALID", `${option} '${settings}': ${reason}`);
}
