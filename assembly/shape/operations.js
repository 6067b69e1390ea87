/**
 * In which order a function computes what it computes: operands that commute, arms of choices,
 * statements that do not depend on each other, and bounds of comparisons with constants.
 */
import { canTrade } from "./effect.js";
import { Op, readSignedNumber, signedNumber } from "./instruction.js";
import { readTree } from "./tree.js";

/** Comparisons of whole numbers, i32 and i64, behind `eqz`, `eq` and `ne`. */
const Comparison = { I32: 0x48, I64: 0x53, Count: 8 };

/** Reads comparisons in the order of their opcodes: lt, gt, le, ge, each signed and unsigned. */
const FLIPPED = [2, 3, 0, 1, 6, 7, 4, 5];
const NEGATED = [6, 7, 4, 5, 2, 3, 0, 1];
/** The comparison with the next number, which is the lower one where `BOUND_STEPS` says -1. */
const SHIFTED = [4, 5, 6, 7, 0, 1, 2, 3];
const BOUND_STEPS = [-1n, -1n, 1n, 1n, 1n, 1n, -1n, -1n];
const BOUND_MAX = 1_000_000n;

/** Sums, products, bits, equality. */
const COMMUTATIVE = [
  ...[0x46, 0x47, 0x51, 0x52, 0x5b, 0x5c, 0x61, 0x62, 0x6a, 0x6c, 0x71, 0x72, 0x73],
  ...[0x7c, 0x7e, 0x83, 0x84, 0x85, 0x92, 0x94, 0xa0, 0xa2],
];
const flippedOps = new Map(COMMUTATIVE.map((op) => [op, op]));
const negatedOps = new Map([
  [0x46, 0x47],
  [0x47, 0x46],
  [0x51, 0x52],
  [0x52, 0x51],
]);
for (const first of [Comparison.I32, Comparison.I64]) {
  for (let index = 0; index < Comparison.Count; index++) {
    flippedOps.set(first + index, first + FLIPPED[index]);
    negatedOps.set(first + index, first + NEGATED[index]);
  }
}
for (const first of [0x5d, 0x63]) {
  for (const [index, flipped] of [1, 0, 3, 2].entries()) {
    flippedOps.set(first + index, first + flipped);
  }
}

/** Two neighbouring spans of code trade places. */
function traded(code, left, right) {
  return [
    ...code.slice(0, left.begin),
    ...code.slice(right.begin, right.end),
    ...code.slice(left.begin, left.end),
    ...code.slice(right.end),
  ];
}

function replaced(code, at, instruction) {
  return [...code.slice(0, at), instruction, ...code.slice(at + 1)];
}

/** Operands of operations that commute: `a + b` becomes `b + a`, `a < b` becomes `b > a`. */
export function swapOperands(wasmFunction) {
  const { code } = wasmFunction;
  return readTree(wasmFunction).nodes.flatMap(({ instruction, operands, at }) => {
    const op = flippedOps.get(instruction.op);
    if (op === undefined || operands?.length !== 2) return [];
    if (!canTrade(code, ...operands)) return [];
    return [() => replaced(traded(code, ...operands), at, { ...instruction, op })];
  });
}

/** The opposite of a condition. */
function negated(condition) {
  const last = condition.at(-1);
  if (last.op === Op.I32Eqz) return condition.slice(0, -1);
  const op = negatedOps.get(last.op);
  if (op !== undefined) return [...condition.slice(0, -1), { ...last, op }];
  return [...condition, { op: Op.I32Eqz, bytes: new Uint8Array(0) }];
}

/** Arms of choices: `if c A else B` becomes `if !c B else A`, and so does `c ? a : b`. */
export function swapArms(wasmFunction) {
  const { code } = wasmFunction;
  return readTree(wasmFunction).nodes.flatMap(({ instruction, operands, at, elseAt, endAt }) => {
    if (elseAt !== undefined && operands.length === 1) {
      const [{ begin }] = operands;
      return [
        () => [
          ...code.slice(0, begin),
          ...negated(code.slice(begin, at)),
          instruction,
          ...code.slice(elseAt + 1, endAt),
          code[elseAt],
          ...code.slice(at + 1, elseAt),
          ...code.slice(endAt),
        ],
      ];
    }
    if (instruction.op !== Op.Select || operands?.length !== 3) return [];
    const [left, right, condition] = operands;
    if (!canTrade(code, left, right)) return [];
    return [
      () => [
        ...traded(code, left, right).slice(0, condition.begin),
        ...negated(code.slice(condition.begin, condition.end)),
        ...code.slice(condition.end),
      ],
    ];
  });
}

