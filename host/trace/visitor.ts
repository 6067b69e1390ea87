/**
 * What a reader of traces tells: the trace's info once, then its events in the order of the file.
 */
import type { CodeTable } from "./code-table.js";

/** What a trace says of itself. */
export interface TraceInfo {
  /** Of the format: 1, 2 or 3. */
  readonly version: number;
  /** Probability that one allocated word is sampled; in (0, 1]. */
  readonly samplingRate: number;
  /** 4 for wasm32. */
  readonly wordBytes: number;
  readonly program: string;
  readonly host: string;
  /** Of the runtime: OCAMLRUNPARAM, or the engine. */
  readonly parameters: string;
  readonly pid: bigint;
  /** Microseconds since the epoch. */
  readonly startUs: number;
  /** Empty where there is none, as always in version 1. */
  readonly context: string;
}

/** Where a block was allocated: OCaml's heaps, or outside of them, as all blocks of a guest. */
export type AllocationSource = "minor" | "major" | "external";

/** One allocation sample. The reader changes and reuses the object. */
export interface Allocation {
  /** Microseconds since the trace's start. */
  readonly timeUs: number;
  readonly id: number;
  /** Without its header, which OCaml's minor and major blocks have. */
  readonly lengthWords: number;
  /** How many of its words were sampled. */
  readonly samples: number;
  readonly source: AllocationSource;
  readonly domain: number;
  /** Frames shared with the domain's backtrace before, as the trace says. */
  readonly sharedFrames: number;
  /** Numbers of codes in the trace's CodeTable, entry point first; valid up to `frameCount`. */
  readonly frames: Uint32Array;
  readonly frameCount: number;
}

/** The end of a block, or its move to the major heap. The reader changes and reuses the object. */
export interface BlockEvent {
  readonly timeUs: number;
  readonly id: number;
  readonly domain: number;
}

/** Is told what a trace has in it. */
export interface TraceVisitor {
  /** Comes first, once. `codes` grows with the trace. */
  begin?(info: TraceInfo, codes: CodeTable): void;
  allocate(allocation: Allocation): void;
  promote?(event: BlockEvent): void;
  collect?(event: BlockEvent): void;
}
