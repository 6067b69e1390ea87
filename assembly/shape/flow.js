/**
 * Where control goes after each instruction of a function. Index `code.length` is its end.
 */
import { Op } from "./instruction.js";

/** The instruction that ends or continues each block, by where the block begins. */
function findEnds(code) {
  const open = [];
  const ends = new Map();
  const elses = new Map();
  for (const [at, { op }] of code.entries()) {
    if (op === Op.Block || op === Op.Loop || op === Op.If) open.push(at);
    else if (op === Op.Else) elses.set(open.at(-1), at);
    else if (op === Op.End && open.length > 0) ends.set(open.pop(), at);
  }
  return { ends, elses };
}

/** For every instruction those that may run next. */
export function findSuccessors(code) {
  const { ends, elses } = findEnds(code);
  const open = [];
  const labelAt = (depth) => {
    const block = open.at(-1 - depth);
    if (block === undefined) return code.length;
    return code[block].op === Op.Loop ? block : ends.get(block);
  };
  return code.map(({ op, bytes }, at) => {
    if (op === Op.Block || op === Op.Loop || op === Op.If) open.push(at);
    if (op === Op.If) return [at + 1, elses.has(at) ? elses.get(at) + 1 : ends.get(at)];
    if (op === Op.Else) return [ends.get(open.at(-1))];
    if (op === Op.Br) return [labelAt(bytes[0])];
    if (op === Op.BrIf) return [at + 1, labelAt(bytes[0])];
    if (op === Op.BrTable) return Array.from(bytes.subarray(1), labelAt);
    if (op === Op.Return || op === Op.Unreachable) return [code.length];
    if (op === Op.End) open.pop();
    return [at + 1];
  });
}

/** For every instruction, and the end, those that may run before. */
export function findPredecessors(successors) {
  const predecessors = Array.from({ length: successors.length + 1 }, () => []);
  for (const [at, nexts] of successors.entries()) {
    for (const next of nexts) predecessors[next].push(at);
  }
  return predecessors;
}
