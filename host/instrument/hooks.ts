/**
 * The hooks of an instrumented guest's instance: what the host fills in, and what it may ask. Off,
 * the guest counts words down in a global and calls nothing.
 */

/** What a guest's allocators tell. Called on the guest's thread, in the middle of its call. */
export interface HookReceiver {
  /**
   * The countdown came to zero or below: a block of `byteCount` was allocated at `address` (0 if the
   * allocator failed). The receiver sets `Hooks.countdown` anew; until then every allocation calls.
   */
  allocated(address: number, byteCount: number): void;
  /** A block that may be a watched one is about to be freed. */
  freed(address: number): void;
}

export interface Hooks {
  /** Words (4 bytes) until `allocated` is called; at most 2^30. */
  countdown: number;
  /** Makes `freed` be called for this block; watching a block twice needs two `unwatch`. */
  watch(address: number): void;
  unwatch(address: number): void;
  /**
   * Copies the call positions of the shadow stack, innermost first, as byte offsets in the original
   * module; returns how many. 0 with engine stacks.
   */
  readStack(positions: Uint32Array): number;
  /** Takes the receiver out; the guest runs on, counting. */
  close(): void;
}
