/**
 * The functions of module `monitor` through which a guest uses its block devices
 * (assembly/README.md, *What a guest imports*), after Solo5's block interface. Numbers from the
 * guest are unsigned, and checked; nothing here traps or throws into the guest.
 */
import { BLOCK_INFO_BYTES, BLOCK_READONLY, BlockStatus } from "../../assembly/abi.js";
import { SECTOR_BYTES } from "./device.js";
import type { Volume } from "./volume.js";

/** What a guest imports. */
export interface BlockImports {
  block_acquire(nameAddress: number, nameBytes: number, infoAddress: number): number;
  block_read(handle: number, offset: bigint, address: number, byteCount: number): number;
  block_write(handle: number, offset: bigint, address: number, byteCount: number): number;
  block_discard(handle: number, offset: bigint, byteCount: bigint): number;
  block_flush(handle: number): number;
}

export interface BlockImportsOptions {
  /** A handle is an index of these. */
  readonly volumes: readonly Volume[];
  /** The guest's memory, asked at each call. */
  readonly memory: () => WebAssembly.Memory | undefined;
  /** Counts a call that names no device. */
  readonly refuse: () => void;
}

/**
 * Makes the five functions. A device that is acquired again has the same handle; one that was never
 * acquired can be used, for handles are no secret.
 */
export function blockImports({ volumes, memory, refuse }: BlockImportsOptions): BlockImports {
  const span = (address: number, byteCount: number) => findSpan(memory(), address, byteCount);
  const on = (handle: number, use: (volume: Volume) => BlockStatus): number => {
    const volume = volumes[handle];
    if (volume) return use(volume);
    refuse();
    return BlockStatus.NoSuchDevice;
  };
  return {
    block_acquire(nameAddress, nameBytes, infoAddress) {
      const name = span(nameAddress, nameBytes);
      const info = span(infoAddress, BLOCK_INFO_BYTES);
      const handle = name ? findVolume(volumes, name) : -1;
      const volume = volumes[handle];
      if (!volume || !info) refuse();
      if (!name || !info) return BlockStatus.Fault;
      if (!volume) return BlockStatus.NoSuchDevice;
      putInfo(info, volume);
      return handle;
    },
    block_read: (handle, offset, address, byteCount) =>
      on(handle, (volume) => volume.read(offset, byteCount >>> 0, span(address, byteCount))),
    block_write: (handle, offset, address, byteCount) =>
      on(handle, (volume) => volume.write(offset, byteCount >>> 0, span(address, byteCount))),
    block_discard: (handle, offset, byteCount) =>
      on(handle, (volume) => volume.discard(offset, byteCount)),
    block_flush: (handle) => on(handle, (volume) => volume.flush()),
  };
}

/** A view of the guest's memory, valid during the call; undefined when it is not all there. */
function findSpan(
  memory: WebAssembly.Memory | undefined,
  address: number,
  byteCount: number,
): Uint8Array | undefined {
  const start = address >>> 0;
  const count = byteCount >>> 0;
  if (!memory || start + count > memory.buffer.byteLength) return undefined;
  return new Uint8Array(memory.buffer, start, count);
}

/** The index of the device of that name, -1 if there is none. A name is ASCII: a byte a letter. */
function findVolume(volumes: readonly Volume[], name: Uint8Array): number {
  return volumes.findIndex(
    (volume) =>
      volume.name.length === name.length &&
      name.every((byte, index) => volume.name.charCodeAt(index) === byte),
  );
}

function putInfo(info: Uint8Array, { device }: Volume): void {
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  view.setBigUint64(0, BigInt(device.capacityBytes), true);
  view.setUint32(8, SECTOR_BYTES, true);
  view.setUint32(12, device.isReadonly ? BLOCK_READONLY : 0, true);
}
