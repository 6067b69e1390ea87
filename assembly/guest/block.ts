/**
 * Block devices: sectors of a disk image that the host gives by name (`--block NAME=FILE`).
 * Offsets and lengths are bytes, multiples of `sectorBytes`. Nothing here traps: outcomes are
 * `BlockStatus`es, and a device that is not there answers every call with `NoSuchDevice`.
 */
import { BLOCK_INFO_BYTES, BLOCK_READONLY, BlockStatus } from "../abi";
import { scratch } from "./message";
import { block_acquire, block_discard, block_flush, block_read, block_write } from "./monitor";

/** A device: `const disk = new BlockDevice("disk"); disk.read(0, sector);`. */
@final
export class BlockDevice {
  /** `Ok`, or `NoSuchDevice` where the host has none of that name. */
  readonly status: BlockStatus;
  readonly capacityBytes: u64;
  /** The unit of offsets and lengths; 0 without a device. */
  readonly sectorBytes: u32;
  readonly isReadonly: bool;

  private readonly handle: i32;

  /** Acquires the device of that name. */
  constructor(readonly name: string) {
    const info = new StaticArray<u8>(BLOCK_INFO_BYTES);
    const address = changetype<usize>(info);
    scratch.reset();
    scratch.putText(name);
    this.handle = block_acquire(scratch.address, scratch.byteCount, address);
    this.status = this.handle < 0 ? <BlockStatus>this.handle : BlockStatus.Ok;
    this.capacityBytes = load<u64>(address);
    this.sectorBytes = load<u32>(address, 8);
    this.isReadonly = (load<u32>(address, 12) & BLOCK_READONLY) !== 0;
  }

  /** Fills `target`, at most `BLOCK_BYTES_MAX`; what was never written reads as zeros. */
  read(offset: u64, target: Uint8Array): BlockStatus {
    return <BlockStatus>block_read(this.handle, offset, target.dataStart, target.byteLength);
  }

  /** Writes all of `source`, at most `BLOCK_BYTES_MAX`; durable after the next `flush`. */
  write(offset: u64, source: Uint8Array): BlockStatus {
    return <BlockStatus>block_write(this.handle, offset, source.dataStart, source.byteLength);
  }

  /** Gives the space back; it reads as zeros afterwards. */
  discard(offset: u64, byteCount: u64): BlockStatus {
    return <BlockStatus>block_discard(this.handle, offset, byteCount);
  }

  /** Returns once all writes before it would survive a loss of power. */
  flush(): BlockStatus {
    return <BlockStatus>block_flush(this.handle);
  }
}
