/**
 * Thresholds and switches to start with, in the control language: applied before anything
 * registers, and kept for what registers later.
 */
import type { Core } from "./core.js";
import { optionInvalid } from "./errors.js";
import type { MonitorOptions } from "./options.js";

/** The options that hold settings. */
export type Settings = Pick<MonitorOptions, "logLevels" | "metrics">;

/** Which options hold settings, and the verbs that apply them. */
const VERBS = [
  ["logLevels", "L"],
  ["metrics", "M"],
] as const;

/** Applies the settings of both options. Throws `OPTION_INVALID`; of that option none applies. */
export function applySettings(core: Core, options: Settings, nowNs: () => bigint): void {
  for (const [option, verb] of VERBS) {
    const settings = options[option];
    if (!settings) continue;
    const { reply, failed } = core.command(verb + settings, nowNs(), true);
    const reason = new TextDecoder().decode(reply).replace("error: ", "");
    if (failed) optionInvalid(`${option} '${settings}': ${reason}`);
  }
}
