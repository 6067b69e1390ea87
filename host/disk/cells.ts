/**
 * The cells of one file, block device or mount, written straight into the core's shared memory by
 * the guest's thread. A write to a disabled source is one load and one branch.
 */
import {
  CELL_BUCKETS_OFFSET,
  CELL_VALUE_OFFSET,
  SOURCE_ACTIVE_OFFSET,
} from "../../assembly/abi.js";
import { Field, type SourcePlan } from "./sources.js";
import { durationBucket, Stopwatch } from "./stopwatch.js";

export interface DiskCellsOptions {
  /** The core's, shared: one that is not would leave views behind as it grows. */
  readonly memory: WebAssembly.Memory;
  readonly plan: SourcePlan;
  /** Address of the series; a `Status` below 0 for none: then nothing is recorded. */
  readonly series: number;
  /** Counts one failure. */
  readonly fail: (errno: string) => void;
  /** Counts what succeeds too: a mount, which has no parent. */
  readonly parent?: DiskCells | undefined;
}

/**
 * Counts what happens on one id, and on its mount. Numbers are taken as they are, not checked. Its
 * members lie flat: between two system calls of a guest each step to another object counts.
 */
export class DiskCells {
  /** For reads, not all of which are worth two looks at the clock. */
  readonly reading = new Stopwatch();
  /** For writes. */
  readonly writing = new Stopwatch();
  /** Counts an operation that failed; `errno` as POSIX spells it: `ENOSPC`. */
  readonly fail: (errno: string) => void;
  private readonly parent: DiskCells | undefined;
  // Memory that grows leaves these views valid, and the series is in it already.
  private readonly floats: Float64Array;
  private readonly words: Uint32Array;
  private readonly activeAt: number;
  private readonly readBytesAt: number;
  private readonly readsAt: number;
  private readonly readDurationAt: number;
  private readonly writtenBytesAt: number;
  private readonly writesAt: number;
  private readonly writeDurationAt: number;
  private readonly slots: readonly number[];

  constructor({ memory, plan, series, fail, parent }: DiskCellsOptions) {
    this.fail = fail;
    this.parent = parent;
    this.floats = new Float64Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    // At address 0 is a zero: nothing is active there.
    this.activeAt = series > 0 ? (plan.address + SOURCE_ACTIVE_OFFSET) >>> 2 : 0;
    this.slots = plan.offsets.map((offset) => (series + offset + CELL_VALUE_OFFSET) >>> 3);
    this.readBytesAt = this.slots[Field.ReadBytes] as number;
    this.readsAt = this.slots[Field.Reads] as number;
    this.readDurationAt = this.slots[Field.ReadDuration] as number;
    this.writtenBytesAt = this.slots[Field.WrittenBytes] as number;
    this.writesAt = this.slots[Field.Writes] as number;
    this.writeDurationAt = this.slots[Field.WriteDuration] as number;
  }

  /** Whether its source is enabled now. */
  get isActive(): boolean {
    return this.words[this.activeAt] === 1;
  }

  /** Counts a read that took `seconds`; `bucket` is that of a stopwatch, if one has it already. */
  read(byteCount: number, seconds: number, bucket: number = durationBucket(seconds)): void {
    if (this.parent !== undefined) this.parent.countRead(byteCount, seconds, bucket);
    this.countRead(byteCount, seconds, bucket);
  }

  /** Counts a write, as `read` does a read. */
  write(byteCount: number, seconds: number, bucket: number = durationBucket(seconds)): void {
    if (this.parent !== undefined) this.parent.countWrite(byteCount, seconds, bucket);
    this.countWrite(byteCount, seconds, bucket);
  }

  /** Counts bytes that are given up. */
  discard(byteCount: number): void {
    this.parent?.discard(byteCount);
    if (!this.isActive) return;
    this.add(Field.DiscardedBytes, byteCount);
    this.add(Field.Discards, 1);
  }

  /** Counts a flush that took `seconds`. */
  flush(seconds: number): void {
    this.parent?.flush(seconds);
    if (!this.isActive) return;
    const at = this.slots[Field.FlushDuration] as number;
    this.add(Field.Flushes, 1);
    (this.floats[at] as number) += seconds;
    (this.floats[at + FIRST_BUCKET + durationBucket(seconds)] as number) += 1;
  }

  /** Counts a descriptor that opened or closed, whether the source is active or not. */
  open(change: 1 | -1): void {
    this.parent?.open(change);
    // A gauge that missed a close would be wrong for ever.
    if (this.activeAt > 0) this.add(Field.Open, change);
  }

  private countRead(byteCount: number, seconds: number, bucket: number): void {
    if (!this.isActive) return;
    const { floats, readDurationAt } = this;
    (floats[this.readBytesAt] as number) += byteCount;
    (floats[this.readsAt] as number) += 1;
    (floats[readDurationAt] as number) += seconds;
    (floats[readDurationAt + FIRST_BUCKET + bucket] as number) += 1;
  }

  private countWrite(byteCount: number, seconds: number, bucket: number): void {
    if (!this.isActive) return;
    const { floats, writeDurationAt } = this;
    (floats[this.writtenBytesAt] as number) += byteCount;
    (floats[this.writesAt] as number) += 1;
    (floats[writeDurationAt] as number) += seconds;
    (floats[writeDurationAt + FIRST_BUCKET + bucket] as number) += 1;
  }

  private add(field: number, amount: number): void {
    (this.floats[this.slots[field] as number] as number) += amount;
  }
}

/** From a histogram's sum to its first bucket, in floats. */
const FIRST_BUCKET = (CELL_BUCKETS_OFFSET - CELL_VALUE_OFFSET) >>> 3;
