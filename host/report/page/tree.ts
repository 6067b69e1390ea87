/**
 * Grows the flame graph's tree out of stacks, as far as a page can show it.
 *
 * Stacks are parted by their first frame, the heaviest part by its second, and so on, always the
 * heaviest next, until there are as many frames as a page takes. So the tree of all frames, of
 * which there may be a thousand times as many as stacks, never exists.
 */
import type { Pruned, Samples, TreeColumns } from "./content.js";
import type { PageFrame, PageStack } from "./data.js";
import { Heap } from "./heap.js";

/** Frames in a page: beyond it a browser takes seconds. */
export const NODES_MAX = 10_000;

/** Rows of the flame graph. The library that draws it recurses. */
export const DEPTH_MAX = 2_000;

/** A frame and the stacks that pass through it. */
interface Branch extends Samples {
  /** Frames from the root on: those of its stacks at `depth - 1` are of this function. */
  readonly depth: number;
  readonly function: number;
  readonly stacks: readonly PageStack[];
  readonly parent: Branch | undefined;
  /** Those that are kept; the heaviest first. */
  readonly children: Branch[];
}

interface Grown {
  readonly nodes: TreeColumns;
  readonly pruned: Pruned;
}

/** The heaviest frames of all stacks; `functionOf` tells the function of each frame. */
export function growTree(
  stacks: readonly PageStack[],
  frames: readonly PageFrame[],
  functionOf: Int32Array,
): Grown {
  const root = branchOf(undefined, -1, stacks);
  const weigh = ({ allocated, live }: Samples) =>
    Math.max(allocated / Math.max(root.allocated, 1), live / Math.max(root.live, 1));
  const waiting = new Heap<Branch>(weigh);
  const deep: Branch[] = [];
  for (const child of partStacks(root, functionOf)) waiting.push(child);
  for (let count = 0; count < NODES_MAX; count++) {
    const branch = waiting.pop();
    if (branch === undefined) break;
    branch.parent?.children.push(branch);
    for (const child of partStacks(branch, functionOf)) {
      if (child.depth > DEPTH_MAX) deep.push(child);
      else waiting.push(child);
    }
  }
  const cut = waiting.rest;
  const pruned = {
    branchCount: cut.length,
    deepCount: deep.length,
    share: cut.reduce((most, branch) => Math.max(most, weigh(branch)), 0),
    depthMax: DEPTH_MAX,
    samples: addUp([...cut, ...deep]),
  };
  return { nodes: listNodes(root, frames), pruned };
}

/** Parts the stacks of a branch by the function that it calls; those that end in it fall out. */
function partStacks(parent: Branch, functionOf: Int32Array): Branch[] {
  const { depth, stacks } = parent;
  const parts = new Map<number, PageStack[]>();
  let previous = -1;
  let part: PageStack[] = [];
  for (const stack of stacks) {
    if (stack.frames.length <= depth) continue;
    const called = functionOf[stack.frames[depth] ?? 0] ?? 0;
    if (called !== previous) {
      previous = called;
      part = parts.get(called) ?? [];
      if (part.length === 0) parts.set(called, part);
    }
    part.push(stack);
  }
  return [...parts].map(([called, its]) => branchOf(parent, called, its));
}

function branchOf(
  parent: Branch | undefined,
  called: number,
  stacks: readonly PageStack[],
): Branch {
  let allocated = 0;
  let live = 0;
  for (const stack of stacks) {
    allocated += stack.allocatedSamples;
    live += stack.liveSamples;
  }
  const depth = parent === undefined ? 0 : parent.depth + 1;
  return { depth, function: called, stacks, allocated, live, parent, children: [] };
}

function addUp(all: readonly Samples[]): Samples {
  return {
    allocated: all.reduce((sum, { allocated }) => sum + allocated, 0),
    live: all.reduce((sum, { live }) => sum + live, 0),
  };
}

/** The frames below the root, each before what it calls. */
function listNodes(root: Branch, frames: readonly PageFrame[]): TreeColumns {
  const branches: Branch[] = [];
  const waiting = [...root.children].reverse();
  for (let branch = waiting.pop(); branch !== undefined; branch = waiting.pop()) {
    branches.push(branch);
    for (const child of [...branch.children].reverse()) waiting.push(child);
  }
  const lines = branches.map((branch) => findLine(branch, frames));
  const selves = branches.map(({ depth, stacks }) =>
    branchOf(
      undefined,
      -1,
      stacks.filter((stack) => stack.frames.length === depth),
    ),
  );
  return {
    depth: branches.map(({ depth }) => depth),
    function: branches.map((branch) => branch.function),
    line: lines.map(({ line }) => line),
    lineCount: lines.map(({ lineCount }) => lineCount),
    allocated: branches.map(({ allocated }) => allocated),
    allocatedSelf: selves.map(({ allocated }) => allocated),
    live: branches.map(({ live }) => live),
    liveSelf: selves.map(({ live }) => live),
  };
}

/** The line of the branch's own frame with most samples, and how many lines there are. */
function findLine(
  { depth, stacks }: Branch,
  frames: readonly PageFrame[],
): { readonly line: number; readonly lineCount: number } {
  const weights = new Map<number, number>();
  for (const stack of stacks) {
    const frame = stack.frames[depth - 1] ?? 0;
    weights.set(frame, (weights.get(frame) ?? 0) + stack.allocatedSamples);
  }
  const lines = new Map<number, number>();
  for (const [frame, weight] of weights) {
    const line = frames[frame]?.line ?? 0;
    lines.set(line, (lines.get(line) ?? 0) + weight);
  }
  const [heaviest] = [...lines].sort((one, other) => other[1] - one[1]);
  return { line: heaviest?.[0] ?? 0, lineCount: lines.size };
}
