/**
 * Counts and times WASI calls by name, counts bytes read and written, and watches the guest's
 * memory grow, all straight into cells of the core. Runs on the guest's thread; adds two clock
 * reads to a call.
 */
import type { Cells } from "./cells.js";
import type { Descriptors } from "./descriptors.js";
import type { FileCall } from "./file-calls.js";
import { FILE_TRANSFERS } from "./file-transfers.js";
import { type ImportFunction, type ImportFunctions, TRANSFERS } from "./preview1.js";

/** Cells of one WASI function. */
export interface CallCells {
  readonly calls: number;
  /** Calls that returned an errno. */
  readonly errors: number;
  /** Seconds spent in the call. */
  readonly duration: number;
}

/** Cells of bytes moved by all calls. */
export interface TransferCells {
  readonly read: number;
  readonly written: number;
}

/** Cells of the guest's linear memory. */
export interface MemoryCells {
  readonly linear: number;
  readonly growths: number;
  readonly highWater: number;
  /** Bytes to which the memory may grow; written once, by the main thread. */
  readonly limit: number;
}

/** Watches a guest's linear memory; records whether its source is active or not. */
export class MemoryMeter {
  #memory: WebAssembly.Memory | undefined;
  #growthCount = -1;
  #byteCount = 0;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  constructor(
    private readonly cells: Cells,
    private readonly target: MemoryCells,
  ) {}

  /** The guest's memory once it is instantiated. */
  get memory(): WebAssembly.Memory | undefined {
    return this.#memory;
  }

  /** Starts watching `memory`. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.observe();
  }

  /** Records a growth since the last look, if there was one. Wasm memory never shrinks. */
  observe(): void {
    // A growth detaches the buffer, which then has no bytes: asking for it at each call would cost
    // more than all the rest. Shared memory is not detached.
    if (this.#bytes.length === 0) this.#refresh();
  }

  /** A number in the guest's memory as of the last look; 0 past its end. */
  readU32(address: number): number {
    const start = address >>> 0;
    return start + 4 <= this.#byteCount ? this.#view.getUint32(start, true) : 0;
  }

  #refresh(): void {
    const buffer = this.#memory?.buffer;
    if (!buffer) return;
    this.#view = new DataView(buffer);
    // Without bytes to see, the next look asks again.
    if (buffer instanceof ArrayBuffer) this.#bytes = new Uint8Array(buffer);
    const byteCount = buffer.byteLength;
    if (byteCount === this.#byteCount && this.#growthCount >= 0) return;
    this.#byteCount = byteCount;
    this.#growthCount++;
    this.cells.record(this.target.linear, byteCount);
    this.cells.record(this.target.highWater, byteCount);
    this.cells.record(this.target.growths, this.#growthCount);
  }
}

export interface Meters {
  readonly cells: Cells;
  readonly memory: MemoryMeter;
  readonly transfers: TransferCells;
  /** By function name; functions without cells are not metered. */
  readonly calls: Readonly<Record<string, CallCells>>;
  /** Meters files as well. @default they are not */
  readonly files?: FileMeters | undefined;
  /** Called at the beginning and the end of every call. */
  readonly look?: (() => void) | undefined;
}

/** What meters files. */
export interface FileMeters {
  readonly descriptors: Descriptors;
  /** By function name. */
  readonly calls: Readonly<Record<string, FileCall>>;
}

/** Wraps each function that has cells. */
export function meterCalls(functions: ImportFunctions, meters: Meters): ImportFunctions {
  const metered: ImportFunctions = {};
  for (const [name, call] of Object.entries(functions)) {
    const target = meters.calls[name];
    metered[name] = target ? meterOne(name, call, { meters, target }) : call;
  }
  return metered;
}

interface Target {
  readonly meters: Meters;
  readonly target: CallCells;
}

function meterOne(name: string, call: ImportFunction, { meters, target }: Target): ImportFunction {
  const { cells, memory, transfers, files, look } = meters;
  const other = meterCall(name, call, { meters, target });
  const meterTransfer = FILE_TRANSFERS[name];
  const transfer = TRANSFERS[name];
  if (!meterTransfer || !transfer || !files) return other;
  return meterTransfer({
    call,
    other,
    descriptors: files.descriptors,
    memory,
    calls: cells.counter(target.calls),
    errors: cells.counter(target.errors),
    duration: cells.counter(target.duration),
    bytes: cells.counter(transfers[transfer.direction]),
    look: look ?? (() => {}),
  });
}

function meterCall(name: string, call: ImportFunction, { meters, target }: Target): ImportFunction {
  const { cells, memory, look } = meters;
  const count = transferCounter(name, meters);
  const file = meters.files?.calls[name];
  return (...values) => {
    look?.();
    memory.observe();
    // Counted before it runs: a call that blocks for ever, or exits, is seen.
    cells.add(target.calls, 1);
    const noted = file?.before?.(values) ?? 0;
    const startedMs = performance.now();
    const errno = call(...values);
    const seconds = (performance.now() - startedMs) / 1000;
    cells.add(target.duration, seconds);
    // It may have waited long.
    look?.();
    if (errno) cells.add(target.errors, 1);
    else count?.(values);
    file?.after(values, { errno, seconds, noted });
    return errno;
  };
}

/** Adds what a call says it moved; undefined for calls that move nothing. */
function transferCounter(name: string, meters: Meters): ((values: number[]) => void) | undefined {
  const transfer = TRANSFERS[name];
  if (!transfer) return undefined;
  const cell = meters.transfers[transfer.direction];
  return (values) => {
    meters.cells.add(cell, meters.memory.readU32(values[transfer.countArgument] ?? 0));
  };
}
