/**
 * Which local holds what: locals trade numbers, ranges of life move to other locals, and locals
 * that nobody uses come and go, for the numbers of the others and for alike declarations.
 */
import { isLocal } from "./instruction.js";
import { findRanges } from "./range.js";

/** Renumbers the locals that a function's code names. */
function renumber(shape, wasmFunction, numberOf) {
  for (const instruction of wasmFunction.code) {
    if (isLocal(instruction)) instruction.index = numberOf(instruction.index);
  }
  shape.touch(wasmFunction);
}

/** Two declared locals trade their numbers. */
export function tradeLocals(shape, wasmFunction) {
  const { locals } = wasmFunction;
  const first = wasmFunction.type.parameters.length;
  for (let right = 1; right < locals.length; right++) {
    for (let left = 0; left < right; left++) {
      const trade = () => {
        [locals[left], locals[right]] = [locals[right], locals[left]];
        const traded = new Map([
          [first + left, first + right],
          [first + right, first + left],
        ]);
        renumber(shape, wasmFunction, (local) => traded.get(local) ?? local);
      };
      trade();
      if (!shape.accept()) trade();
    }
  }
}

function insertLocal(shape, wasmFunction, at, type) {
  const first = wasmFunction.type.parameters.length;
  wasmFunction.locals.splice(at, 0, type);
  renumber(shape, wasmFunction, (local) => (local >= first + at ? local + 1 : local));
}

function removeLocal(shape, wasmFunction, at) {
  const first = wasmFunction.type.parameters.length;
  wasmFunction.locals.splice(at, 1);
  renumber(shape, wasmFunction, (local) => (local > first + at ? local - 1 : local));
}

/** Locals that nobody uses go if that costs nothing, and come if that is fewer bits. */
export function addLocals(shape, wasmFunction) {
  const { locals, type, code } = wasmFunction;
  for (let at = locals.length - 1; at >= 0; at--) {
    const local = type.parameters.length + at;
    if (code.some((instruction) => isLocal(instruction) && instruction.index === local)) continue;
    const removed = locals[at];
    removeLocal(shape, wasmFunction, at);
    if (!shape.accept(1)) insertLocal(shape, wasmFunction, at, removed);
  }
  const types = [...new Set(locals)];
  for (let at = 0; at <= locals.length; at++) {
    for (const added of types) {
      if (locals[at - 1] !== added && locals[at] !== added) continue;
      insertLocal(shape, wasmFunction, at, added);
      if (!shape.accept()) removeLocal(shape, wasmFunction, at);
    }
  }
}

/** The range and all that must move so that it can have a local: Kempe's chain. */
function chainOf(range, local) {
  const chain = new Set([range]);
  for (const link of chain) {
    for (const rival of link.rivals) {
      if (rival.local === range.local || rival.local === local) chain.add(rival);
    }
  }
  return [...chain];
}

/** A live range moves to another local, and those that it meets there take its own. */
export function recolourLocals(shape, wasmFunction) {
  const { parameters } = wasmFunction.type;
  const types = [...parameters, ...wasmFunction.locals];
  for (const range of findRanges(wasmFunction)) {
    for (const [local, type] of types.entries()) {
      const from = range.local;
      if (local === from || type !== range.type) continue;
      const chain = chainOf(range, local);
      const other = (one) => (one.local === from ? local : from);
      if (chain.some((one) => one.isFixed || (one.isOnEntry && other(one) < parameters.length)))
        continue;
      const move = () => {
        for (const one of chain) {
          one.local = other(one);
          for (const instruction of one.instructions) instruction.index = one.local;
        }
        shape.touch(wasmFunction);
      };
      move();
      if (!shape.accept()) move();
    }
  }
}
