/**
 * Colours of levels, for lines on a terminal.
 */
import type { Level } from "../../assembly/abi.js";

/** Select Graphic Rendition of ECMA-48 §8.3.117: bold, red, yellow, green, grey; by `Level`. */
const COLOURS = ["0", "1", "31", "33", "32", "90"] as const;

/** A level's name in its colour. */
export function paintLevel(name: string, level: Level): string {
  return `\x1b[${COLOURS[level] ?? "0"}m${name}\x1b[0m`;
}

/**
 * Whether lines on standard error are coloured: on a terminal, unless `NO_COLOR` is set
 * (no-color.org); `FORCE_COLOR` overrides both, `FORCE_COLOR=0` switches off.
 */
export function wantsColour(
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const { FORCE_COLOR, NO_COLOR } = environment;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return isTerminal && (NO_COLOR === undefined || NO_COLOR === "");
}
