/**
 * One block device as a guest calls it. Every argument is checked, every outcome is a `BlockStatus`
 * and is counted; nothing is thrown into the guest. Statuses are looked for in the order in which
 * `BlockStatus` lists them.
 */
import { BLOCK_BYTES_MAX, BlockStatus } from "../../assembly/abi.js";
import { type BlockDevice, BlockError, SECTOR_BYTES } from "./device.js";

/** What counts: `DiskCells`, or a test. Times are seconds. */
export interface VolumeMeter {
  read(byteCount: number, seconds: number): void;
  write(byteCount: number, seconds: number): void;
  discard(byteCount: number): void;
  flush(seconds: number): void;
  /** A call that did nothing, or not all, by the name of an errno. */
  fail(errno: string): void;
  /** The device was opened or closed. */
  open(change: 1 | -1): void;
}

export interface VolumeOptions {
  readonly name: string;
  readonly device: BlockDevice;
  readonly meter: VolumeMeter;
  /** Called after each call that reached the device. @default nobody wants to know */
  readonly settle?: (() => void) | undefined;
  /** Tells the user of a storage that fails, in one line. */
  readonly note: (text: string) => void;
}

/** The errno by which a status is counted. */
const ERRNOS: Readonly<Partial<Record<BlockStatus, string>>> = {
  [BlockStatus.Unaligned]: "EINVAL",
  [BlockStatus.OutOfBounds]: "ERANGE",
  [BlockStatus.ReadOnly]: "EROFS",
  [BlockStatus.Fault]: "EFAULT",
  [BlockStatus.IoError]: "EIO",
  [BlockStatus.NoSpace]: "ENOSPC",
};

/** Failures of a device that the user is told of; the others are counted. */
const NOTES_MAX = 8;

/** A device, checked and metered. */
export class Volume {
  #noteCount = 0;
  /** Nobody knows what state the device is in. */
  #isBroken = false;

  constructor(private readonly options: VolumeOptions) {
    options.meter.open(1);
    options.settle?.();
  }

  /** What a guest acquires it by. */
  get name(): string {
    return this.options.name;
  }

  /** What it is like; to be used through the volume. */
  get device(): BlockDevice {
    return this.options.device;
  }

  /** Fills `target`, a view of the guest's memory; undefined where the guest has no such memory. */
  read(offset: bigint, byteCount: number, target: Uint8Array | undefined): BlockStatus {
    const { device, meter } = this.options;
    const refusal = this.#refusal(offset, byteCount);
    if (refusal !== BlockStatus.Ok) return this.#refuse(refusal);
    if (!target || byteCount > BLOCK_BYTES_MAX) return this.#refuse(BlockStatus.Fault);
    return this.#attempt("read", (startedMs) => {
      if (byteCount > 0) device.read(Number(offset), target);
      meter.read(byteCount, secondsSince(startedMs));
    });
  }

  /** Writes `source`, as `read`. */
  write(offset: bigint, byteCount: number, source: Uint8Array | undefined): BlockStatus {
    const { device, meter } = this.options;
    const refusal = this.#refusal(offset, byteCount);
    if (refusal !== BlockStatus.Ok) return this.#refuse(refusal);
    if (device.isReadonly) return this.#refuse(BlockStatus.ReadOnly);
    if (!source || byteCount > BLOCK_BYTES_MAX) return this.#refuse(BlockStatus.Fault);
    return this.#attempt("write", (startedMs) => {
      if (byteCount > 0) device.write(Number(offset), source);
      meter.write(byteCount, secondsSince(startedMs));
    });
  }

  /** Gives space back; as long as the device, if need be. */
  discard(offset: bigint, length: bigint): BlockStatus {
    const { device, meter } = this.options;
    const byteCount = Number(BigInt.asUintN(64, length));
    const isWhole = BigInt.asUintN(64, length) % BigInt(SECTOR_BYTES) === 0n;
    const refusal = isWhole ? this.#refusal(offset, byteCount) : BlockStatus.Unaligned;
    if (refusal !== BlockStatus.Ok) return this.#refuse(refusal);
    if (device.isReadonly) return this.#refuse(BlockStatus.ReadOnly);
    return this.#attempt("discard", () => {
      if (byteCount > 0) device.discard(Number(offset), byteCount);
      meter.discard(byteCount);
    });
  }

  /** Makes everything written before durable. A device that cannot be written has nothing to do. */
  flush(): BlockStatus {
    const { device, meter } = this.options;
    return this.#attempt("flush", (startedMs) => {
      if (!device.isReadonly) device.flush();
      meter.flush(secondsSince(startedMs));
    });
  }

  /**
   * Flushes and closes the device. What fails then is told and counted as any failure. One that
   * broke is left as it was at its last flush; its file is closed with the thread.
   */
  close(): void {
    const { name, device, meter, note } = this.options;
    if (this.#isBroken) note(`block ${name}: it broke, and is left as it was at its last flush`);
    else this.#attempt("close", () => device.close());
    meter.open(-1);
  }

  /** Wasm's i64 arrives signed, offsets are unsigned. Past 2^53 a number is inexact: outside. */
  #refusal(offset: bigint, byteCount: number): BlockStatus {
    if (BigInt.asUintN(SECTOR_BITS, offset) !== 0n || byteCount % SECTOR_BYTES !== 0) {
      return BlockStatus.Unaligned;
    }
    const end = Number(BigInt.asUintN(64, offset)) + byteCount;
    return end > this.options.device.capacityBytes ? BlockStatus.OutOfBounds : BlockStatus.Ok;
  }

  #refuse(status: BlockStatus): BlockStatus {
    this.options.meter.fail(ERRNOS[status] ?? "EIO");
    return status;
  }

  #attempt(what: string, act: (startedMs: number) => void): BlockStatus {
    if (this.#isBroken) return this.#refuse(BlockStatus.IoError);
    try {
      act(performance.now());
      return BlockStatus.Ok;
    } catch (error) {
      // No storage's error: the guest's stack ran out, or a bug. It came from anywhere within.
      if (!(error instanceof BlockError)) this.#isBroken = true;
      this.#tell(what, error);
      const isFull = error instanceof BlockError && error.fault === "no-space";
      return this.#refuse(isFull ? BlockStatus.NoSpace : BlockStatus.IoError);
    } finally {
      this.options.settle?.();
    }
  }

  #tell(what: string, error: unknown): void {
    this.#noteCount++;
    if (this.#noteCount > NOTES_MAX) return;
    const reason = error instanceof Error ? error.message : String(error);
    const rest = this.#isBroken
      ? "; it is not used any more"
      : this.#noteCount === NOTES_MAX
        ? "; from now on its failures are only counted"
        : "";
    this.options.note(`block ${this.name}: ${what} failed: ${reason}${rest}`);
  }
}

/** 512 is 2^9. */
const SECTOR_BITS = 9;

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1000;
}
