/**
 * What a trace says about allocations, by backtrace: allocated in all, and alive at the end. Events
 * are not kept; memory grows with different backtraces and with live blocks.
 */
import type { CodeTable } from "../trace/code-table.js";
import type { Allocation, BlockEvent, TraceInfo, TraceVisitor } from "../trace/visitor.js";
import { Amounts } from "./amounts.js";
import { Estimate } from "./estimate.js";
import { LiveBlocks } from "./live-blocks.js";
import { StackTree } from "./stack-tree.js";
import { Timeline } from "./timeline.js";

/** Ends of blocks that came before their allocations, remembered at once. */
const EARLY_MAX = 1 << 20;

/** Counts what a trace tells. */
export class Profile implements TraceVisitor {
  readonly tree = new StackTree();
  readonly amounts = new Amounts();
  readonly liveOverTime = new Timeline();
  readonly liveBlocks = new LiveBlocks();
  info: TraceInfo | undefined;
  codes: CodeTable | undefined;
  estimate = new Estimate({ samplingRate: 1, wordBytes: 1 });
  allocationCount = 0;
  collectionCount = 0;
  /** Backtraces that end early: the tree is full. */
  cutStacks = 0;
  /** Blocks that could not be followed, and so count as freed: there are too many. */
  lostBlocks = 0;
  /** Time of the last event, in microseconds since the trace's start. */
  lastUs = 0;

  /** When ids were collected before their allocation: packets of domains are not in order. */
  readonly #early = new Map<number, number>();
  #unknownCollections = 0;

  begin(info: TraceInfo, codes: CodeTable): void {
    this.info = info;
    this.codes = codes;
    this.estimate = new Estimate(info);
  }

  /** Collections of blocks that were never allocated, or twice of one block. */
  get strayCollections(): number {
    return this.#early.size + this.#unknownCollections;
  }

  allocate(event: Allocation): void {
    const { samples, frames, frameCount, timeUs } = event;
    this.allocationCount++;
    this.lastUs = Math.max(this.lastUs, timeUs);
    const node = this.tree.add(frames, frameCount);
    if (this.tree.depth < frameCount) this.cutStacks++;
    const block = { node, samples, weight: samples > 0 ? this.estimate.blocks(event) : 0 };
    this.amounts.allocate(block);
    const isFollowed = this.liveBlocks.add(event.id, block);
    if (!isFollowed) {
      this.amounts.collect(block);
      this.lostBlocks++;
      return;
    }
    this.liveOverTime.add(timeUs, samples);
    const collectedUs = this.#early.get(event.id);
    if (collectedUs !== undefined && this.#early.delete(event.id))
      this.collect({ ...event, timeUs: collectedUs });
  }

  collect({ id, timeUs }: BlockEvent): void {
    this.lastUs = Math.max(this.lastUs, timeUs);
    const block = this.liveBlocks.remove(id);
    if (!block) {
      if (this.#early.size < EARLY_MAX && !this.#early.has(id)) this.#early.set(id, timeUs);
      else this.#unknownCollections++;
      return;
    }
    this.collectionCount++;
    this.amounts.collect(block);
    this.liveOverTime.add(timeUs, -block.samples);
  }

  promote({ timeUs }: BlockEvent): void {
    this.lastUs = Math.max(this.lastUs, timeUs);
  }
}
