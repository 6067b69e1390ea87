/**
 * What crosses between the main thread and the guest's: the order to run a guest, and what comes
 * back.
 */
import type { DiskPlan } from "../disk/sources.js";
import type { GuestSetup } from "./backend.js";
import type { CallCells, MemoryCells, TransferCells } from "./metering.js";
import type { SocketOrder } from "./sockets/area.js";
import type { TracingOrder } from "./tracing.js";
import type { VolumeOrder } from "./volumes.js";

/** Cells of the `guest` source. */
export interface GuestCells {
  readonly compile: number;
  readonly instantiate: number;
  readonly uptime: number;
  readonly running: number;
  readonly traps: number;
  readonly refused: number;
  readonly logsDropped: number;
  readonly logsCut: number;
  readonly filesFolded: number;
}

/** Cells of all sources that a run registers, as addresses in the shared memory. */
export interface RunCells {
  readonly memory: MemoryCells;
  readonly guest: GuestCells;
  readonly transfers: TransferCells;
  readonly calls: Readonly<Record<string, CallCells>>;
  /** What makes series of files and block devices, as the guest opens them. */
  readonly disk: DiskPlan;
}

/** Everything the guest's thread needs. */
export interface GuestOrder {
  readonly module: WebAssembly.Module;
  /** The core's shared build, and the memory that both threads share. */
  readonly core: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly channel: SharedArrayBuffer;
  readonly logs: SharedArrayBuffer;
  readonly cells: RunCells;
  readonly setup: GuestSetup;
  readonly sandbox: boolean;
  /** Block devices, by handle. */
  readonly volumes: readonly VolumeOrder[];
  /** Absent when the guest has no sockets. */
  readonly sockets?: SocketOrder | undefined;
  /** Absent when no memory trace can be made. */
  readonly tracing?: TracingOrder | undefined;
}

/** What the guest's thread posts. */
export type FromGuest =
  /** A request waits in the channel. */
  | { readonly kind: "asks" }
  /** Messages wait in the ring. */
  | { readonly kind: "logs" }
  /** The main thread must look at the sockets. */
  | { readonly kind: "sockets" }
  /** The queue of a memory trace fills. */
  | { readonly kind: "samples" }
  | { readonly kind: "note"; readonly text: string }
  | GuestEnd;

/** How a guest ended. */
export type GuestEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "trapped"; readonly message: string; readonly stack: readonly string[] }
  /** It never started. */
  | { readonly kind: "failed"; readonly message: string };
