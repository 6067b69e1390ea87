/**
 * Undoes instrumentation: symbols are looked up in the original module, which one that was
 * instrumented ahead of time still contains.
 */
import type { HookDescription } from "./description.js";

/** The module that `bytes` was made from, byte for byte: what symbols are looked up in. */
export function restoreOriginal(
  bytes: Uint8Array,
  description: HookDescription,
): Uint8Array<ArrayBuffer> {
  const original = new Uint8Array(description.originalBytes);
  const removed = atob(description.removed);
  let covered = 0;
  let taken = 0;
  const fill = (until: number) => {
    for (; covered < until; covered++) original[covered] = removed.charCodeAt(taken++);
  };
  description.segments.forEach(({ instrumentedAt, originalAt }, index) => {
    if (originalAt < 0) return;
    const next = description.segments[index + 1]?.instrumentedAt ?? bytes.length;
    fill(originalAt);
    original.set(bytes.subarray(instrumentedAt, next), originalAt);
    covered = originalAt + next - instrumentedAt;
  });
  fill(description.originalBytes);
  return original;
}
