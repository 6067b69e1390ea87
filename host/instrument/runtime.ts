/**
 * The functions and globals that all hooks of a module share: the countdown, the calls into the
 * host's hooks, and the block of memory with the probe table and the shadow stack.
 */
import type { Additions } from "./additions.js";
import {
  call,
  callIndirect,
  code,
  constant,
  either,
  FILL,
  functionBody,
  GROW,
  getGlobal,
  getLocal,
  getTable,
  OP,
  setGlobal,
  setLocal,
  store,
  teeLocal,
  VOID,
  when,
} from "./assembler.js";
import { INSERT_BLOCK } from "./assemblyscript.js";
import type { Stacks } from "./description.js";
import type { Hook } from "./discovery.js";
import { KIND } from "./module.js";

/** Counters of the probe table, a byte each; indexed by address >> 3. */
export const PROBE_BYTES = 65_536;
/** The shadow stack behind the probe table: an original byte offset a frame. */
export const SHADOW_BYTES = 65_536;
/** Frames that are kept before there is a block. */
export const EARLY_FRAMES = 16;
/** The countdown while nobody listens: 2^30 words. */
export const COUNTDOWN_OFF = 1 << 30;
/** Told as the address of a block whose free will not be seen. */
export const UNKNOWN_ADDRESS = 0xffff_ffff;
/** Slots of the table of hooks. */
export const SLOT = { allocated: 0, freed: 1 } as const;

const PAGE_SHIFT = 16;
/** Clang's largest alignment of a type; for allocators that are told one. */
const ALIGNMENT = 16;

/** Indices of what is shared. */
export interface Runtime {
  /** Words to the next call of `notify`. */
  readonly countdown: number;
  /** Address of the probe table, 0 while no frees are looked for. */
  readonly probe: number;
  /** Address of the block, 0 before there is one. */
  readonly block: number;
  /** Bytes by which the shadow stack is filled; frames above its room are counted too. */
  readonly depth: number | undefined;
  /** (address, bytes): tells the host, or sets the countdown anew. */
  readonly notify: number;
  /** (address): tells the host. */
  readonly freed: number;
  /** (frame, position): keeps a frame while there is no block. */
  readonly early: number | undefined;
  readonly earlyGlobals: readonly number[];
  readonly reserve: number;
}

/** Declares all that is shared; `defineRuntime` fills in what needs copies of allocators. */
export function declareRuntime(added: Additions, stacks: Stacks): Runtime {
  const isShadow = stacks === "shadow";
  const frames = isShadow ? EARLY_FRAMES : 0;
  const runtime: Runtime = {
    // With a shadow stack the first allocation of all makes its block.
    countdown: added.global(isShadow ? 0 : COUNTDOWN_OFF),
    probe: added.global(0),
    block: added.global(0),
    depth: isShadow ? added.global(0) : undefined,
    earlyGlobals: Array.from({ length: frames }, () => added.global(0)),
    notify: added.declare("wmon:notify", added.type(2, [0])),
    freed: added.declare("wmon:freed", added.type(1, [0])),
    early: isShadow ? added.declare("wmon:early", added.type(2, [0])) : undefined,
    reserve: added.declare("wmon:reserve", added.type(0, [1, 0x7f])),
  };
  added.export("countdown", KIND.global, runtime.countdown);
  added.export("probe", KIND.global, runtime.probe);
  added.export("block", KIND.global, runtime.block);
  if (runtime.depth !== undefined) added.export("depth", KIND.global, runtime.depth);
  added.export("reserve", KIND.function, runtime.reserve);
  added.export("hooks", KIND.table, added.table);
  added.export("memory", KIND.memory, 0);
  return runtime;
}

/** Fills in the shared functions; `copies` are the allocators without hooks. */
export function defineRuntime(
  added: Additions,
  runtime: Runtime,
  supply: readonly number[] | undefined,
): void {
  added.define(runtime.notify, notifyBody(added, runtime));
  added.define(runtime.freed, functionBody(0, whenHooked(added, SLOT.freed, 1)));
  added.define(runtime.reserve, reserveBody(runtime, supply));
  if (runtime.early !== undefined) added.define(runtime.early, earlyBody(runtime));
}

