/**
 * Live ranges of a function's locals: the writes and reads that belong together, and which ranges
 * are alive at the same time and so cannot share a local. Sets of instructions are bytes, one each.
 */
import { findPredecessors, findSuccessors } from "./flow.js";
import { isLocal, Op } from "./instruction.js";

function isRead({ op }) {
  return op === Op.LocalGet;
}

/** Sets that grow together. */
class Groups {
  #parents;

  constructor(count) {
    this.#parents = Array.from({ length: count }, (_, index) => index);
  }

  find(index) {
    let found = index;
    while (this.#parents[found] !== found) found = this.#parents[found];
    this.#parents[index] = found;
    return found;
  }

  join(left, right) {
    this.#parents[this.find(left)] = this.find(right);
  }
}

/** Visits instructions from some on, as long as `goesOn` says, each once. */
function walk(neighbours, from, goesOn) {
  const seen = new Uint8Array(neighbours.length + 1);
  const waiting = [...from];
  while (waiting.length > 0) {
    const at = waiting.pop();
    if (seen[at] === 1) continue;
    seen[at] = 1;
    if (goesOn(at)) waiting.push(...(neighbours[at] ?? []));
  }
  return seen;
}

/** Joins each write, and each local as it is on entry, with the reads it reaches. */
function groupAccesses(code, successors, localCount) {
  const groups = new Groups(code.length + localCount);
  const spread = (local, origin, from) =>
    walk(successors, from, (at) => {
      const instruction = code[at];
      if (instruction === undefined) return false;
      if (!isLocal(instruction) || instruction.index !== local) return true;
      if (isRead(instruction)) groups.join(at, origin);
      return isRead(instruction);
    });
  for (let local = 0; local < localCount; local++) spread(local, code.length + local, [0]);
  for (const [at, instruction] of code.entries()) {
    if (isLocal(instruction) && !isRead(instruction)) spread(instruction.index, at, successors[at]);
  }
  return groups;
}

/** Before which instructions a range is alive: on the ways from its writes to its reads. */
function findLife(range, code, predecessors) {
  const isOwnWrite = (at) => {
    const instruction = code[at];
    return isLocal(instruction) && instruction.index === range.local && !isRead(instruction);
  };
  const alive = new Uint8Array(code.length + 1);
  const waiting = range.reads.slice();
  for (const at of waiting) alive[at] = 1;
  while (waiting.length > 0) {
    for (const before of predecessors[waiting.pop()]) {
      if (alive[before] === 1 || isOwnWrite(before)) continue;
      alive[before] = 1;
      waiting.push(before);
    }
  }
  return alive;
}

/** Whether a range begins where the other is alive. */
function beginsWithin(range, other, successors) {
  if (range.isOnEntry && other.alive[0] === 1) return true;
  return range.writes.some((at) => successors[at].some((next) => other.alive[next] === 1));
}

/**
 * The ranges of a function: their `local`, its `type`, the `instructions` that name it, the
 * `rivals` that cannot have the same local, and whether the value is there on entry: an argument,
 * then the local is fixed, or a zero.
 */
export function findRanges({ type: { parameters }, locals, code }) {
  const types = [...parameters, ...locals];
  const successors = findSuccessors(code);
  const predecessors = findPredecessors(successors);
  const groups = groupAccesses(code, successors, types.length);
  const ranges = new Map();
  for (const [at, instruction] of code.entries()) {
    if (!isLocal(instruction)) continue;
    const group = groups.find(at);
    const local = instruction.index;
    if (!ranges.has(group)) {
      const isOnEntry = groups.find(code.length + local) === group;
      const isFixed = isOnEntry && local < parameters.length;
      const lists = { instructions: [], reads: [], writes: [], rivals: new Set() };
      ranges.set(group, { local, type: types[local], isOnEntry, isFixed, ...lists });
    }
    const range = ranges.get(group);
    range.instructions.push(instruction);
    (isRead(instruction) ? range.reads : range.writes).push(at);
  }
  const list = [...ranges.values()];
  for (const range of list) range.alive = findLife(range, code, predecessors);
  for (const left of list) {
    for (const right of list) {
      if (left === right || left.type !== right.type) continue;
      if (!beginsWithin(left, right, successors)) continue;
      left.rivals.add(right);
      right.rivals.add(left);
    }
  }
  return list;
}
