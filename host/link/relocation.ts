/**
 * The monitor's code, compiled for address 0, made to run anywhere in the guest's memory: the
 * global `base` is added to every address that it loads from or stores to, and its indices become
 * those of the image.
 */
import {
  call,
  code,
  getGlobal,
  getLocal,
  OP,
  setGlobal,
  setLocal,
  u32,
} from "../instrument/assembler.js";
import type { GuestModule } from "../instrument/module.js";
import { OPCODE, readLocals } from "../instrument/opcodes.js";
import { flatten, sized } from "../instrument/patch.js";
import { Reader } from "../instrument/reader.js";
import { type Instruction, LINKED, operandOf, rewriteCode } from "./code.js";

/** Indices of the monitor's in the image. */
export interface Indices {
  readonly functionOf: (index: number) => number;
  readonly globalOf: (index: number) => number;
  /** Of the global `base`. */
  readonly base: number;
}

/** Locals that are added to each function, a value type each. */
const SCRATCH = [0x7f, 0x7f, 0x7e, 0x7d, 0x7c];
const [I32, SECOND_I32, I64, F32, F64] = [0, 1, 2, 3, 4];
/** By opcode from `i32.store` on: which of them holds the value. */
const STORED = [I32, I64, F32, F64, I32, I32, I64, I64, I64];

const MEMORY_COPY = 10;
const MEMORY_FILL = 11;

/** The body of a function, with its size. */
export function relocateBody(module: GuestModule, index: number, indices: Indices): Uint8Array {
  const body = module.bodyOf(index);
  const type = module.typeOf(index);
  if (!body || !type) throw new Error(`the monitor has no function ${index}`);
  const locals = readLocals(new Reader(module.bytes, body.begin, body.until));
  const scratch = type.params.length + locals.count;
  const span = { bytes: module.bytes, begin: locals.until, until: body.until };
  const pieces = rewriteCode(span, (found) => relocate(found, scratch, indices));
  const declared = code(u32(locals.groupCount + SCRATCH.length));
  const added = SCRATCH.flatMap((valueType) => [1, valueType]);
  return flatten(
    module.bytes,
    sized([declared, { from: locals.begin, until: locals.until }, added, ...pieces]),
  );
}

function relocate(found: Instruction, scratch: number, indices: Indices): number[] | undefined {
  const { opcode, bytes, begin, until } = found;
  const own = Array.from(bytes.subarray(begin, until));
  const addBase = code(getGlobal(indices.base), OP.add);
  if (opcode >= LINKED.firstLoad && opcode < LINKED.firstStore) return code(addBase, own);
  if (opcode >= LINKED.firstStore && opcode <= LINKED.lastStore) {
    const value = scratch + (STORED[opcode - LINKED.firstStore] as number);
    return code(setLocal(value), addBase, getLocal(value), own);
  }
  switch (opcode) {
    case OPCODE.call:
      return call(indices.functionOf(operandOf(found)));
    case LINKED.getGlobal:
      return getGlobal(indices.globalOf(operandOf(found)));
    case LINKED.setGlobal:
      return setGlobal(indices.globalOf(operandOf(found)));
    case LINKED.memorySize:
      // Its own pages: those behind `base`.
      return code(own, getGlobal(indices.base), [0x41, 16], OP.shrU, OP.sub);
    case LINKED.miscellaneous:
      return relocateBulk(found, scratch, addBase);
    case OPCODE.callIndirect:
    case OPCODE.refFunc:
    case LINKED.vector:
      throw new Error(`the monitor has an instruction that is not linked: ${opcode}`);
  }
  return undefined;
}

/** `memory.copy` has two addresses, `memory.fill` one; conversions have none. */
function relocateBulk(
  found: Instruction,
  scratch: number,
  addBase: number[],
): number[] | undefined {
  const { bytes, begin, until } = found;
  const own = Array.from(bytes.subarray(begin, until));
  const [last, middle] = [scratch + (I32 as number), scratch + (SECOND_I32 as number)];
  const operation = operandOf(found);
  if (operation < 8) return undefined;
  if (operation === MEMORY_COPY) {
    const hold = code(setLocal(last), addBase, setLocal(middle));
    return code(hold, addBase, getLocal(middle), getLocal(last), own);
  }
  if (operation === MEMORY_FILL) {
    const hold = code(setLocal(last), setLocal(middle));
    return code(hold, addBase, getLocal(middle), getLocal(last), own);
  }
  throw new Error(`the monitor has a bulk operation that is not linked: ${operation}`);
}