/** Calls the hook with all parameters if the host has filled it in. */
function whenHooked(added: Additions, slot: number, paramCount: number, otherwise?: number[]) {
  const type = added.type(paramCount, [0]);
  const params = Array.from({ length: paramCount }, (_, index) => getLocal(index)).flat();
  const hooked = code(params, constant(slot), callIndirect(type, added.table));
  const isNull = code(constant(slot), getTable(added.table), OP.isNull);
  return code(isNull, either(VOID, otherwise ?? [], hooked));
}

function notifyBody(added: Additions, runtime: Runtime): number[] {
  const off = code(constant(COUNTDOWN_OFF), setGlobal(runtime.countdown));
  const isShadow = runtime.depth !== undefined;
  const block = code(getGlobal(runtime.block), OP.eqz, when(call(runtime.reserve), OP.drop));
  return functionBody(0, isShadow ? block : [], whenHooked(added, SLOT.allocated, 2, off));
}

/** Makes the block unless it is there; returns its address, 0 if there is no memory for it. */
function reserveBody(runtime: Runtime, supply: readonly number[] | undefined): number[] {
  const { block } = runtime;
  if (!supply) return functionBody(0, getGlobal(block));
  const fill = [constant(0), constant(blockBytes(runtime)), FILL].flat();
  const early = runtime.earlyGlobals.flatMap((global, index) =>
    code(getLocal(0), getGlobal(global), store(PROBE_BYTES + 4 * index)),
  );
  return functionBody(
    1,
    getGlobal(block),
    when(getGlobal(block), OP.return),
    supply,
    teeLocal(0),
    when(getLocal(0), fill, early, getLocal(0), setGlobal(block)),
    getLocal(0),
  );
}

function earlyBody({ earlyGlobals }: Runtime): number[] {
  const rows = earlyGlobals.map((global, index) =>
    code(getLocal(0), constant(4 * index), OP.eq, when(getLocal(1), setGlobal(global))),
  );
  return functionBody(0, ...rows);
}

/** Bytes of the block. */
export function blockBytes({ depth }: Runtime): number {
  return PROBE_BYTES + (depth === undefined ? 0 : SHADOW_BYTES);
}

/**
 * Code that takes the block from the guest's allocator and leaves its address or 0, given copies
 * without hooks; undefined when none can be asked. AssemblyScript's TLSF is passed by: its blocks
 * are the collector's, but it takes no offence at memory that others grow once it is at work.
 */
export function supplyFor(
  hooks: readonly Hook[],
  copies: ReadonlyMap<number, number>,
  byteCount: number,
): number[] | undefined {
  if (hooks.some(({ name }) => name === INSERT_BLOCK)) {
    const isFailed = code(getLocal(0), constant(-1), OP.eq, when(constant(0), OP.return));
    const pages = constant(byteCount >>> PAGE_SHIFT);
    const grown = code(pages, GROW, setLocal(0), isFailed);
    return code(grown, getLocal(0), constant(PAGE_SHIFT), OP.shl);
  }
  const hook = hooks.filter(canSupply).sort((left, right) => rankOf(left) - rankOf(right))[0];
  const copy = hook && copies.get(hook.index);
  if (!hook || copy === undefined) return undefined;
  const other = hook.allocator.language === "rust" ? ALIGNMENT : 1;
  const [bytes] = hook.allocator.bytes;
  const params = hook.type.params.flatMap((_, index) =>
    constant(index === bytes || hook.type.params.length === 1 ? byteCount : other),
  );
  return code(params, call(copy));
}

/** A plain allocator whose blocks nobody collects. */
function canSupply({ name, allocator, type, readsHeader }: Hook): boolean {
  const { role, language, out } = allocator;
  if (readsHeader || out !== undefined || language === "tinygo") return false;
  if (language === "assemblyscript") return name.startsWith("~lib/rt/stub/") && role === "allocate";
  if (role !== "allocate" && role !== "allocate-zeroed") return false;
  return (allocator.bytes[0] as number) >= 0 || type.params.length === 1;
}

/** Lowest first: what a program may have put around an allocator should not notice. */
function rankOf({ name, allocator }: Hook): number {
  if (allocator.language === "c") return 0;
  return name.includes("__rg_") ? 3 : name.includes("__rust_") ? 2 : 1;
}
