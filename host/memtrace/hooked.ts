/**
 * A module made ready for tracing: hooked now, or by `wmon instrument` before, in which case it is
 * used as it is. Its debug information is read when a trace first needs it.
 */
import { type HookDescription, readDescription, type Stacks } from "../instrument/description.js";
import { instrument } from "../instrument/instrument.js";
import { restoreOriginal } from "../instrument/restore.js";
import type { SymbolOptions, Symbols } from "../symbols/symbols.js";
import { hasEngineStacks } from "./engine.js";
import type { TracedModule } from "./modules.js";

export interface HookOptions {
  /** As traces and logs name the module. @default "guest" */
  readonly name?: string | undefined;
  /**
   * Who finds call stacks: the engine, where it can (V8), or the module itself, which costs it a
   * few per cent and makes a sample ten times cheaper.
   * @default "engine", "shadow" where the engine cannot
   */
  readonly stacks?: Stacks | undefined;
  /** Finds debug information outside of the module, when a trace first needs it. @default none */
  readonly findDebug?: ((original: Uint8Array) => Promise<SymbolOptions>) | undefined;
}

/** A module that can be compiled instead of the original, and traced. */
export interface HookedModule extends TracedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What a user should know of the hooks, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Hooks a module's allocators. Throws `GUEST_INVALID` for bytes that cannot be read. Where nothing
 * can be hooked the bytes come back unchanged, and the description says why.
 */
export function hookModule(bytes: Uint8Array, options: HookOptions = {}): HookedModule {
  const { name = "guest", stacks = "engine" } = options;
  const before = readDescription(bytes);
  const hooked = before
    ? { bytes: ownBytes(bytes), ...reuse(before, stacks) }
    : hook(bytes, stacks);
  return { name, ...hooked, openSymbols: () => openSymbols(bytes, before, options) };
}

/** A module that stays as it is, and why. */
export function unhooked(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  reason: string,
): HookedModule {
  const description: HookDescription = {
    stacks: "engine",
    hooked: [],
    notHooked: [reason],
    allocatorFunctions: [],
    allocatorRanges: [],
    segments: [],
    originalBytes: bytes.length,
    removed: "",
  };
  return {
    name,
    bytes,
    description,
    warnings: [],
    openSymbols: () => openSymbols(bytes, undefined, {}),
  };
}

function hook(bytes: Uint8Array, stacks: Stacks) {
  if (stacks === "shadow" || hasEngineStacks()) return instrument(bytes, { stacks });
  const hooked = instrument(bytes, { stacks: "shadow" });
  const warning = "this engine shows no stacks of wasm: the module keeps its own";
  return { ...hooked, warnings: [...hooked.warnings, warning] };
}

function reuse(description: HookDescription, stacks: Stacks) {
  // Go's are read where Go has them, whatever was asked for.
  const isOther = description.stacks !== stacks && description.stacks !== "go";
  const warning = `it was instrumented before, with ${description.stacks} stacks: these are used`;
  return { description, warnings: isOther ? [warning] : [] };
}

async function openSymbols(
  bytes: Uint8Array,
  before: HookDescription | undefined,
  { findDebug }: HookOptions,
): Promise<Symbols> {
  const { openSymbols } = await import("../symbols/symbols.js");
  const original = before ? restoreOriginal(bytes, before) : bytes;
  return openSymbols(original, (await findDebug?.(original)) ?? {});
}

/** Not of a shared buffer, which cannot be compiled. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
}
