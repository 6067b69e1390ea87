/**
 * One trace for whoever asks for it: how it is made, how it is stopped, and what became of it.
 */
import { MonitorError } from "../errors.js";
import type { TraceEnd } from "./session.js";

export const SAMPLING_RATE = 1e-4;

/** How a trace is made. */
export interface TraceOptions {
  /** Probability that an allocated word of four bytes is sampled, in (0, 1]. @default 1e-4 */
  readonly samplingRate?: number | undefined;
  /**
   * Sampled allocations a second past which the trace ends, rather than be biased; 0 for no cap.
   * @default 3_000 with stacks of the engine, 30_000 with shadow stacks
   */
  readonly maxSamples?: number | undefined;
  /** Starts the sampler: the same seed samples the same words. @default random */
  readonly seed?: bigint | undefined;
  /** A guest in a worker waits for a slow reader rather than lose an event. @default false */
  readonly isLossless?: boolean | undefined;
}

/** What a trace became. */
export interface TraceStats {
  readonly reason: TraceEnd;
  readonly bytes: number;
  readonly allocations: number;
  /** Frees of sampled blocks. */
  readonly collects: number;
  /** Words sampled. */
  readonly samples: number;
  readonly droppedEvents: number;
}

/** A trace that is being made. */
export interface Trace {
  /** Resolves when the last byte has left, or cannot. Never rejects. */
  readonly ended: Promise<TraceStats>;
  /** Ends the trace; resolves as `ended`. */
  stop(): Promise<TraceStats>;
}

/** Throws `OPTION_INVALID` for what makes no sense. */
export function checkTraceOptions(options: TraceOptions): void {
  const { samplingRate = SAMPLING_RATE, maxSamples = 0, seed = 0n } = options;
  if (!(Number.isFinite(samplingRate) && samplingRate > 0 && samplingRate <= 1)) {
    const wanted = "a probability above 0 and at most 1";
    throw new MonitorError("OPTION_INVALID", `samplingRate: ${samplingRate} is not ${wanted}`);
  }
  if (!(Number.isSafeInteger(maxSamples) && maxSamples >= 0)) {
    const wanted = "a whole number of allocations a second, or 0 for no cap";
    throw new MonitorError("OPTION_INVALID", `maxSamples: ${maxSamples} is not ${wanted}`);
  }
  if (typeof seed !== "bigint") {
    throw new MonitorError("OPTION_INVALID", `seed: ${seed} is not a bigint, such as 1n`);
  }
}

/** A seed that nobody can foresee. */
export function drawSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}

type Level = "info" | "warning" | "error";

const ENDINGS: Readonly<Record<TraceEnd, readonly [Level, string]>> = {
  stopped: ["info", "stopped by its reader"],
  finished: ["info", "the program ended"],
  capped: [
    "warning",
    "more than MAX sampled allocations a second: lower the sampling rate or raise the cap " +
      "(--sampling-rate, --max-samples)",
  ],
  unhooked: ["info", "nothing is hooked"],
  failed: ["warning", "its reader went away"],
};

/** The log line that tells how a trace ended; losses make it a warning. */
export function describeEnd(
  stats: TraceStats,
  { maxSamples, error }: { readonly maxSamples: number; readonly error?: Error | undefined },
): readonly [Level, string] {
  const { reason, bytes, allocations, droppedEvents } = stats;
  const [level, phrase] = ENDINGS[reason];
  const why = error ? "it cannot be continued" : phrase.replace("MAX", String(maxSamples));
  const cause = error ? `: ${error.message}` : "";
  const counts = `${bytes} bytes, ${allocations} sampled allocations`;
  const text = `trace ended, ${why}${cause} (${counts}, ${droppedEvents} events dropped)`;
  return [level === "info" && droppedEvents > 0 ? "warning" : level, text];
}
