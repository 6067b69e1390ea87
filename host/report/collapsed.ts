/**
 * Collapsed stacks: a line a backtrace, `entry;…;leaf N`, N in bytes. What flamegraph.pl, inferno
 * and speedscope read.
 *
 * Format: brendangregg/FlameGraph, head of `flamegraph.pl`. A frame is a function's name alone.
 */
import { framesOf, NO_BACKTRACE } from "./frames.js";
import type { Selection } from "./selection.js";

/** The lines, sorted; equal backtraces are added up before bytes are rounded. */
export function collapse({ codes, profile, stacks }: Selection): string[] {
  const names: string[] = [];
  const nameOf = (code: number): string => {
    names[code] ??= framesOf(codes, code)
      .map(({ name }) => plain(name))
      .join(";");
    return names[code];
  };
  const samples = new Map<string, number>();
  for (const { node, allocatedSamples } of stacks) {
    const path = profile.tree.frames(node).map(nameOf).join(";") || NO_BACKTRACE.name;
    samples.set(path, (samples.get(path) ?? 0) + allocatedSamples);
  }
  const { bytesPerSample } = profile.estimate;
  return [...samples]
    .map(([path, count]) => `${path} ${Math.round(count * bytesPerSample)}\n`)
    .sort();
}

/** A name that neither ends its frame nor its line; an empty one would not be a frame. */
function plain(name: string): string {
  return (
    name
      .replaceAll(";", ":")
      .replace(/[\r\n\u2028\u2029]+/g, " ")
      .trim() || "??"
  );
}
