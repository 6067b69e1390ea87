/**
 * The order of the parameters of functions that only the module itself calls. Arguments change
 * places with them, so they must not depend on each other.
 */
import { canTrade } from "./effect.js";
import { isLocal, Op } from "./instruction.js";
import { readTree } from "./tree.js";

function isSame(left, right) {
  return left.length === right.length && left.every((type, index) => type === right[index]);
}

/** Arguments trade places in one call; undefined if that would be another program. */
function tradeArguments(code, { operands, instruction }, left, right) {
  if (operands?.length !== instruction.target.type.parameters.length) return undefined;
  const [outerLeft, outerRight] = [operands[left], operands[right]];
  const between = operands.slice(left + 1, right);
  const isFree =
    canTrade(code, outerLeft, outerRight) &&
    between.every((one) => canTrade(code, outerLeft, one) && canTrade(code, one, outerRight));
  if (!isFree) return undefined;
  return [
    ...code.slice(0, outerLeft.begin),
    ...code.slice(outerRight.begin, outerRight.end),
    ...code.slice(outerLeft.end, outerRight.begin),
    ...code.slice(outerLeft.begin, outerLeft.end),
    ...code.slice(outerRight.end),
  ];
}

/** The code of a function in which the arguments of all calls of `callee` trade places. */
function codeWithTrade(wasmFunction, callee, left, right) {
  const done = new Set();
  let { code } = wasmFunction;
  const { type } = wasmFunction;
  for (;;) {
    const call = readTree({ type, code }).nodes.find(
      ({ instruction }) =>
        instruction.op === Op.Call && instruction.target === callee && !done.has(instruction),
    );
    if (call === undefined) return code;
    done.add(call.instruction);
    code = tradeArguments(code, call, left, right);
    if (code === undefined) return undefined;
  }
}

/** The type of a function with two parameters traded, from the table or added to it. */
function tradeType(module, wasmFunction, left, right) {
  const { results, parameters } = wasmFunction.type;
  const traded = [...parameters];
  [traded[left], traded[right]] = [parameters[right], parameters[left]];
  const known = module.types.find(
    (type) => isSame(type.parameters, traded) && isSame(type.results, results),
  );
  const type = known ?? { parameters: traded, results };
  const before = wasmFunction.type;
  wasmFunction.type = type;
  const isNeeded = module.functions.some((one) => one.type === before);
  if (known === undefined && isNeeded) module.types.push(type);
  else if (known === undefined) module.types[module.types.indexOf(before)] = type;
  else if (!isNeeded) module.types.splice(module.types.indexOf(before), 1);
}

/** Two parameters trade places if that is fewer bits; whether they did. */
function tryTrade(shape, callee, left, right) {
  const { module } = shape;
  const codes = new Map();
  for (const wasmFunction of module.functions) {
    const code = codeWithTrade(wasmFunction, callee, left, right);
    if (code === undefined) return;
    if (code !== wasmFunction.code) codes.set(wasmFunction, code);
  }
  const { type } = callee;
  const types = module.types.slice();
  const exchange = () => {
    for (const [wasmFunction, code] of codes) {
      codes.set(wasmFunction, wasmFunction.code);
      wasmFunction.code = code;
      shape.touch(wasmFunction);
    }
    const traded = new Map([
      [left, right],
      [right, left],
    ]);
    for (const instruction of callee.code) {
      if (isLocal(instruction))
        instruction.index = traded.get(instruction.index) ?? instruction.index;
    }
    shape.touch(callee);
    shape.touch();
  };
  exchange();
  tradeType(module, callee, left, right);
  if (shape.accept()) return;
  exchange();
  callee.type = type;
  module.types = types;
}

/** Parameters of a function that is not exported trade places. */
export function swapParameters(shape, callee) {
  if (shape.module.exports.some(({ target }) => target === callee)) return;
  for (let right = 1; right < callee.type.parameters.length; right++) {
    for (let left = 0; left < right; left++) tryTrade(shape, callee, left, right);
  }
}