/** How far a statement may move. */
const STATEMENTS_MAX = 6;

/** Statements: one goes before, or behind, some others that do not depend on it. */
export function moveStatements(wasmFunction) {
  const { code } = wasmFunction;
  const codes = [];
  const add = (left, right) => {
    if (canTrade(code, left, right)) codes.push(() => traded(code, left, right));
  };
  for (const list of readTree(wasmFunction).lists) {
    for (const [index, first] of list.entries()) {
      if (first.hasValue) continue;
      for (const [step, last] of list.slice(index + 1, index + STATEMENTS_MAX).entries()) {
        if (last.hasValue || list[index + step].end !== last.begin) break;
        add({ begin: first.begin, end: last.begin }, last);
        if (step > 0) add(first, { begin: first.end, end: last.end });
      }
    }
  }
  return codes;
}

/** Bounds: `a < 10` becomes `a <= 9`; not at 0, where it is another number without a sign. */
export function shiftBounds({ code }) {
  return code.flatMap((instruction, at) => {
    const isWide = instruction.op >= Comparison.I64;
    const first = isWide ? Comparison.I64 : Comparison.I32;
    const shifted = SHIFTED[instruction.op - first];
    const bound = code[at - 1];
    if (shifted === undefined || bound?.op !== (isWide ? Op.I64Const : Op.I32Const)) return [];
    const value = readSignedNumber(bound.bytes);
    const next = value + BOUND_STEPS[instruction.op - first];
    if (value < 1n || next < 1n || value > BOUND_MAX) return [];
    const constant = { op: bound.op, bytes: signedNumber(next) };
    const comparison = { ...instruction, op: first + shifted };
    return [() => replaced(replaced(code, at - 1, constant), at, comparison)];
  });
}

/** Associative operations: sums and products of integers, and bits. */
const ASSOCIATIVE = [0x6a, 0x6c, 0x71, 0x72, 0x73, 0x7c, 0x7e, 0x83, 0x84, 0x85];

/** Sums of three and the like: `(a + b) + c` becomes `a + (b + c)`, and back. */
export function regroupOperands(wasmFunction) {
  const { code } = wasmFunction;
  const { nodes } = readTree(wasmFunction);
  const nodeAt = new Map(nodes.map((node) => [node.at, node]));
  return nodes.flatMap(({ instruction, operands }) => {
    if (!ASSOCIATIVE.includes(instruction.op) || operands?.length !== 2) return [];
    const [left, right] = operands;
    const isSame = ({ end }) => code[end - 1].op === instruction.op;
    const codes = [];
    if (isSame(left)) {
      codes.push(() => traded(code, { begin: left.end - 1, end: left.end }, right));
    }
    const inner = nodeAt.get(right.end - 1)?.operands ?? [];
    if (isSame(right) && inner[0]?.begin === right.begin) {
      codes.push(() => traded(code, inner[1], { begin: right.end - 1, end: right.end }));
    }
    return codes;
  });
}

/** Whether a local is kept, or set and got: the same, and one may be somewhere else already. */
export function splitTees({ code }) {
  return code.flatMap(({ op, index }, at) => {
    const set = { op: Op.LocalSet, index };
    const get = { op: Op.LocalGet, index };
    if (op === Op.LocalTee) return [() => [...code.slice(0, at), set, get, ...code.slice(at + 1)]];
    const next = code[at + 1];
    if (op !== Op.LocalSet || next.op !== Op.LocalGet || next.index !== index) return [];
    return [() => [...code.slice(0, at), { op: Op.LocalTee, index }, ...code.slice(at + 2)]];
  });
}
