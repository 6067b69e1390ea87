/**
 * Decides which words are sampled: geometric gaps, drawn by `build/memtrace.wasm`. An instance of
 * its own for each thread, which uses nothing of the writer's memory.
 */
import { MonitorError } from "../errors.js";

/** What `build/memtrace.wasm` exports for sampling; see `assembly/memtrace/sampler.ts`. */
interface SamplerExports {
  startSampler(rate: number, inverseLogMiss: number, seed: bigint): number;
  drawCountdown(): number;
  armCountdown(): number;
  countSamples(overshootWords: number): number;
}

/** Counts an instrumented guest's words down and says how many samples a block has. */
export class Sampler {
  readonly #exports: SamplerExports;
  #countdown: number;

  /**
   * Throws `OPTION_INVALID` unless 0 < rate <= 1. The same seed gives the same samples; its low 64
   * bits count.
   */
  constructor(module: WebAssembly.Module, samplingRate: number, seed: bigint) {
    if (!(samplingRate > 0 && samplingRate <= 1)) {
      throw new MonitorError("OPTION_INVALID", `sampling rate: ${samplingRate} is not in (0, 1]`);
    }
    this.#exports = new WebAssembly.Instance(module).exports as unknown as SamplerExports;
    // At rate 1 this is -0, and every gap one word.
    const inverseLogMiss = 1 / Math.log1p(-samplingRate);
    this.#countdown = this.#exports.startSampler(samplingRate, inverseLogMiss, seed);
  }

  /**
   * Words until the next sample, from 1 to 2^30: goes into `Hooks.countdown` at the start and after
   * each `countSamples`.
   */
  get countdown(): number {
    return this.#countdown;
  }

  /**
   * Counts the samples of the block at which the countdown ended, and sets `countdown` anew.
   * `overshootWords` is how far below zero it went, `-Hooks.countdown`; what is not a positive
   * number counts as 0. Returns 0 when the gap was longer than a countdown can be. At most a
   * millisecond for blocks of any size: past 65,536 samples expected, their number is drawn at
   * once.
   */
  countSamples(overshootWords: number): number {
    const samples = this.#exports.countSamples(overshootWords);
    this.#countdown = this.#exports.armCountdown();
    return samples;
  }

  /** Draws the gap anew, as if nothing had been counted: after a pause of tracing. */
  restart(): void {
    this.#countdown = this.#exports.drawCountdown();
  }
}
