/**
 * Numbers as people read them: three significant digits, binary multiples of bytes.
 */

/** Keeps a number and its unit on one line. */
const SPACE = "\u00a0";

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** `12.3 MiB`; below a kibibyte whole bytes. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // A value that would round up to 1024 is one of the next unit.
  while (Math.abs(value) >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${SPACE}${BYTE_UNITS[unit]}`;
}

/** `12.3 %` of a whole; what is there but small is never `0 %`. */
export function formatShare(part: number, whole: number): string {
  if (part === 0 || whole === 0) return formatPercent(0);
  const percent = (100 * part) / whole;
  if (percent < 0.01) return `<${SPACE}${formatPercent(0.01)}`;
  if (percent >= 99.95) return formatPercent(100);
  return formatPercent(percent.toFixed(percent < 1 ? 2 : 1));
}

/** `12.3 %`, digits as they are. */
export function formatPercent(percent: number | string): string {
  return `${percent}${SPACE}%`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 frame`, `1,234 frames`. */
export function formatNumber(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

/** `12 ms`, `1.23 s`, `5 min 3 s`, `2 h 5 min`, `5 min`. */
export function formatDuration(seconds: number): string {
  const part = (value: number, unit: string) => `${formatCount(value)}${SPACE}${unit}`;
  if (seconds < 1e-6) return part(0, "s");
  if (seconds < 1e-3) return part(Math.round(seconds * 1e6), "µs");
  if (seconds < 1) return part(Number((seconds * 1e3).toPrecision(3)), "ms");
  if (seconds < 60) return part(Number(seconds.toPrecision(3)), "s");
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor(whole / 60) % 60;
  const parts = hours > 0 ? [part(hours, "h")] : [];
  if (minutes > 0) parts.push(part(minutes, "min"));
  if (hours === 0 && whole % 60 > 0) parts.push(part(whole % 60, "s"));
  return parts.join(" ");
}

/** `2026-03-04 05:06:07 UTC`. */
export function formatTime(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return "unknown";
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `src/main.c:12`; the file alone where the line is unknown. */
export function formatPlace(file: string, line: number): string {
  if (file === "") return "file unknown";
  if (line === 0) return file;
  // Behind a name that is written from right to left the line would come out on its left.
  return `${file}${RIGHT_TO_LEFT.test(file) ? "\u200e" : ""}:${line}`;
}
