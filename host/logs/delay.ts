/**
 * Time between two attempts to reach a receiver: doubles from a quarter of a second to half a
 * minute, with jitter so that many programs do not return at the same moment.
 */

const FIRST_MS = 250;
const DELAY_MS_MAX = 30_000;

/** Milliseconds to wait after so many failures in a row; `random` is in [0, 1). */
export function retryDelayMs(failures: number, random: number): number {
  const fullMs = Math.min(DELAY_MS_MAX, FIRST_MS * 2 ** Math.min(failures, 16));
  return Math.round(fullMs * (0.5 + random / 2));
}
