/**
 * What samples stand for. Every word is sampled independently with the trace's rate r, so s samples
 * of a block stand for s / r words: without bias, whatever the block's length.
 *
 * For the number of blocks the estimator of Horvitz and Thompson (1952): a block of n words is in
 * the trace with probability 1 - (1 - r)^n, so each one that is stands for the inverse. Go's
 * runtime does the same (`runtime/pprof/protomem.go`, scaleHeapSample, with the exponential
 * function, since it samples bytes). The other unbiased choice, s / (r n), varies more: a block
 * that is sampled for certain would count as 1 only on average.
 */
import type { AllocationSource, TraceInfo } from "../trace/visitor.js";

const TABLE_WORDS = 1024;

/** Turns samples of one trace into bytes and blocks. */
export class Estimate {
  /** What one sample stands for. */
  readonly bytesPerSample: number;

  readonly #logMiss: number;
  /** Weights of short blocks, by length. */
  readonly #weights: Float64Array;

  constructor({ samplingRate, wordBytes }: Pick<TraceInfo, "samplingRate" | "wordBytes">) {
    this.bytesPerSample = wordBytes / samplingRate;
    this.#logMiss = Math.log1p(-samplingRate);
    this.#weights = Float64Array.from({ length: TABLE_WORDS }, (_, words) => this.#weight(words));
  }

  /** Allocated blocks that a sampled one stands for; at least 1. */
  blocks({ lengthWords, source }: { lengthWords: number; source: AllocationSource }): number {
    // OCaml samples the header of a block on its heaps as well.
    const words = source === "external" ? lengthWords : lengthWords + 1;
    return this.#weights[words] ?? this.#weight(words);
  }

  #weight(words: number): number {
    return -1 / Math.expm1(Math.max(words, 1) * this.#logMiss);
  }
}
