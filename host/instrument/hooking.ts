/**
 * Makes hooked functions: new bodies with the original one inside, copies without hooks, and slow
 * paths.
 */
import type { Additions } from "./additions.js";
import { call, u32 } from "./assembler.js";
import type { Call, Calls } from "./calls.js";
import { nameOf } from "./calls.js";
import type { Hook } from "./discovery.js";
import { goBody } from "./go.js";
import { type Body, type GuestModule, I32 } from "./module.js";
import { OPCODE, readLocals } from "./opcodes.js";
import { flatten, type Piece } from "./patch.js";
import { allocatePrologue, freePrologue, headerBody, slowPath } from "./prologue.js";
import { Reader } from "./reader.js";
import type { Runtime } from "./runtime.js";

/** What the hooks of one module share. */
export interface Hooking {
  readonly module: GuestModule;
  readonly hooks: readonly Hook[];
  readonly names: ReadonlyMap<number, string>;
  readonly calls: Calls;
  readonly added: Additions;
  readonly runtime: Runtime;
  /** From functions to their copies without hooks. */
  readonly copies: ReadonlyMap<number, number>;
  /** Copies that only the hooked functions of `splitters` call. */
  readonly splits: ReadonlyMap<number, number>;
  readonly splitters: ReadonlySet<number>;
}

/** Declares a copy of each function. */
export function declareCopies(
  { module, names, added }: Pick<Hooking, "module" | "names" | "added">,
  copied: Iterable<number>,
): Map<number, number> {
  const copies = new Map<number, number>();
  for (const index of copied) {
    const name = `wmon:copy of ${nameOf(names, index)}`;
    copies.set(index, added.declare(name, module.typeIndexOf(index)));
  }
  return copies;
}

/** Gives each copy its body, in which calls of copied functions go to copies. */
export function defineCopies(hooking: Hooking): void {
  const { module, calls, added, copies, splits } = hooking;
  for (const [index, copy] of [...copies, ...splits]) {
    const body = module.bodyOf(index) as Body;
    const pieces = redirect(body, calls.of(index), copies);
    added.define(copy, flatten(module.bytes, pieces));
  }
}

/** The new body of a hooked function, without its size. */
export function hookedBody(hooking: Hooking, hook: Hook): Piece[] {
  const { module, runtime, copies } = hooking;
  if (hook.allocator.language === "go") return goBody(hooking, hook);
  const copy = copies.get(hook.index);
  if (hook.allocator.role === "free") {
    return withPrologue(hooking, hook, { spareLocals: 0, prologue: freePrologue(hook, runtime) });
  }
  if (copy === undefined) throw new RangeError(`no copy of ${hook.name}`);
  if (hook.readsHeader) return [headerBody(hook, runtime, copy)];
  const slow = hooking.added.declare(`wmon:slow ${hook.name}`, module.typeIndexOf(hook.index));
  hooking.added.define(slow, slowPath(hook, runtime, copy));
  const spare = hook.type.params.length + localsOf(module, hook).count;
  const prologue = allocatePrologue(hook, runtime, { spare, slow });
  return withPrologue(hooking, hook, { spareLocals: 1, prologue });
}

function withPrologue(
  { module, calls, copies, splits, splitters }: Hooking,
  hook: Hook,
  { spareLocals, prologue }: { readonly spareLocals: 0 | 1; readonly prologue: number[] },
): Piece[] {
  const { until } = module.bodyOf(hook.index) as Body;
  const locals = localsOf(module, hook);
  // Frees inside what frees go to copies as well, so that a block is looked for once.
  const targets = splitters.has(hook.index) ? new Map([...copies, ...splits]) : copies;
  const own = redirect({ begin: locals.until, until }, calls.of(hook.index), targets);
  return [
    u32(locals.groupCount + spareLocals),
    { from: locals.begin, until: locals.until },
    spareLocals > 0 ? [spareLocals, I32] : [],
    prologue,
    ...own,
  ];
}

function localsOf(module: GuestModule, { index }: Hook) {
  const body = module.bodyOf(index) as Body;
  return readLocals(new Reader(module.bytes, body.begin, body.until));
}

/** A span of code in which calls of copied functions go to their copies. */
function redirect(
  { begin, until }: Pick<Body, "begin" | "until">,
  calls: readonly Call[],
  copies: ReadonlyMap<number, number>,
): Piece[] {
  const pieces: Piece[] = [];
  let from = begin;
  for (const { opcode, target, begin: at, until: behind } of calls) {
    const copy = copies.get(target);
    if (copy === undefined) continue;
    pieces.push({ from, until: at });
    pieces.push(opcode === OPCODE.call ? call(copy) : [opcode, ...u32(copy)]);
    from = behind;
  }
  pieces.push({ from, until });
  return pieces;
}
