/**
 * Function bodies with some of their instructions replaced; all else is taken over as it is.
 */
import { MonitorError } from "../errors.js";
import { readLocals, skipInstruction, UnknownOpcode } from "../instrument/opcodes.js";
import type { Piece } from "../instrument/patch.js";
import { Reader } from "../instrument/reader.js";

/** An instruction of a module: its opcode or prefix, and where it is. */
export interface Instruction {
  readonly opcode: number;
  readonly bytes: Uint8Array;
  readonly begin: number;
  readonly until: number;
}

/** What stands in an instruction's place; undefined leaves it as it is. */
export type Replace = (instruction: Instruction) => readonly number[] | undefined;

/** Opcodes that a linker must know beside those of the rewriter. */
export const LINKED = {
  getGlobal: 0x23,
  setGlobal: 0x24,
  firstLoad: 0x28,
  firstStore: 0x36,
  lastStore: 0x3e,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  miscellaneous: 0xfc,
  vector: 0xfd,
} as const;

/** The first immediate of an instruction, an unsigned number. */
export function operandOf({ bytes, begin, until }: Instruction): number {
  return new Reader(bytes, begin + 1, until).u32();
}

/**
 * Rewrites the code from `begin` until the end that `until` is. Throws `GUEST_INVALID` for an
 * instruction that is not known.
 */
export function rewriteCode(
  { bytes, begin, until }: { bytes: Uint8Array; begin: number; until: number },
  replace: Replace,
): Piece[] {
  const pieces: Piece[] = [];
  const reader = new Reader(bytes, begin, until);
  let from = begin;
  while (!reader.isDone) {
    const at = reader.position;
    const opcode = stepOver(reader);
    const replaced = replace({ opcode, bytes, begin: at, until: reader.position });
    if (replaced === undefined) continue;
    pieces.push({ from, until: at }, replaced);
    from = reader.position;
  }
  pieces.push({ from, until });
  return pieces;
}

/** Rewrites a body; its locals stay. */
export function rewriteBody(
  bytes: Uint8Array,
  body: { begin: number; until: number },
  replace: Replace,
): Piece[] {
  const locals = readLocals(new Reader(bytes, body.begin, body.until));
  const rest = rewriteCode({ bytes, begin: locals.until, until: body.until }, replace);
  return [{ from: body.begin, until: locals.until }, ...rest];
}

function stepOver(reader: Reader): number {
  const at = reader.position;
  try {
    return skipInstruction(reader);
  } catch (error) {
    if (!(error instanceof UnknownOpcode)) throw error;
    throw new MonitorError(
      "GUEST_INVALID",
      `has an instruction that wmon link does not know, opcode ${error.opcode} at byte ${at}: ` +
        "build it without garbage-collected types",
      { cause: error },
    );
  }
}
