/**
 * What is particular to Go: its functions take their arguments from a stack of Go's own in linear
 * memory, and may be left and entered again in the middle (cmd/internal/obj/wasm/wasmobj.go). Its
 * parameter is the block to go on with, global 0 the stack pointer, global 2 the goroutine.
 */

import { MonitorError } from "../errors.js";
import { FUNCTION_BASE } from "../symbols/go/call.js";
import { openPclntab } from "../symbols/go/go.js";
import type { Pclntab } from "../symbols/go/pclntab.js";
import { listSections } from "../symbols/sections.js";
import type { Additions } from "./additions.js";
import {
  call,
  code,
  constant,
  getGlobal,
  getLocal,
  load,
  OP,
  setGlobal,
  when,
} from "./assembler.js";
import type { Hook } from "./discovery.js";
import { encodeCalls } from "./go-calls.js";
import type { Hooking } from "./hooking.js";
import { type Body, type GuestModule, I32, KIND } from "./module.js";
import { readLocals, skipInstruction, UnknownOpcode } from "./opcodes.js";
import type { Piece } from "./patch.js";
import { countDown } from "./prologue.js";
import { Reader } from "./reader.js";
import { type Runtime, UNKNOWN_ADDRESS } from "./runtime.js";
import { SECTION } from "./sections.js";

/** The allocator that calls the others, which compiled code calls as well. */
const MALLOCGC = "runtime.mallocgc";
const STACK_POINTER = 0;
/** Bytes from the stack pointer to the function's number in the return address. */
const CALLER = 2;
/** Bytes from the stack pointer to the first argument: the return address is before it. */
const SIZE = 8;
/** `global.get g; i32.wrap_i64; i32.load stackguard0`. */
const LOAD_GUARD: readonly number[] = [0x23, 2, 0xa7, 0x28, 2, 16];
const I32_CONST = 0x41;
const I32_ADD = 0x6a;
/** `i32.le_u; if`. */
const IF_BELOW: readonly number[] = [0x4d, 0x04, 0x40];

/** A program that Go's linker wrote. */
export interface GoProgram {
  readonly table: Pclntab;
  /** By function index, as Go has them: the name section's have `_` for other characters. */
  readonly names: ReadonlyMap<number, string>;
}

/** Undefined for other modules, and for those whose table of functions cannot be read. */
export function openGo(module: GuestModule): GoProgram | undefined {
  const table = openPclntab(module.bytes, listSections(module.bytes).sections);
  if (!table) return undefined;
  const names = new Map<number, string>();
  try {
    for (const number of table.functionNumbers) {
      const index = number - FUNCTION_BASE + module.importedFunctions.length;
      if (module.bodyOf(index)) names.set(index, table.nameOf(number) ?? "");
    }
  } catch {
    return undefined;
  }
  return { table, names };
}

/** The program's calls for its description; undefined if nothing is known of them. */
export function goCallsOf(module: GuestModule, go: GoProgram | undefined): string | undefined {
  try {
    return go && encodeCalls(module, go.table);
  } catch {
    return undefined;
  }
}

/** Whether global 0 is a number that a stack pointer can be. */
export function hasStackPointer(module: GuestModule): boolean {
  const section = module.section(SECTION.global);
  if (!section) return false;
  const reader = new Reader(module.bytes, section.content, section.until);
  return reader.count() === module.globalCount && reader.u8() === I32 && reader.u8() === 1;
}

/** Lets the host read the stack pointer. */
export function exportStackPointer(added: Additions): void {
  added.export("sp", KIND.global, STACK_POINTER);
}

/**
 * The new body of an allocator: counts behind the check that the stack has room, which leaves the
 * function to enter it again from its beginning. Without such a check, where it is entered.
 */
export function goBody({ module, runtime, hooks }: Hooking, hook: Hook): Piece[] {
  const { begin, until } = module.bodyOf(hook.index) as Body;
  const outer = hooks.find(({ name }) => name === MALLOCGC);
  const count =
    outer && outer !== hook
      ? countUnlessCalledBy(numberOf(module, outer), runtime)
      : countAllocation(runtime);
  const behind = behindStackCheck(module.bytes, { begin, until });
  if (behind !== undefined) return [{ from: begin, until: behind }, count, { from: behind, until }];
  const entry = readLocals(new Reader(module.bytes, begin, until)).until;
  const isEntered = code(getLocal(0), OP.eqz);
  return [{ from: begin, until: entry }, code(isEntered, when(count)), { from: entry, until }];
}

/** An allocator for one size counts unless `mallocgc`, which has counted, calls it. */
function countUnlessCalledBy(caller: number, runtime: Runtime): number[] {
  const isOther = code(getGlobal(STACK_POINTER), load(CALLER), constant(caller), OP.ne);
  return code(isOther, when(countAllocation(runtime)));
}

/** As it stands in return addresses. */
function numberOf(module: GuestModule, { index }: Hook): number {
  return index - module.importedFunctions.length + FUNCTION_BASE;
}

function countAllocation(runtime: Runtime): number[] {
  const bytes = code(getGlobal(STACK_POINTER), load(SIZE));
  return code(
    countDown(bytes, runtime),
    setGlobal(runtime.countdown),
    getGlobal(runtime.countdown),
    constant(0),
    OP.leS,
    when(constant(UNKNOWN_ADDRESS | 0), bytes, call(runtime.notify)),
  );
}

/** Where the code goes on when the stack has room; undefined if that is not looked at. */
function behindStackCheck(bytes: Uint8Array, { begin, until }: Pick<Body, "begin" | "until">) {
  let at = bytes.indexOf(LOAD_GUARD[0] as number, begin);
  for (; at >= 0 && at < until; at = bytes.indexOf(LOAD_GUARD[0] as number, at + 1)) {
    if (!matches(bytes, at, LOAD_GUARD)) continue;
    const reader = new Reader(bytes, at + LOAD_GUARD.length, until);
    try {
      if (bytes[reader.position] === I32_CONST) {
        skipInstruction(reader);
        if (reader.u8() !== I32_ADD) continue;
      }
      if (!matches(bytes, reader.position, IF_BELOW)) continue;
      reader.skip(IF_BELOW.length);
      // It calls, and leaves: nothing is nested in it.
      while (skipInstruction(reader) !== OP.end);
      return reader.position;
    } catch (error) {
      if (!(error instanceof UnknownOpcode) && !(error instanceof MonitorError)) throw error;
    }
  }
  return undefined;
}

function matches(bytes: Uint8Array, at: number, pattern: readonly number[]): boolean {
  return pattern.every((byte, index) => bytes[at + index] === byte);
}
