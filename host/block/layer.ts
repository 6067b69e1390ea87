/**
 * Devices over devices: each passes on what it does not change.
 */
import type { QcowDevice } from "../qcow/device.js";
import { type BlockDevice, BlockError } from "./device.js";

/** The device below, unchanged. */
class Layer<Below extends BlockDevice> implements BlockDevice {
  readonly capacityBytes: number;
  readonly isReadonly: boolean;

  constructor(protected readonly below: Below) {
    this.capacityBytes = below.capacityBytes;
    this.isReadonly = below.isReadonly;
  }

  read(offset: number, target: Uint8Array): void {
    this.below.read(offset, target);
  }

  write(offset: number, source: Uint8Array): void {
    this.below.write(offset, source);
  }

  discard(offset: number, byteCount: number): void {
    this.below.discard(offset, byteCount);
  }

  flush(): void {
    this.below.flush();
  }

  close(): void {
    this.below.close();
  }
}

/** `QFI\xfb`, the first four bytes of every qcow2 image. */
const QCOW_MAGIC: readonly number[] = [0x51, 0x46, 0x49, 0xfb];

/**
 * A raw image whose format nobody named: it was looked at, and is no qcow2. A guest that wrote a
 * qcow2 header into it would have it opened as one the next time, with any file of the host as its
 * backing file. Such a write is refused, as by QEMU's block/raw-format.c.
 */
export class ProbedDevice extends Layer<BlockDevice> {
  /** Throws `BlockError` for a first sector that begins like a qcow2 image. */
  override write(offset: number, source: Uint8Array): void {
    if (offset === 0 && QCOW_MAGIC.every((byte, index) => source[index] === byte)) {
      const reason = "it would make a qcow2 image of a raw one; --block NAME=FILE,raw allows it";
      throw new BlockError("io", reason);
    }
    this.below.write(offset, source);
  }
}

/** Clusters that one flush may move: 16 MiB of 64 KiB each. */
const CLUSTERS_MAX = 256;

/** A qcow2 image that gives back what discards freed, a bounded step at each flush. */
export class CompactingDevice extends Layer<QcowDevice> {
  override flush(): void {
    this.below.flush();
    this.below.compact(CLUSTERS_MAX);
  }

  override close(): void {
    try {
      this.below.compact(CLUSTERS_MAX);
    } finally {
      this.below.close();
    }
  }
}
