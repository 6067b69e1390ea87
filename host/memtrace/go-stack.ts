/**
 * Backtraces of programs that Go's compiler made, from the stack that Go has in linear memory. The
 * runtime's own frames are left out where a backtrace ends, as Go's heap profiles do, unless there
 * are no others.
 */
import type { Hooks } from "../instrument/hooks.js";
import { type CodeMap, FrameKind } from "./code-map.js";
import { FRAMES_MAX, type Frames, UNKNOWN_POSITION } from "./event.js";
import type { StackReader } from "./stack.js";

export class GoStack implements StackReader {
  readonly #positions = new Uint32Array(FRAMES_MAX);
  /** By position. */
  readonly #isRuntime = new Map<number, boolean>();

  constructor(
    private readonly map: CodeMap,
    private readonly hooks: () => Hooks | undefined,
  ) {}

  read(frames: Frames): boolean {
    const count = this.hooks()?.readStack(this.#positions) ?? 0;
    let first = 0;
    while (first < count && this.#isOfRuntime(this.#positions[first] as number)) first++;
    if (first === count) first = 0;
    const { module } = this.map;
    for (let index = first; index < count; index++) {
      frames.add(this.#positions[index] as number, module);
    }
    if (frames.depth === 0) frames.add(UNKNOWN_POSITION, module);
    return count >= FRAMES_MAX;
  }

  #isOfRuntime(position: number): boolean {
    let known = this.#isRuntime.get(position);
    if (known === undefined) {
      known = this.map.kindOf(position) === FrameKind.Allocator;
      this.#isRuntime.set(position, known);
    }
    return known;
  }
}
