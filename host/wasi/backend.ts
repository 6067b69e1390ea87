/**
 * What carries out a guest's WASI calls: node:wasi over real files, or @wasmer/wasi in memory.
 * Either is wrapped by the same metering and ends a guest in the same way.
 */
import { Errno, type ImportFunctions } from "./preview1.js";

/** How a guest is set up. Crosses to the worker, so it is plain data. */
export interface GuestSetup {
  /** `argv`, the program's name first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Host directories by the path under which the guest sees them. */
  readonly directories: Readonly<Record<string, string>>;
}

export interface BackendOptions extends GuestSetup {
  readonly module: WebAssembly.Module;
  /** The guest's memory, once it is instantiated. */
  readonly memory: () => WebAssembly.Memory | undefined;
  /** Tells the user something, in one line. */
  readonly note: (text: string) => void;
}

export interface Backend {
  /** The members of the guest's `wasi_snapshot_preview1`. */
  readonly functions: ImportFunctions;
  /**
   * Runs `_start`. Throws `GuestExit` when the guest exits, whatever the engine throws when it
   * traps.
   */
  start(instance: WebAssembly.Instance): void;
}

/** Thrown through the guest by `proc_exit`: not an error, the only way out. */
export class GuestExit {
  constructor(readonly code: number) {}
}

/** `proc_exit` for every backend. */
export function exitGuest(code: number): never {
  throw new GuestExit(code);
}

/** WASI's signals from hangup to termination: what a program without handlers ends by. */
const LAST_ENDING_SIGNAL = 15;

/** `proc_raise` for every backend: a guest's signal ends the guest, not this process. */
export function raiseSignal(signal: number): number {
  if (signal === 0) return Errno.Success;
  if (signal > 0 && signal <= LAST_ENDING_SIGNAL) exitGuest(128 + signal);
  return Errno.NotSupported;
}

/** Runs `_start` of a guest whose backend needs no preparation. */
export function callStart(instance: WebAssembly.Instance): void {
  (instance.exports._start as () => void)();
}
