/**
 * A block device in memory, and a guest's memory beside it, for tests of what a guest may ask.
 */
import { BlockStatus } from "../../assembly/abi.js";
import { type BlockDevice, BlockError, type BlockFault } from "../../host/block/device.js";
import { type BlockImports, blockImports } from "../../host/block/imports.js";
import { Volume } from "../../host/block/volume.js";

/** What a device was asked, in words: `read 512+1024`. */
export class MemoryDevice implements BlockDevice {
  readonly bytes: Uint8Array;
  readonly calls: string[] = [];
  /** Makes every call from now on fail. */
  fault: BlockFault | undefined;
  /** Thrown by the next call: what no storage throws. */
  surprise: Error | undefined;

  constructor(
    readonly capacityBytes: number,
    readonly isReadonly = false,
  ) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  read(offset: number, target: Uint8Array): void {
    this.#note(`read ${offset}+${target.length}`);
    target.set(this.bytes.subarray(offset, offset + target.length));
  }

  write(offset: number, source: Uint8Array): void {
    this.#note(`write ${offset}+${source.length}`);
    this.bytes.set(source, offset);
  }

  discard(offset: number, byteCount: number): void {
    this.#note(`discard ${offset}+${byteCount}`);
    this.bytes.fill(0, offset, offset + byteCount);
  }

  flush(): void {
    this.#note("flush");
  }

  close(): void {
    this.#note("close");
  }

  #note(call: string): void {
    this.calls.push(call);
    if (this.fault) throw new BlockError(this.fault, `a disk on fire`);
    if (this.surprise) throw this.surprise;
  }
}

/** The imports of a guest with a page of memory and the devices given. */
export class Bench {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  readonly imports: BlockImports;
  readonly volumes: readonly Volume[];
  /** What was counted: `read 512`, `fail EINVAL`; times left out. */
  readonly counted: string[] = [];
  readonly notes: string[] = [];
  refusedCount = 0;

  constructor(devices: Readonly<Record<string, BlockDevice>>) {
    this.volumes = Object.entries(devices).map(([name, device]) => this.#volume(name, device));
    this.counted.length = 0;
    this.imports = blockImports({
      volumes: this.volumes,
      memory: () => this.memory,
      refuse: () => {
        this.refusedCount++;
      },
    });
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  /** Acquires by name; the info is written at 1024. */
  acquire(name: string): number {
    const bytes = new TextEncoder().encode(name);
    this.bytes.set(bytes);
    return this.imports.block_acquire(0, bytes.length, 1024);
  }

  #volume(name: string, device: BlockDevice): Volume {
    const count = (text: string) => this.counted.push(text);
    return new Volume({
      name,
      device,
      meter: {
        read: (byteCount) => count(`read ${byteCount}`),
        write: (byteCount) => count(`write ${byteCount}`),
        discard: (byteCount) => count(`discard ${byteCount}`),
        flush: () => count("flush"),
        fail: (errno) => count(`fail ${errno}`),
        open: (change) => count(`open ${change}`),
      },
      settle: () => count("settle"),
      note: (text) => this.notes.push(text),
    });
  }
}

/** The name of a status, for messages of tests. */
export function statusName(status: number): string {
  return BlockStatus[status] ?? String(status);
}
