/**
 * What a reader of a report has to know besides: a sentence for everything that was left out.
 */
import type { TraceSummary } from "../trace/reader.js";
import { HOTSPOTS_WORD_BYTES } from "./hotspots.js";
import type { Profile } from "./profile.js";
import type { Selection } from "./selection.js";
import { EVERYTHING, type Window } from "./window.js";

const NOTHING = "no allocation was sampled";

/** Sentences about reading: damage, and what the format allows but readers do not follow. */
export function describeReading(summary: TraceSummary): string[] {
  const { damage, eventCount, foreignPackets, locationConflicts, cutFrames } = summary;
  const shown = `shown are the ${eventCount} events before`;
  return [
    ...(damage ? [`damaged at byte ${damage.byte}: ${damage.reason}; ${shown}`] : []),
    ...counted(foreignPackets, "packets of another process left out"),
    ...counted(
      locationConflicts,
      "locations that contradict an earlier one of their code left out",
    ),
    ...counted(cutFrames, "frames of very deep backtraces left out"),
  ];
}

/** Sentences about hotspots, which are what the reference's are: not all, in words of 8 bytes. */
export function describeHotspots(of: {
  readonly samples: number;
  readonly unlistedSamples: number;
  readonly wordBytes: number;
}): string[] {
  if (of.samples === 0) return [NOTHING];
  const percent = (100 * of.unlistedSamples) / of.samples;
  const share = percent < 0.1 ? "under 0.1" : percent.toFixed(1);
  return [
    ...(of.unlistedSamples > 0
      ? [`${share}% is in functions not listed: small or never called; --format collapsed has all`]
      : []),
    ...(of.wordBytes === HOTSPOTS_WORD_BYTES
      ? []
      : [`hotspots takes a word for 8 bytes, as memtrace's does; words here have ${of.wordBytes}`]),
  ];
}

/** Sentences about counting. */
export function describeProfile(profile: Profile, { sinceUs }: Window): string[] {
  // Blocks from before a window end in it as if unknown.
  const strays = sinceUs === EVERYTHING.sinceUs ? profile.strayCollections : 0;
  return [
    ...(profile.allocationCount === 0 ? [NOTHING] : []),
    ...counted(strays, "collections of unknown blocks left out"),
    ...counted(profile.cutStacks, "backtraces cut: too many different ones"),
    ...counted(profile.lostBlocks, "blocks counted as freed: too many are alive"),
  ];
}

/** Sentences about what the user chose. */
export function describeSelection({ leftOut, profile }: Selection): string[] {
  const bytes = Math.round(leftOut.samples * profile.estimate.bytesPerSample);
  return counted(leftOut.stacks, `backtraces under --min left out, of ${bytes} bytes together`);
}

function counted(count: number, what: string): string[] {
  return count > 0 ? [`${count} ${what}`] : [];
}
