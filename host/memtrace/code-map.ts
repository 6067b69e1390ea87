/**
 * Places of an instrumented module in the file that it was made from: where calls were, and which
 * frames are the allocator's own.
 */
import { type HookDescription, originalPosition } from "../instrument/description.js";

/** What a frame's position says. */
export enum FrameKind {
  /** The guest's own code. */
  Guest = 0,
  /** Part of the allocator: stripped where the backtrace ends. */
  Allocator = 1,
  /** Added by the instrumenter. */
  Added = 2,
}

/** Looks positions up; remembers each, for a guest has few places that call. */
export class CodeMap {
  /** By position: the offset in the original file times 4, plus the kind. */
  readonly #known = new Map<number, number>();

  constructor(
    /** Tells the modules of one trace apart; from 0. */
    readonly module: number,
    private readonly description: HookDescription,
  ) {}

  /** The original offset of a position in the instrumented file, times 4, plus its `FrameKind`. */
  find(position: number): number {
    let found = this.#known.get(position);
    if (found === undefined) {
      found = this.#classify(originalPosition(this.description.segments, position));
      this.#known.set(position, found);
    }
    return found;
  }

  /** The kind of an offset in the original file. */
  kindOf(original: number): FrameKind {
    const { allocatorRanges } = this.description;
    const isInside = allocatorRanges.some(
      ({ begin, until }) => original >= begin && original < until,
    );
    return isInside ? FrameKind.Allocator : FrameKind.Guest;
  }

  #classify(original: number | undefined): number {
    if (original === undefined) return FrameKind.Added;
    return original * 4 + this.kindOf(original);
  }
}
