/**
 * Backtraces of guests: as V8 sees them (Error.captureStackTrace; the position of a wasm frame is
 * the byte offset of its call in the module), or as the guest itself pushed them. Only frames of
 * traced guests count; the allocator's own are stripped where the backtrace ends.
 */
import type { Hooks } from "../instrument/hooks.js";
import { type CodeMap, FrameKind } from "./code-map.js";
import { captureSites, isWasm, positionOf, urlOf } from "./engine.js";
import { FRAMES_MAX, type Frames, UNKNOWN_POSITION } from "./event.js";

/** Fills `frames`, which is empty, with at least one; returns whether frames were cut. */
export interface StackReader {
  read(frames: Frames): boolean;
  /** To be called in each hook: cheap but for the first time. */
  learn?(): void;
}

/** Frames of ours and of the engine's that lie between the guest and the capture. */
const HOST_FRAMES = 8;

/** The modules of one thread, by the names under which the engine keeps them. */
export type Modules = Map<string, CodeMap>;

/** Backtraces by V8. Elsewhere, and for a guest called from nowhere, one unknown frame. */
export class EngineStack implements StackReader {
  #isLearnt = false;

  /** Without `modules` every frame of wasm is `own`'s; with them, those are told apart. */
  constructor(
    private readonly own: CodeMap,
    private readonly modules?: Modules,
  ) {}

  /** Learns the engine's name for the module, if it is not known: called by a hook of it. */
  learn(): void {
    if (this.#isLearnt || !this.modules) return;
    const site = captureSites(HOST_FRAMES).find(isWasm);
    if (!site) return;
    this.#isLearnt = true;
    // The innermost frame of wasm is of the module whose hook was called.
    this.modules.set(urlOf(site), this.own);
  }

  read(frames: Frames): boolean {
    const sites = captureSites(FRAMES_MAX + HOST_FRAMES);
    for (const site of sites) {
      if (frames.depth === FRAMES_MAX) return true;
      if (!isWasm(site)) continue;
      const map = this.modules ? this.modules.get(urlOf(site)) : this.own;
      if (map) addFrame(frames, map, positionOf(site));
    }
    settle(frames, this.own);
    return sites.length >= FRAMES_MAX + HOST_FRAMES;
  }
}

function addFrame(frames: Frames, map: CodeMap, position: number): void {
  const found = map.find(position);
  const kind = found % 4;
  if (kind === FrameKind.Added) return;
  // The allocator calls itself: only its outermost frame is kept, in case there is no other.
  if (frames.depth === 1 && isAllocator(frames, map)) frames.depth = 0;
  frames.add(Math.floor(found / 4), map.module);
}

function isAllocator(frames: Frames, map: CodeMap): boolean {
  const position = frames.positions[0] as number;
  return frames.modules[0] === map.module && map.kindOf(position) === FrameKind.Allocator;
}

/** A backtrace has at least one frame: readers fail on an empty one. */
function settle(frames: Frames, { module }: CodeMap): void {
  if (frames.depth === 0) frames.add(UNKNOWN_POSITION, module);
}

/** Backtraces that the guest pushed itself; they have no frames of other modules. */
export class ShadowStack implements StackReader {
  readonly #positions = new Uint32Array(FRAMES_MAX);

  constructor(
    private readonly map: CodeMap,
    private readonly hooks: () => Hooks | undefined,
  ) {}

  read(frames: Frames): boolean {
    const count = this.hooks()?.readStack(this.#positions) ?? 0;
    let first = 0;
    while (first < count - 1 && this.#isAllocator(first)) first++;
    for (let index = first; index < count; index++) {
      frames.add(this.#positions[index] as number, this.map.module);
    }
    settle(frames, this.map);
    return count >= FRAMES_MAX;
  }

  #isAllocator(index: number): boolean {
    return this.map.kindOf(this.#positions[index] as number) === FrameKind.Allocator;
  }
}
