/**
 * What an instrumented module says of itself: which functions are hooked and how its byte offsets
 * relate to those of the module it was made from. The rewriter writes it into the custom section
 * `wmon.hooks`, so that a module instrumented ahead of time can be traced as well.
 */

/** How call stacks are found: by the engine, or pushed by the guest itself. */
export type Stacks = "engine" | "shadow";

export interface HookedFunction {
  /** Index in the original module's function space; the same in the instrumented one. */
  readonly index: number;
  readonly name: string;
  /** What it does: `malloc`-like, `calloc`-like, `free`-like, … */
  readonly role: HookRole;
  /** How it was found, for people: "name section", "export", "import of …". */
  readonly found: string;
}

export type HookRole = "allocate" | "allocate-zeroed" | "allocate-aligned" | "reallocate" | "free";

export interface HookDescription {
  readonly stacks: Stacks;
  readonly hooked: readonly HookedFunction[];
  /** What was looked for in vain or could not be hooked, a sentence each. */
  readonly notHooked: readonly string[];
  /** Functions whose frames are the allocator's and are stripped from backtraces, ascending. */
  readonly allocatorFunctions: readonly number[];
  /**
   * Byte offsets, ascending by `instrumentedAt`: from there on an original byte is found
   * `instrumentedAt - originalAt` later than before; `originalAt` is -1 where bytes were added.
   */
  readonly segments: readonly OffsetSegment[];
  /** Byte length of the original module. */
  readonly originalBytes: number;
}

export interface OffsetSegment {
  readonly instrumentedAt: number;
  readonly originalAt: number;
}
