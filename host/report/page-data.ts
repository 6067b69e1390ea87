/**
 * What the page of a report shows of a selection.
 */
import { FrameTable } from "./frames.js";
import type { PageData } from "./page/data.js";
import type { Selection } from "./selection.js";

const US_PER_MS = 1000;
const US_PER_SECOND = 1e6;

/** The page's data; `notes` are sentences about what was left out. */
export function pageData(selection: Selection, notes: readonly string[]): PageData {
  const { info, profile, codes, stacks } = selection;
  const table = new FrameTable(codes, true);
  const pageStacks = stacks.map(({ node, allocatedSamples, liveSamples }) => ({
    frames: table.numbers(profile.tree.frames(node)),
    allocatedSamples,
    liveSamples,
  }));
  return {
    facts: {
      executable: info.program,
      host: info.host,
      parameters: info.parameters,
      pid: info.pid,
      context: info.context,
      version: info.version,
      startMs: info.startUs / US_PER_MS,
      durationSeconds: selection.durationUs / US_PER_SECOND,
      samplingRate: info.samplingRate,
      bytesPerSample: profile.estimate.bytesPerSample,
      allocationCount: profile.allocationCount,
      collectionCount: profile.collectionCount,
      notes,
    },
    frames: table.frames,
    stacks: pageStacks,
    live: profile.liveOverTime
      .points()
      .map(({ timeUs, value }) => ({ seconds: timeUs / US_PER_SECOND, samples: value })),
  };
}
