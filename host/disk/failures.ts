/**
 * Failures by id and errno: a series for each pair that occurs, up to a cap, past which ids share
 * `_overflow`. On the guest's thread; a pair blocks for its registration once.
 */
import { CELL_VALUE_OFFSET, SOURCE_ACTIVE_OFFSET } from "../../assembly/abi.js";
import type { DiskRegistryOptions } from "./registry.js";

/** Pairs of id and errno that have a series of their own. */
export const FAILURES_MAX = 1024;

/** The tag value of what is past a cap, as the core writes it. */
export const OVERFLOW = "_overflow";

/** Counts failures of all ids. */
export class Failures {
  readonly #options: DiskRegistryOptions;
  #pairCount = 0;
  readonly #shared: ByErrno = new Map();

  constructor(options: DiskRegistryOptions) {
    this.#options = options;
  }

  /** A function that counts a failure of `id`. */
  of(id: string): (errno: string) => void {
    const counts: ByErrno = new Map();
    return (errno) => {
      const count = counts.get(errno) ?? this.#open(counts, id, errno);
      count();
    };
  }

  #open(counts: ByErrno, id: string, errno: string): () => void {
    const isOverflow = this.#pairCount >= FAILURES_MAX;
    const count = isOverflow
      ? (this.#shared.get(errno) ?? this.#register(OVERFLOW, errno))
      : this.#register(id, errno);
    if (isOverflow) this.#shared.set(errno, count);
    this.#pairCount++;
    counts.set(errno, count);
    return count;
  }

  #register(id: string, errno: string): () => void {
    const { plan, memory, register } = this.#options;
    const series = register(plan.errors.address, [id, errno]);
    if (series <= 0) return () => {};
    const floats = new Float64Array(memory.buffer);
    const words = new Uint32Array(memory.buffer);
    const at = (series + (plan.errors.offsets[0] ?? 0) + CELL_VALUE_OFFSET) >>> 3;
    const activeAt = (plan.errors.address + SOURCE_ACTIVE_OFFSET) >>> 2;
    return () => {
      if (words[activeAt] === 1) (floats[at] as number) += 1;
    };
  }
}

type ByErrno = Map<string, () => void>;
