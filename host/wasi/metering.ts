/**
 * Counts and times WASI calls by name, counts bytes read and written, and watches the guest's
 * memory grow, all straight into cells of the core. Runs on the guest's thread; adds two clock
 * reads to a call.
 */
import type { Cells } from "./cells.js";
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
}

/** Watches a guest's linear memory; records whether its source is active or not. */
export class MemoryMeter {
  #memory: WebAssembly.Memory | undefined;
  #byteCount = 0;
  #growthCount = -1;

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
    const byteCount = this.#memory?.buffer.byteLength ?? 0;
    if (byteCount === this.#byteCount) return;
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
  /** Called at the beginning and the end of every call. */
  readonly look?: (() => void) | undefined;
}

/** Wraps each function that has cells. */
export function meterCalls(functions: ImportFunctions, meters: Meters): ImportFunctions {
  const metered: ImportFunctions = {};
  for (const [name, call] of Object.entries(functions)) {
    const target = meters.calls[name];
    metered[name] = target ? meterCall(name, call, { meters, target }) : call;
  }
  return metered;
}

function meterCall(
  name: string,
  call: ImportFunction,
  { meters, target }: { meters: Meters; target: CallCells },
): ImportFunction {
  const { cells, memory, look } = meters;
  const count = transferCounter(name, meters);
  return (...values) => {
    look?.();
    memory.observe();
    // Counted before it runs: a call that blocks for ever, or exits, is seen.
    cells.add(target.calls, 1);
    const startedMs = performance.now();
    const errno = call(...values);
    cells.add(target.duration, (performance.now() - startedMs) / 1000);
    // It may have waited long.
    look?.();
    if (errno) cells.add(target.errors, 1);
    else count?.(values);
    return errno;
  };
}

/** Adds what a call says it moved; undefined for calls that move nothing. */
function transferCounter(name: string, meters: Meters): ((values: number[]) => void) | undefined {
  const transfer = TRANSFERS[name];
  if (!transfer) return undefined;
  const cell = meters.transfers[transfer.direction];
  let view = new DataView(new ArrayBuffer(0));
  return (values) => {
    const buffer = meters.memory.memory?.buffer;
    if (!buffer) return;
    if (view.buffer !== buffer) view = new DataView(buffer);
    const address = (values[transfer.countArgument] ?? 0) >>> 0;
    if (address + 4 <= view.byteLength) meters.cells.add(cell, view.getUint32(address, true));
  };
}
