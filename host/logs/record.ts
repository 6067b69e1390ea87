/**
 * A log record, and how it looks as a line of text or of JSON.
 */
import type { Level } from "../../assembly/abi.js";
import { optionInvalid } from "../errors.js";
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
/** The largest time that a date can show: 275760-09-13. */
const TIME_MS_MAX = 8_640_000_000_000_000;

/**
 * Writes `2026-11-22T19:50:00.123Z WARN  dns: text` and a newline, always one line. `paint` may
 * colour the level's name.
 */
export function formatText(record: LogRecord, paint?: (name: string, level: Level) => string) {
  const { level, source, message } = record;
  const name = COLUMN_NAMES[level] ?? "?";
  const text = `${escapeControl(source)}: ${escapeControl(message)}`;
  return `${formatTime(record.timeNs)} ${paint?.(name, level) ?? name} ${text}\n`;
}

/** Writes one line of JSON: `time`, `level`, `source`, `message`. */
export function formatJson(record: LogRecord): string {
  const { timeNs, level, source, message } = record;
  const fields = { time: formatTime(timeNs), level: LEVEL_NAMES[level], source, message };
  return `${escapeJson(JSON.stringify(fields))}\n`;
}

/** Writes nanoseconds since the epoch as RFC 3339 with milliseconds. */
export function formatTime(timeNs: bigint): string {
  const timeMs = Number(timeNs / 1_000_000n);
  return new Date(Math.max(-TIME_MS_MAX, Math.min(TIME_MS_MAX, timeMs))).toISOString();
}

/** Cuts a message that is too long, not through a surrogate pair, and counts that. */
export function shorten(record: LogRecord, stats: { truncated: number }): LogRecord {
  if (record.message.length <= MESSAGE_CHARACTERS_MAX) return record;
  stats.truncated++;
  const cut = record.message.slice(0, MESSAGE_CHARACTERS_MAX).replace(/[\ud800-\udbff]$/, "");
  return { ...record, message: `${cut}…` };
}

/** Throws `OPTION_INVALID` for a format that there is not. */
export function checkFormat(format: unknown): void {
  if (format === "text" || format === "json") return;
  optionInvalid(`logs: format ${JSON.stringify(format)} is neither text nor json`);
}
