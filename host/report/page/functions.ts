/**
 * Adds up a trace by function: what each allocates itself, and what it allocates with all it calls.
 * A function is a name in a file; a recursive one counts a stack once.
 */
import type { Samples } from "./content.js";
import type { PageData, PageFrame, PageStack } from "./data.js";

interface MutableSamples {
  allocated: number;
  live: number;
}

/** A function and its figures. */
export interface GatheredFunction {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly self: Samples;
  readonly total: Samples;
}

/** The functions of a trace. */
export interface Gathered {
  readonly functions: readonly GatheredFunction[];
  /** The function of each frame. */
  readonly functionOf: Int32Array;
  readonly total: Samples;
}

/** Adds up all stacks by function. */
export function gatherFunctions({ frames, stacks }: PageData): Gathered {
  const { functionOf, firstFrames } = nameFunctions(frames);
  const self = firstFrames.map(noSamples);
  const total = firstFrames.map(noSamples);
  const whole = noSamples();
  const frameWeight = new Float64Array(frames.length);
  const frameSelf = new Float64Array(frames.length);
  const lastStack = new Int32Array(firstFrames.length).fill(-1);
  stacks.forEach((stack, stackIndex) => {
    add(whole, stack);
    for (let index = 0; index < stack.frames.length; index++) {
      const frame = stack.frames[index] ?? 0;
      const called = functionOf[frame] ?? 0;
      frameWeight[frame] = (frameWeight[frame] ?? 0) + stack.allocatedSamples;
      if (lastStack[called] === stackIndex) continue;
      lastStack[called] = stackIndex;
      add(total[called], stack);
    }
    const leaf = stack.frames[stack.frames.length - 1] ?? 0;
    frameSelf[leaf] = (frameSelf[leaf] ?? 0) + stack.allocatedSamples;
    add(self[functionOf[leaf] ?? 0], stack);
  });
  const lines = heaviestLines(frames, functionOf, frameSelf, frameWeight, firstFrames.length);
  const functions = firstFrames.map(({ name, file }, index) => ({
    name,
    file,
    line: lines[index] ?? 0,
    self: self[index] ?? noSamples(),
    total: total[index] ?? noSamples(),
  }));
  return { functions, functionOf, total: whole };
}

function noSamples(): MutableSamples {
  return { allocated: 0, live: 0 };
}

function add(samples: MutableSamples | undefined, stack: PageStack): void {
  if (samples === undefined) return;
  samples.allocated += stack.allocatedSamples;
  samples.live += stack.liveSamples;
}

/** Numbers the functions in order of their first frame. */
function nameFunctions(frames: readonly PageFrame[]): {
  readonly functionOf: Int32Array;
  readonly firstFrames: readonly PageFrame[];
} {
  const functionOf = new Int32Array(frames.length);
  const firstFrames: PageFrame[] = [];
  const known = new Map<string, number>();
  frames.forEach((frame, index) => {
    const key = `${frame.file.length}:${frame.file}${frame.name}`;
    let number = known.get(key);
    if (number === undefined) {
      number = firstFrames.push(frame) - 1;
      known.set(key, number);
    }
    functionOf[index] = number;
  });
  return { functionOf, firstFrames };
}

/** For each function its line with most samples of its own; with most of any, if it has none. */
function heaviestLines(
  frames: readonly PageFrame[],
  functionOf: Int32Array,
  frameSelf: Float64Array,
  frameWeight: Float64Array,
  functionCount: number,
): Float64Array {
  const best = new Int32Array(functionCount).fill(-1);
  const isHeavier = (one: number, other: number) => {
    const bySelf = (frameSelf[one] ?? 0) - (frameSelf[other] ?? 0);
    return (bySelf || (frameWeight[one] ?? 0) - (frameWeight[other] ?? 0)) > 0;
  };
  functionOf.forEach((called, frame) => {
    const rival = best[called] ?? -1;
    if (rival < 0 || isHeavier(frame, rival)) best[called] = frame;
  });
  return Float64Array.from(best, (frame) => frames[frame]?.line ?? 0);
}
