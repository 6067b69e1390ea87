/**
 * Numbers as C's printf writes them, for output that has to equal other programs' byte for byte.
 */

/**
 * `%.0f` and `%.1f` of a number that is not negative. As `toFixed`, but what lies exactly halfway
 * goes to the even digit, not up.
 */
export function formatFixed(value: number, digits: 0 | 1): string {
  const whole = Math.floor(value);
  const rest = value - whole;
  if (digits === 0 && rest === 0.5) return String(whole % 2 === 0 ? whole : whole + 1);
  // Of what binary numbers can be halfway between two tenths, .25 and .75, toFixed is right in one.
  if (digits === 1 && rest === 0.25) return `${whole}.2`;
  return value.toFixed(digits);
}

const KIBI = 1024;
const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes as the reference prints them, four columns or more: `  12 B`, ` 1.5 kB`, `99.9 MB`. */
export function formatBytes(byteCount: number): string {
  let value = byteCount;
  let unit = 0;
  while (!(value < 100) && unit < UNITS.length - 1) {
    value /= KIBI;
    unit++;
  }
  const text = formatFixed(value, unit === 0 ? 0 : 1).padStart(4);
  return `${text} ${UNITS[unit]}`;
}
