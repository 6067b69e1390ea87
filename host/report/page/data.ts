/**
 * What the page shows of a trace. Every figure is a number of allocation samples (sampled words);
 * the page turns it into bytes by `bytesPerSample`, so that no two places of it can disagree.
 */

/** One trace, or the part of one that filters let through. */
export interface PageData {
  readonly facts: PageFacts;
  /** The distinct frames of all stacks. */
  readonly frames: readonly PageFrame[];
  /** Distinct or not: equal stacks are added up. */
  readonly stacks: readonly PageStack[];
  /** Live samples over time, ascending; thinned out by the page where there are many. */
  readonly live: readonly PagePoint[];
}

/** A position in the source that a backtrace passes through. */
export interface PageFrame {
  /** The function's qualified name; may hold anything, of any length. */
  readonly name: string;
  /** Empty where unknown. */
  readonly file: string;
  /** 1-based; 0 where unknown. */
  readonly line: number;
}

/** A backtrace and what was sampled with it. */
export interface PageStack {
  /** Indices into `frames`, from the entry point to the allocation; at least one. */
  readonly frames: ArrayLike<number>;
  /** Allocation samples, those freed again included. */
  readonly allocatedSamples: number;
  /** Allocation samples that were not freed when the trace (or its window) ended. */
  readonly liveSamples: number;
}

/** Live samples from `seconds` after the trace's start on. */
export interface PagePoint {
  readonly seconds: number;
  readonly samples: number;
}

/** What is known of the trace as a whole; texts may hold anything. */
export interface PageFacts {
  readonly executable: string;
  readonly host: string;
  /** Parameters of the runtime, as the trace has them. */
  readonly parameters: string;
  readonly pid: number | bigint;
  readonly context: string;
  /** Version of the trace format. */
  readonly version: number;
  /** When the trace begins, in milliseconds since the epoch. */
  readonly startMs: number;
  readonly durationSeconds: number;
  /** Probability that a word is sampled: over 0, at most 1. */
  readonly samplingRate: number;
  /** Bytes of a word divided by the sampling rate: what one sample stands for. */
  readonly bytesPerSample: number;
  /** Sampled allocations; each has one sample or more. */
  readonly allocationCount: number;
  /** Sampled allocations that were freed. */
  readonly collectionCount: number;
  /** Filters that were given, damage that was found, events that were dropped: a sentence each. */
  readonly notes: readonly string[];
}
