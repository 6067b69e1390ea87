/**
 * A profile for speedscope: allocated bytes, and bytes alive at the end, by function.
 *
 * Format: jlfwong/speedscope `src/lib/file-format-spec.ts`, profiles of type `sampled`.
 */

import type { StackAmounts } from "./amounts.js";
import { type Frame, FrameTable } from "./frames.js";
import type { Selection } from "./selection.js";

const SCHEMA = "https://www.speedscope.app/file-format-schema.json";

/** Writes the file, as JSON. */
export function formatSpeedscope(selection: Selection): string {
  const table = new FrameTable(selection.codes, false);
  const profiles = [
    sampled(selection, table, ["allocated", ({ allocatedSamples }) => allocatedSamples]),
    sampled(selection, table, ["live at the end", ({ liveSamples }) => liveSamples]),
  ];
  const { program, pid } = selection.info;
  return JSON.stringify({
    $schema: SCHEMA,
    exporter: "wasm-monitoring",
    name: `${program} [${pid}]`,
    activeProfileIndex: selection.isLive ? 1 : 0,
    shared: {
      frames: table.frames.map(({ name, file }: Frame) => (file ? { name, file } : { name })),
    },
    profiles,
  });
}

function sampled(
  { profile, stacks }: Selection,
  table: FrameTable,
  [name, samplesOf]: readonly [string, (stack: StackAmounts) => number],
) {
  const shown = stacks.filter((stack) => samplesOf(stack) > 0);
  const { bytesPerSample } = profile.estimate;
  const weights = shown.map((stack) => Math.round(samplesOf(stack) * bytesPerSample));
  return {
    type: "sampled",
    name,
    unit: "bytes",
    startValue: 0,
    endValue: weights.reduce((total, weight) => total + weight, 0),
    samples: shown.map(({ node }) => table.numbers(profile.tree.frames(node))),
    weights,
  };
}
