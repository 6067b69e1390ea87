/**
 * What passes from a guest's hooks to a trace: sampled allocations with their frames, and frees of
 * blocks that were sampled. Between threads it goes through a queue, on one thread it is a call.
 */

/** Frames of one backtrace; what is deeper is cut at the entry point's side and counted. */
export const FRAMES_MAX = 1024;

/** The position of a frame that nobody can name. No call is there: it lies in the magic number. */
export const UNKNOWN_POSITION = 1;

/** A backtrace, innermost frame first; reused for each sample. */
export class Frames {
  /** Byte offsets of calls in the files as they were before instrumentation. */
  readonly positions = new Uint32Array(FRAMES_MAX);
  /** Which traced module each position is in. */
  readonly modules = new Uint32Array(FRAMES_MAX);
  depth = 0;

  /** Appends a frame; there must be room. */
  add(position: number, module: number): void {
    this.positions[this.depth] = position;
    this.modules[this.depth] = module;
    this.depth++;
  }
}

/** A sampled block. */
export interface Allocation {
  /** Microseconds since the Unix epoch. */
  readonly timeUs: number;
  /** Words of four bytes, without the allocator's header. */
  readonly words: number;
  /** How many of its words were sampled, at least 1. */
  readonly samples: number;
}

/** Takes the events of one trace, in the order of their happening. */
export interface EventSink {
  /** Whether any event fits now: asked before a backtrace is taken, which costs. */
  hasRoom(): boolean;
  /** Takes an allocation; its id, counted from 0, or -1 when it did not fit. */
  allocate(allocation: Allocation, frames: Frames): number;
  /** Takes the free of a block by its id; false when it did not fit, and may be offered again. */
  collect(timeUs: number, id: number): boolean;
}

/** Index of a u32 that a recorder counts in. */
export enum Count {
  /** Allocations that did not fit: the reader of the trace is slow. */
  Backlog = 0,
  /** Frees that did not fit, even after waiting. */
  Collects = 1,
  /** Allocations whose free will not be seen: too many live, or no room in the guest. */
  Untracked = 2,
  /** Backtraces that were cut. */
  Cut = 3,
  /** Samples lost to an error, such as no room on the stack for the hook. */
  Failed = 4,
  /** Sampled blocks that are alive now; may fall. */
  Live = 5,
}

/** Counts in all. */
export const COUNTS = 6;

/** Microseconds since the Unix epoch, finer than the wall clock's milliseconds. */
export function nowUs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}
