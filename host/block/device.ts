/**
 * A sector device as guests see it, after Solo5's block interface: offsets and lengths are whole
 * sectors, and nothing is read or written past the end. Synchronous, for it lives on the guest's
 * thread.
 */

/** Bytes of a sector: the unit of every offset and length. */
export const SECTOR_BYTES = 512;

/**
 * A block device. Callers check bounds, alignment and `isReadonly`; what the storage refuses is
 * thrown as `BlockError`.
 */
export interface BlockDevice {
  /** Whole sectors. */
  readonly capacityBytes: number;
  readonly isReadonly: boolean;
  /** Fills `target` from byte `offset`; what was never written reads as zeros. */
  read(offset: number, target: Uint8Array): void;
  /** Writes all of `source` at byte `offset`. */
  write(offset: number, source: Uint8Array): void;
  /** Gives the space back where the format can; it reads as zeros afterwards. */
  discard(offset: number, byteCount: number): void;
  /** Returns once all that was written before survives a loss of power. */
  flush(): void;
  /** Flushes what is dirty and frees the file and its lock. */
  close(): void;
}

/** What went wrong, for the status that a guest gets and the errno that is counted. */
export type BlockFault = "io" | "no-space" | "corrupt";

/** The storage failed. */
export class BlockError extends Error {
  constructor(
    readonly fault: BlockFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "BlockError";
  }
}
