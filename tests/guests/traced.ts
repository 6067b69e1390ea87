/**
 * Runs a guest under `wmon run --memtrace-file`, and reads what its trace says.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Location } from "../../host/symbols/location.js";
import type { CodeTable } from "../../host/trace/code-table.js";
import { TraceReader, type TraceSummary } from "../../host/trace/reader.js";
import type { Allocation } from "../../host/trace/visitor.js";
import { type Ending, QUIET, runWmon, temporaryFolder, type Wmon } from "../host/wmon.js";
import type { Books } from "./allocation.js";
import { guestPath } from "./guest.js";

export interface TracedBlock {
  readonly id: number;
  readonly timeUs: number;
  readonly words: number;
  readonly samples: number;
  /** The backtrace's number in `stacks`. */
  readonly stack: number;
  /** Undefined while it lives. */
  collectedUs: number | undefined;
}

/** What a trace says, all of it. */
export interface TraceText {
  readonly summary: TraceSummary;
  readonly blocks: readonly TracedBlock[];
  /** Different backtraces, entry point first; what is inlined stands behind what it is in. */
  readonly stacks: readonly (readonly Location[])[];
  /** Collects of blocks that were never allocated, or a second time. */
  readonly wrongCollects: number;
}

export interface TracedRun extends TraceText {
  readonly run: Wmon & Ending;
  readonly file: string;
}

export interface TraceOptions {
  /** @default 1 */
  readonly rate?: number;
  /** @default "engine" */
  readonly stacks?: "engine" | "shadow";
  /** Arguments of the guest. */
  readonly args?: readonly string[];
  /** More options of `wmon run`. */
  readonly options?: readonly string[];
}

/** The two ways to find a backtrace. */
export const STACKS = ["engine", "shadow"] as const;

/** Traces a guest from its first allocation to its end. */
export async function traceGuest(
  t: TestContext,
  name: string,
  { rate = 1, stacks = "engine", args = [], options = [] }: TraceOptions = {},
): Promise<TracedRun> {
  const file = join(temporaryFolder(t), "t.ctf");
  const all = ["run", ...QUIET, "--memtrace-file", file, "--sampling-rate", `${rate}`];
  all.push(`--stacks=${stacks}`, ...options, guestPath(name), "--", ...args);
  const run = await runWmon(t, all);
  return { ...readTrace(readFileSync(file)), run, file };
}

/** Reads a whole trace; fails if it is damaged. */
export function readTrace(bytes: Uint8Array): TraceText {
  const blocks: TracedBlock[] = [];
  const stacks = new StackBook();
  let wrongCollects = 0;
  const reader = new TraceReader({
    begin: (_info, codes) => {
      stacks.codes = codes;
    },
    allocate: (allocation) => {
      assert.equal(allocation.id, blocks.length);
      blocks.push({ ...pick(allocation), stack: stacks.enter(allocation), collectedUs: undefined });
    },
    collect: ({ id, timeUs }) => {
      const block = blocks[id];
      if (block === undefined || block.collectedUs !== undefined) wrongCollects++;
      else block.collectedUs = timeUs;
    },
  });
  reader.push(bytes);
  const summary = reader.end();
  assert.equal(summary.damage, undefined);
  return { summary, blocks, stacks: stacks.resolve(), wrongCollects };
}

/** The books as the trace has them: whole words of every sampled block. */
export function booksOf({ blocks }: TraceText): Books {
  const live = blocks.filter(({ collectedUs }) => collectedUs === undefined);
  return {
    blocks: blocks.length,
    words: sum(blocks, ({ words }) => words),
    liveBlocks: live.length,
    liveWords: sum(live, ({ words }) => words),
  };
}

/** What two traces of a deterministic guest have in common: all but addresses and times. */
export function eventsOf({ blocks, stacks }: TraceText): object[] {
  return blocks.map(({ words, samples, stack, collectedUs }) => ({
    words,
    samples,
    stack: stacks[stack],
    isLive: collectedUs === undefined,
  }));
}

/** Sampled words of all blocks. */
export function samplesOf({ blocks }: TraceText): number {
  return sum(blocks, ({ samples }) => samples);
}

function sum(blocks: readonly TracedBlock[], of: (block: TracedBlock) => number): number {
  return blocks.reduce((total, block) => total + of(block), 0);
}

function pick({ id, timeUs, lengthWords, samples }: Allocation) {
  return { id, timeUs, words: lengthWords, samples };
}

/** Numbers backtraces; codes are explained by the end of the trace. */
class StackBook {
  codes: CodeTable | undefined;
  readonly #numbers = new Map<string, number>();
  readonly #stacks: number[][] = [];

  enter({ frames, frameCount }: Allocation): number {
    const stack = [...frames.subarray(0, frameCount)];
    const key = stack.join();
    const number = this.#numbers.get(key) ?? this.#stacks.push(stack) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  resolve(): Location[][] {
    return this.#stacks.map((stack) => stack.flatMap((code) => this.codes?.locations(code) ?? []));
  }
}
