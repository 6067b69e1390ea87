/**
 * Durations as people write them on a command line: `500ms`, `2s`, `1m`, `1h`, or a number of
 * seconds.
 */
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration; undefined when it is none, or not positive. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h)?$/.exec(text);
  if (!match) return undefined;
  const durationMs = Number(match[1]) * (UNIT_MS[match[2] ?? "s"] ?? 0);
  return durationMs > 0 ? durationMs : undefined;
}
