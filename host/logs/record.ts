/**
 * A log record, and how it looks as a line of text or of JSON.
 */
import type { Level } from "../../assembly/abi.js";
import { escapeControl, escapeJson } from "./escape.js";

/** One message that has passed its source's threshold. */
export interface LogRecord {
  /** When, in nanoseconds since the Unix epoch. */
  readonly timeNs: bigint;
  readonly level: Level;
  readonly source: string;
  readonly message: string;
}

/** Characters of a message; more are cut and counted. */
export const MESSAGE_CHARACTERS_MAX = 16_384;

/** The names of the levels as commands and JSON lines have them; the index is the `Level`. */
export const LEVEL_NAMES = ["quiet", "app", "error", "warning", "info", "debug"] as const;

const COLUMN_NAMES = ["QUIET", "APP  ", "ERROR", "WARN ", "INFO ", "DEBUG"] as const;
/** Select Graphic Rendition of ECMA-48 §8.3.117: bold, red, yellow, green, grey. */
const COLOURS = ["0", "1", "31", "33", "32", "90"] as const;
/** The largest time that a date can show: 275760-09-13. */
const TIME_MS_MAX = 8_640_000_000_000_000;

/** Writes `2026-11-22T19:50:00.123Z WARN  dns: text` and a newline, always one line. */
export function formatText(record: LogRecord, colour: boolean): string {
  const name = COLUMN_NAMES[record.level] ?? "?    ";
  const level = colour ? `\x1b[${COLOURS[record.level] ?? "0"}m${name}\x1b[0m` : name;
  const source = escapeControl(record.source);
  return `${formatTime(record.timeNs)} ${level} ${source}: ${escapeControl(record.message)}\n`;
}

/** Writes one line of JSON: `time`, `level`, `source`, `message`. */
export function formatJson(record: LogRecord): string {
  const line = JSON.stringify({
    time: formatTime(record.timeNs),
    level: LEVEL_NAMES[record.level] ?? "quiet",
    source: record.source,
    message: record.message,
  });
  return `${escapeJson(line)}\n`;
}

/** Writes nanoseconds since the epoch as RFC 3339 with milliseconds. */
export function formatTime(timeNs: bigint): string {
  const timeMs = Number(timeNs / 1_000_000n);
  return new Date(Math.max(-TIME_MS_MAX, Math.min(TIME_MS_MAX, timeMs))).toISOString();
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

/** Cuts a message that is too long, not through a surrogate pair, and counts that. */
export function shorten(record: LogRecord, stats: { truncated: number }): LogRecord {
  if (record.message.length <= MESSAGE_CHARACTERS_MAX) return record;
  stats.truncated++;
  const cut = record.message.slice(0, MESSAGE_CHARACTERS_MAX).replace(/[\ud800-\udbff]$/, "");
  return { ...record, message: `${cut}…` };
}
