/**
 * Reads the guest's shadow stack (host/instrument/shadow.ts): byte offsets of calls in the module
 * as it was before it was linked.
 */
import { INPUT } from "../../memtrace/layout";
import { fromGuest } from "../ground";
import { block, depth, PROBE_BYTES, SHADOW_BYTES } from "./hooks";

/** Frames of one backtrace; what is deeper is cut at the entry point's side. */
export const FRAMES_MAX: u32 = 1024;
/** The position of a frame that nobody can name: it lies in the magic number. */
const UNKNOWN_POSITION: u32 = 1;

/** Puts the stack into the writer's input, innermost first; how many frames, at least one. */
export function readStack(): u32 {
  let count: u32 = 0;
  if (block) {
    const first = fromGuest(block + PROBE_BYTES);
    let at = first + min(depth, SHADOW_BYTES);
    while (at != first && count < FRAMES_MAX) {
      at -= 4;
      const position = load<u32>(at);
      // 0: this function has not called anything since there is a stack.
      if (position) store<u32>(INPUT + (count++ << 2), position);
    }
  }
  if (count) return count;
  store<u32>(INPUT, UNKNOWN_POSITION);
  return 1;
}
