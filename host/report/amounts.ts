/**
 * What was sampled with each backtrace: allocated in all, and alive now.
 */
import type { LiveBlock } from "./live-blocks.js";

/** Numbers of a node, side by side: they are used together. */
const STRIDE = 4;
const ALLOCATED_BLOCKS = 1;
const LIVE_SAMPLES = 2;
const LIVE_BLOCKS = 3;

const NODES_MIN = 1 << 10;

/** What was sampled with one backtrace. */
export interface StackAmounts {
  /** In the stack tree. */
  readonly node: number;
  /** Sampled words. */
  readonly allocatedSamples: number;
  /** Estimated. */
  readonly allocatedBlocks: number;
  readonly liveSamples: number;
  readonly liveBlocks: number;
}

/** Amounts by node of a stack tree, of exactly that backtrace. */
export class Amounts {
  #numbers = new Float64Array(NODES_MIN * STRIDE);

  allocate({ node, samples, weight }: LiveBlock): void {
    const at = node * STRIDE;
    if (at >= this.#numbers.length) this.#grow(at);
    this.#add(at, samples);
    this.#add(at + ALLOCATED_BLOCKS, weight);
    this.#add(at + LIVE_SAMPLES, samples);
    this.#add(at + LIVE_BLOCKS, weight);
  }

  /** Takes back that a block is alive. */
  collect({ node, samples, weight }: LiveBlock): void {
    const at = node * STRIDE;
    this.#add(at + LIVE_SAMPLES, -samples);
    this.#add(at + LIVE_BLOCKS, -weight);
  }

  /** The backtraces with which anything was allocated, in the order of first sight. */
  list(): StackAmounts[] {
    const list: StackAmounts[] = [];
    for (let node = 0; node * STRIDE < this.#numbers.length; node++) {
      const at = node * STRIDE;
      const [allocatedSamples = 0, allocatedBlocks = 0, liveSamples = 0, liveBlocks = 0] =
        this.#numbers.subarray(at, at + STRIDE);
      if (allocatedSamples === 0) continue;
      // What is left of adding and subtracting fractions is not a block.
      const liveCount = liveSamples === 0 ? 0 : liveBlocks;
      list.push({ node, allocatedSamples, allocatedBlocks, liveSamples, liveBlocks: liveCount });
    }
    return list;
  }

  #add(at: number, amount: number): void {
    this.#numbers[at] = (this.#numbers[at] as number) + amount;
  }

  #grow(at: number): void {
    const larger = new Float64Array(2 * (at + STRIDE));
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}
