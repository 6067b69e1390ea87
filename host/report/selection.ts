/**
 * The backtraces that a report is about: all of a profile, or those alive and large enough.
 */
import type { CodeTable } from "../trace/code-table.js";
import type { TraceInfo } from "../trace/visitor.js";
import type { StackAmounts } from "./amounts.js";
import type { Profile } from "./profile.js";
import { samplesMin, type Threshold } from "./threshold.js";
import type { Window } from "./window.js";

export interface SelectionOptions {
  readonly window: Window;
  /** Whether only blocks count that are alive at the end. */
  readonly isLive: boolean;
  /** Leaves out backtraces with less. */
  readonly min?: Threshold | undefined;
}

/** What a report is made from. */
export interface Selection {
  readonly info: TraceInfo;
  readonly codes: CodeTable;
  readonly profile: Profile;
  /** In the order of first sight; alive only: allocated is what is alive. */
  readonly stacks: readonly StackAmounts[];
  readonly isLive: boolean;
  /** Backtraces left out as too small, and their samples. */
  readonly leftOut: { readonly stacks: number; readonly samples: number };
  /** Of the window, up to the last event. */
  readonly beginUs: number;
  readonly durationUs: number;
}

/** Selects from a profile, which has begun. */
export function select(profile: Profile, options: SelectionOptions): Selection {
  const { info, codes, estimate } = profile;
  if (!info || !codes) throw new Error("a profile before its trace's info");
  const listed = profile.amounts.list();
  const all = options.isLive ? onlyLive(listed) : listed;
  const samples = sum(all);
  const { bytesPerSample } = estimate;
  const least = options.min ? samplesMin(options.min, { samples, bytesPerSample }) : 0;
  const stacks = all.filter(({ allocatedSamples }) => allocatedSamples >= least);
  const { sinceUs, untilUs } = options.window;
  return {
    info,
    codes,
    profile,
    stacks,
    isLive: options.isLive,
    leftOut: { stacks: all.length - stacks.length, samples: samples - sum(stacks) },
    beginUs: info.startUs + sinceUs,
    durationUs: Math.max(0, Math.min(untilUs, profile.lastUs) - sinceUs),
  };
}

function onlyLive(stacks: readonly StackAmounts[]): StackAmounts[] {
  return stacks
    .filter(({ liveSamples }) => liveSamples > 0)
    .map((stack) => ({
      ...stack,
      allocatedSamples: stack.liveSamples,
      allocatedBlocks: stack.liveBlocks,
    }));
}

function sum(stacks: readonly StackAmounts[]): number {
  return stacks.reduce((total, { allocatedSamples }) => total + allocatedSamples, 0);
}
