/**
 * Which functions an allocator goes through to reach another one: `calloc` calls `dlmalloc`. Inside
 * an allocator such calls go to copies without hooks, so that a block counts once, with the size
 * that the program asked for.
 */
import type { Calls } from "./calls.js";
import type { Hook } from "./discovery.js";

/** How many calls may lie between two allocators. */
const DEPTH_MAX = 4;
/** How the names of AssemblyScript's own allocators and collectors begin. */
const ASSEMBLYSCRIPT_RUNTIME = "~lib/rt/";
/** Functions that are no allocators and are copied for this. */
const COPIES_MAX = 48;

export interface Nesting {
  /** Functions of which calls from inside allocators go to a copy, hooked ones included. */
  readonly copied: ReadonlySet<number>;
  /** What had to be left as it is, a sentence each. */
  readonly warnings: readonly string[];
}

/** Of allocators that suppress each other by themselves, or of one alone. */
export const NO_NESTING: Nesting = { copied: new Set(), warnings: [] };

/** Finds what to copy. Frees inside AssemblyScript's allocator are its collector's: they count. */
export function findNesting(
  hooks: readonly Hook[],
  calls: Calls,
  names: ReadonlyMap<number, string>,
): Nesting {
  const inner = new Set(hooks.filter(isSuppressed).map(({ index }) => index));
  const seen = new Set(hooks.map(({ index }) => index).filter((index) => !inner.has(index)));
  const copied = new Set(inner);
  const warnings: string[] = [];
  for (const { index, name, allocator } of hooks) {
    // Its functions abort by the program's own code, which allocates to say why.
    const isOfRuntime = (target: number) => names.get(target)?.startsWith(ASSEMBLYSCRIPT_RUNTIME);
    const mayLead = (target: number) =>
      !seen.has(target) &&
      (allocator.language !== "assemblyscript" || isOfRuntime(target) === true);
    const search = new Search(inner, calls, mayLead);
    for (const { target } of calls.of(index)) search.reach(target, 1);
    if (copied.size - inner.size + search.between.size > COPIES_MAX) {
      warnings.push(
        `${name} reaches other allocators through more than ${COPIES_MAX} functions: ` +
          "blocks that it takes from them may count twice.",
      );
    } else for (const target of search.between) copied.add(target);
  }
  return { copied, warnings };
}

/** Looks from one allocator for others. */
class Search {
  /** Functions on the way. */
  readonly between = new Set<number>();
  /** The least depth at which a function was looked at in vain. */
  readonly #vain = new Map<number, number>();

  constructor(
    private readonly inner: ReadonlySet<number>,
    private readonly calls: Calls,
    /** Whether a function may lie between two allocators. */
    private readonly mayLead: (target: number) => boolean,
  ) {}

  /** Whether an allocator is `target` or can be reached from it. */
  reach(target: number, depth: number): boolean {
    if (this.inner.has(target) || this.between.has(target)) return true;
    if (!this.mayLead(target)) return false;
    if (depth > DEPTH_MAX || (this.#vain.get(target) ?? Number.POSITIVE_INFINITY) <= depth) {
      return false;
    }
    this.#vain.set(target, depth);
    const found = this.calls.of(target).filter((call) => this.reach(call.target, depth + 1));
    if (found.length > 0) this.between.add(target);
    return found.length > 0;
  }
}

function isSuppressed({ allocator }: Hook): boolean {
  return allocator.language !== "assemblyscript" || allocator.role !== "free";
}
