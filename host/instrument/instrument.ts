/**
 * Hooks the allocators of a wasm module by rewriting it: types, functions, globals and a table are
 * appended, hooked bodies get a prologue, all else is taken over byte for byte, with a map of
 * offsets. What is written imports nothing new and runs anywhere.
 */
import { MonitorError } from "../errors.js";
import { Additions, EXPORT_PREFIX } from "./additions.js";
import { isAllocatorName } from "./allocators.js";
import { INSERT_BLOCK, splitters } from "./assemblyscript.js";
import { Calls } from "./calls.js";
import {
  type CodeRange,
  DESCRIPTION_SECTION,
  type HookDescription,
  type OffsetSegment,
  type Stacks,
} from "./description.js";
import { type Discovery, discover, type Hook } from "./discovery.js";
import { exportStackPointer, missingOfGo, openGo } from "./go.js";
import { declareCopies, defineCopies, type Hooking, hookedBody } from "./hooking.js";
import { assemble } from "./layout.js";
import { type Body, GuestModule } from "./module.js";
import { readFunctionNames } from "./names.js";
import { findNesting, NO_NESTING } from "./nesting.js";
import type { Piece } from "./patch.js";
import { blockBytes, declareRuntime, defineRuntime, supplyFor } from "./runtime.js";
import { shadowBodies } from "./shadow.js";

export interface InstrumentOptions {
  /**
   * How call stacks are found: by the engine (V8), or pushed by the guest in every function that
   * can reach an allocator, which costs it a few per cent and works in any engine.
   * @default "engine"
   */
  readonly stacks?: Stacks;
}

/** A module with hooks. */
export interface Instrumented {
  /** The original's bytes when nothing could be hooked. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly description: HookDescription;
  /** What a user should know before tracing, a sentence each; `description.notHooked` and more. */
  readonly warnings: readonly string[];
  /** With shadow stacks: the positions that they may have, in the original module, ascending. */
  readonly pushed: readonly number[];
}

/**
 * Hooks the allocators of a module. Throws `GUEST_INVALID` for bytes that are no core module, for a
 * memory that is shared or 64-bit, for a module that is instrumented already, and with shadow
 * stacks for bodies that cannot be read.
 */
export function instrument(bytes: Uint8Array, options: InstrumentOptions = {}): Instrumented {
  const { stacks = "engine" } = options;
  const module = new GuestModule(bytes);
  refuseInstrumented(module);
  const go = openGo(module);
  const names = go?.names ?? readFunctionNames(module);
  const discovery = discover(module, names, go && "pclntab");
  if (!discovery.hooks.some(({ allocator }) => allocator.role !== "free")) {
    return untouched(bytes, stacks, discovery);
  }
  if (module.memoryCount === 0) {
    throw new MonitorError("GUEST_INVALID", "it has allocators but no memory");
  }
  const isGo = discovery.hooks.some(({ allocator }) => allocator.language === "go");
  if (!isGo) return rewrite({ module, names, stacks, discovery });
  const missing = missingOfGo(module, discovery.hooks, go);
  return rewrite({ module, names, stacks: "engine", discovery, go: { calls: go?.calls, missing } });
}

interface Task {
  readonly module: GuestModule;
  readonly names: ReadonlyMap<number, string>;
  readonly stacks: Stacks;
  readonly discovery: Discovery;
  /** For programs of Go's: their calls, if these are known; what will be missing. */
  readonly go?: { readonly calls: string | undefined; readonly missing: readonly string[] };
}

