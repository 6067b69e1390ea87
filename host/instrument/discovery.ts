/**
 * Finds the allocators of a module: by the name section, and by the names of exports. Says what it
 * looked for in vain, and what would help.
 */
import { type Allocator, findAllocator, fits } from "./allocators.js";
import { hiddenGrowth, settle } from "./assemblyscript.js";
import { hasStackPointer } from "./go.js";
import { type FunctionType, type GuestModule, KIND } from "./module.js";

/** A function to hook. */
export interface Hook {
  readonly index: number;
  readonly name: string;
  readonly allocator: Allocator;
  readonly type: FunctionType;
  /** How it was found, for people. */
  readonly found: string;
  /** Its bytes are read from the header of the block that it returned. */
  readonly readsHeader: boolean;
}

export interface Discovery {
  readonly hooks: readonly Hook[];
  /** A sentence each. */
  readonly notHooked: readonly string[];
}

const NO_STACK_POINTER =
  "runtime.mallocgc: global 0 is not the stack pointer that Go's compiler makes of it.";

interface Candidate {
  readonly index: number;
  readonly name: string;
  readonly found: string;
}

/** Looks for every allocator function, by index; `origin` says where the names are from. */
export function discover(
  module: GuestModule,
  names: ReadonlyMap<number, string>,
  origin = "name section",
): Discovery {
  const hooks = new Map<number, Hook>();
  const notHooked: string[] = [];
  for (const candidate of candidates(module, names, origin)) {
    const { index, name } = candidate;
    if (hooks.has(index)) continue;
    const allocator = findAllocator(name);
    if (!allocator) continue;
    const type = module.typeOf(index) as FunctionType;
    if (allocator.language === "go" && !hasStackPointer(module)) notHooked.push(NO_STACK_POINTER);
    else if (!module.bodyOf(index)) notHooked.push(importSentence(module, index));
    else if (mustReadHeader(allocator, type)) {
      hooks.set(index, hookOf(candidate, allocator, type, true));
    } else if (fits(allocator, type)) {
      hooks.set(index, hookOf(candidate, allocator, type, false));
    } else notHooked.push(`${name}: its type is not that of the function of this name.`);
  }
  const found = [...hooks.values()];
  const go = found.filter(({ allocator }) => allocator.language === "go");
  // Nothing else allocates there, whatever functions are called.
  const chosen = go.length > 0 ? go : settle(found, names);
  notHooked.push(...missing(module, names, chosen));
  return { hooks: chosen.sort((left, right) => left.index - right.index), notHooked };
}

/** Every function that has a name; those of the name section first. */
function* candidates(
  module: GuestModule,
  names: ReadonlyMap<number, string>,
  origin: string,
): Generator<Candidate> {
  const count = module.functionCount;
  for (const [index, name] of names) {
    if (index < count) yield { index, name, found: origin };
  }
  for (const { kind, index, name } of module.exports) {
    if (kind === KIND.function && index < count) yield { index, name, found: "export" };
  }
  for (const [index, { name }] of module.importedFunctions.entries()) {
    yield { index, name, found: "import" };
  }
}

function hookOf(
  candidate: Candidate,
  allocator: Allocator,
  type: FunctionType,
  readsHeader: boolean,
): Hook {
  return { ...candidate, allocator, type, readsHeader };
}

/**
 * AssemblyScript's `__new(size, id)`, of which an optimiser removed parameters that are always the
 * same: which one is left cannot be told.
 */
function mustReadHeader({ hasHeader }: Allocator, { params, results }: FunctionType): boolean {
  return hasHeader === true && params.length < 2 && results.length === 1;
}

function importSentence(module: GuestModule, index: number): string {
  const imported = module.importedFunctions[index];
  return (
    `${imported?.module}.${imported?.name} is imported: its calls are not seen; ` +
    "link the allocator into the module."
  );
}

/** What a trace of this module will lack. */
function missing(
  module: GuestModule,
  names: ReadonlyMap<number, string>,
  hooks: readonly Hook[],
): string[] {
  const language = languageOf(module, names);
  const has = (role: string) => hooks.some(({ allocator }) => allocator.role === role);
  const allocates = hooks.some(({ allocator }) => allocator.role !== "free");
  if (!allocates) return [missingAllocator(names, language)];
  return [...(has("free") ? [] : [missingFree(names, language)]), ...hiddenGrowth(hooks, names)];
}

function missingAllocator(names: ReadonlyMap<number, string>, language: string): string {
  const fix =
    names.size === 0
      ? "It has no function names: keep them (C and Rust: do not strip; AssemblyScript: --debug)."
      : language === "assemblyscript"
        ? "The optimiser has put __new into its only caller: compile it with --exportRuntime."
        : "If it allocates, its allocator has no known name, or was put into its callers.";
  return `No allocator was found: malloc, __new, __rust_alloc, runtime.alloc or runtime.mallocgc. ${fix}`;
}

function missingFree(names: ReadonlyMap<number, string>, language: string): string {
  const effect = "every block will look as if it were live for ever.";
  if (language === "tinygo") return `No free was found: TinyGo's collector has none; ${effect}`;
  if (language === "go") return `Frees are not seen: Go's collector calls no function; ${effect}`;
  if (language !== "assemblyscript") return `No free was found: ${effect}`;
  if (names.size === 0) {
    return `~lib/rt/tlsf/insertBlock was not found: ${effect} Compile the guest with --debug.`;
  }
  return `No free was found, as is right for the stub runtime, which frees nothing: ${effect}`;
}

function languageOf(module: GuestModule, names: ReadonlyMap<number, string>): string {
  const exported = new Set(module.exports.map(({ name }) => name));
  if (exported.has("__rtti_base") || exported.has("__new")) return "assemblyscript";
  for (const name of names.values()) {
    if (name.startsWith("~lib/")) return "assemblyscript";
    if (name === "runtime.mallocgc") return "go";
    if (name === "runtime.alloc") return "tinygo";
  }
  return "other";
}
