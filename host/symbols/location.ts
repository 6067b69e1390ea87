/**
 * Where code stands in its source. The shape that memory traces carry (MEMTRACE §9); bounds of the
 * format are the trace writer's business.
 */

export interface Location {
  /** As the debug information names it; `<unknown>` without any. */
  readonly file: string;
  /** 1-based; 1 where unknown. */
  readonly line: number;
  /** 1-based; 1 where unknown. */
  readonly firstColumn: number;
  readonly lastColumn: number;
  /** The function's qualified, demangled name. */
  readonly definition: string;
}

/** Finds the source of code. */
export interface Symboliser {
  /**
   * The locations of one code position: a byte offset in the wasm file that was given, at or in a
   * call instruction. At least one; inlined functions first, the function that the code is in last.
   */
  locate(position: number): readonly Location[];
}