function rewrite(task: Task): Instrumented {
  const { module, names, stacks, discovery, go } = task;
  const { hooks } = discovery;
  const calls = new Calls(module, names);
  const nesting = go ? NO_NESTING : findNesting(hooks, calls, names);
  const added = new Additions(module);
  const runtime = declareRuntime(added, stacks);
  if (go?.calls !== undefined) exportStackPointer(added);
  const copies = declareCopies({ module, names, added }, nesting.copied);
  const quiet = splitters(hooks, names);
  const frees = quiet.length > 0 ? hooks.filter(({ name }) => name === INSERT_BLOCK) : [];
  const hooking: Hooking = {
    ...{ module, hooks, names, calls, added, runtime, copies },
    splits: declareCopies(
      { module, names, added },
      frees.map(({ index }) => index),
    ),
    splitters: new Set(quiet.map(({ index }) => index)),
  };
  defineCopies(hooking);
  const supply = supplyFor(hooks, copies, blockBytes(runtime));
  if (!supply && stacks === "shadow") refuseShadow(hooks);
  defineRuntime(added, runtime, supply);
  const allocators = allocatorFunctions(module, { ...task, copied: nesting.copied });
  const bodies = new Map<number, Piece[]>();
  for (const hook of hooks) bodies.set(hook.index, hookedBody(hooking, hook));
  const pushed: number[] = [];
  if (stacks === "shadow") shadowBodies({ hooking, hooks, allocators, pushed }, bodies);
  const describe = describing(task, allocators);
  const made = assemble(module, { added, bodies }, describe);
  const warnings = [...made.description.notHooked, ...nesting.warnings, ...unreadSentences(calls)];
  return { ...made, warnings, pushed: pushed.sort((left, right) => left - right) };
}

/** What makes the description when it is known what bytes are where. */
function describing({ module, stacks, discovery, go }: Task, allocators: readonly number[]) {
  return (segments: OffsetSegment[], removed: Uint8Array): HookDescription => ({
    stacks: go?.calls === undefined ? stacks : "go",
    hooked: discovery.hooks.map(({ index, name, allocator, found }) => ({
      index,
      name,
      role: allocator.role,
      found,
    })),
    notHooked: [...discovery.notHooked, ...(go?.missing ?? [])],
    allocatorFunctions: allocators,
    allocatorRanges: rangesOf(module, allocators),
    segments,
    originalBytes: module.bytes.length,
    removed: btoa(Array.from(removed, (byte) => String.fromCharCode(byte)).join("")),
    ...(go?.calls !== undefined && { goCalls: go.calls }),
  });
}

function refuseInstrumented(module: GuestModule): void {
  const exportsOurs = module.exports.some(({ name }) => name.startsWith(EXPORT_PREFIX));
  if (!module.custom(DESCRIPTION_SECTION) && !exportsOurs) return;
  throw new MonitorError("GUEST_INVALID", "it is instrumented already: run it as it is");
}

function refuseShadow(hooks: readonly Hook[]): never {
  const names = hooks.map(({ name }) => name).join(", ");
  throw new MonitorError(
    "GUEST_INVALID",
    `no memory for a shadow stack can be had from ${names}; use the engine's stacks`,
  );
}

function untouched(bytes: Uint8Array, stacks: Stacks, { notHooked }: Discovery): Instrumented {
  const description: HookDescription = {
    stacks,
    hooked: [],
    notHooked,
    allocatorFunctions: [],
    allocatorRanges: [],
    segments: [{ instrumentedAt: 0, originalAt: 0 }],
    originalBytes: bytes.length,
    removed: "",
  };
  return { bytes: new Uint8Array(bytes), description, warnings: notHooked, pushed: [] };
}

function unreadSentences({ unread }: Calls): string[] {
  return unread.map((what) => `${what}: allocators that it calls may count twice.`);
}

/** What is hooked, what lies between, and what is an allocator's by its name; ascending. */
function allocatorFunctions(
  module: GuestModule,
  known: Task & { readonly copied: ReadonlySet<number> },
): number[] {
  const { names, copied, go } = known;
  const { hooks } = known.discovery;
  const found = new Set<number>([...hooks.map(({ index }) => index), ...copied]);
  for (const [index, name] of names) {
    if (index < module.functionCount && isAllocatorName(name, go !== undefined)) found.add(index);
  }
  return [...found].sort((left, right) => left - right);
}

/** Where the code of functions is; neighbours are one range. */
function rangesOf(module: GuestModule, functions: readonly number[]): CodeRange[] {
  const ranges: { begin: number; until: number }[] = [];
  for (const index of functions) {
    const body: Body | undefined = module.bodyOf(index);
    if (!body) continue;
    const last = ranges.at(-1);
    if (last?.until === body.sizeAt) last.until = body.until;
    else ranges.push({ begin: body.sizeAt, until: body.until });
  }
  return ranges;
}
