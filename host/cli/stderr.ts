/**
 * What wmon itself says, one line each on standard error, written at once: `process.stderr` would
 * make a pipe non-blocking that the guest writes to as well.
 */
import { escapeLines } from "../logs/escape.js";
import { writeAll } from "../wasi/streams.js";

/**
 * Writes `text` to a standard stream, waiting for a slow reader; one that is gone does not matter.
 */
export function put(fd: 1 | 2, text: string): void {
  try {
    writeAll(fd, Buffer.from(text));
  } catch {
    // EPIPE: nobody reads any more.
  }
}

/** Writes a line on standard error, begun with our name. Names in it may be a guest's. */
export function say(text: string): void {
  put(2, `wmon: ${escapeLines(text)}\n`);
}
