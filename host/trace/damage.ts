/**
 * Where a trace stops making sense. Thrown and caught inside this folder; outside it is a value:
 * the end of what could be read.
 */

/** Why reading stopped, and where. */
export interface Damage {
  /** Offset from the start of the trace (after decompression) of what could not be read. */
  readonly byte: number;
  /** A phrase that completes "the trace is damaged at byte N: …". */
  readonly reason: string;
}

/** Carries a damage up to the reader. */
export class DamageError extends Error implements Damage {
  constructor(
    readonly byte: number,
    readonly reason: string,
  ) {
    super(`byte ${byte}: ${reason}`);
  }
}

/** What was to be read goes beyond the end of the bytes. */
export class OverrunError extends DamageError {
  constructor(byte: number) {
    super(byte, "what begins here goes beyond the end of its packet");
  }
}
