/**
 * What is particular to AssemblyScript: its optimiser puts functions of the runtime into their
 * callers, so that others have to be hooked in their stead, with other sizes.
 */
import { withHeader } from "./allocators.js";
import type { Hook } from "./discovery.js";

/** Where every block gets that becomes free, and what is left of one that is split. */
export const INSERT_BLOCK = "~lib/rt/tlsf/insertBlock";

/** The runtimes in which a block is enlarged without `__new`. */
const ENLARGING = ["tcms", "stub"];

/** Functions that are given the size of a block, an object's header included. */
const BLOCK_FUNCTIONS = /^~lib\/rt\/.*\/(__realloc|moveBlock|allocateBlock)$/;

/** Of the functions that enlarge blocks the outermost, and sizes without headers. */
export function settle(hooks: readonly Hook[], names: ReadonlyMap<number, string>): Hook[] {
  if (!hooks.some(isAssemblyScript)) return [...hooks];
  const all = new Set(names.values());
  const hasRenew = hasAny(all, "__renew");
  const isOuter = !hasRenew && !all.has("~lib/rt/tlsf/__realloc");
  return hooks
    .filter(({ name }) => isOuter || name !== "~lib/rt/tlsf/moveBlock")
    .map((hook) => {
      if (!BLOCK_FUNCTIONS.test(hook.name)) return hook;
      const isObject = hook.name.endsWith("/allocateBlock")
        ? hidesNew(all)
        : hasAny(all, "__new") && !hasRenew;
      return isObject ? { ...hook, allocator: withHeader(hook.allocator) } : hook;
    });
}

/** A runtime with a collector whose `__new` is in its callers. */
function hidesNew(all: ReadonlySet<string>): boolean {
  if (all.has("~lib/rt/itcms/__new") || hasAny(all, "__new")) return false;
  return [...all].some((name) => /^~lib\/rt\/i?tcms\//.test(name));
}

/**
 * Allocators that insert nothing but what they split off: for these calls nobody need be asked
 * whether a watched block is freed. The collector's own calls stay, unless it may be inlined too.
 */
export function splitters(
  hooks: readonly Hook[],
  names: ReadonlyMap<number, string>,
): readonly Hook[] {
  if (!hooks.some(isAssemblyScript)) return [];
  const all = new Set(names.values());
  if (all.has("~lib/rt/itcms/__new") && !all.has("~lib/rt/itcms/step")) return [];
  return hooks.filter(
    (hook) => isAssemblyScript(hook) && hook.allocator.role === "allocate" && !hook.readsHeader,
  );
}

/** What is not seen of arrays and strings that grow, if they do; a sentence or none. */
export function hiddenGrowth(hooks: readonly Hook[], names: ReadonlyMap<number, string>): string[] {
  if (!hooks.some(isAssemblyScript)) return [];
  const all = new Set(names.values());
  const runtime = ENLARGING.find((name) => all.has(`~lib/rt/${name}/__new`));
  const isSeen = hooks.some(({ name }) => /\/(__renew|__realloc)$/.test(name));
  if (runtime === undefined || isSeen) return [];
  const effect = all.has("~lib/rt/tlsf/moveBlock")
    ? "what grows in place keeps the size that it had"
    : "what they grow to is not counted, or as the allocator rounds it";
  return [
    `~lib/rt/${runtime}/__renew was not found: if arrays or strings grow, the optimiser has put ` +
      `it into its callers, and ${effect}. Compile the guest with -O1.`,
  ];
}

function isAssemblyScript({ allocator }: Hook): boolean {
  return allocator.language === "assemblyscript";
}

/** Whether one of the runtimes that enlarge blocks has a function of this name. */
function hasAny(all: ReadonlySet<string>, name: string): boolean {
  return ENLARGING.some((runtime) => all.has(`~lib/rt/${runtime}/${name}`));
}
