/**
 * What a guest's hooks call, on the guest's thread: counts the samples of a block, takes its
 * backtrace, remembers it until it is freed. Off, the countdown is long, and each time it ends one
 * look tells whether a trace has begun meanwhile.
 */
import { type HookReceiver, type Hooks, UNKNOWN_ADDRESS } from "../instrument/hooks.js";
import { Count, type EventSink, Frames, nowUs } from "./event.js";
import { LiveBlocks } from "./live.js";
import type { StackReader } from "./stack.js";

/** Words between two looks while nothing is traced: 1 MiB. */
const IDLE_WORDS = 1 << 18;
/** Frees that wait for room; one more is dropped and counted. */
const WAITING_MAX = 1 << 16;

/** Decides which words are sampled. */
export interface SampleCounter {
  /** Words until the next sample. */
  readonly countdown: number;
  /** Samples of the block at which the countdown went `overshootWords` below zero. */
  countSamples(overshootWords: number): number;
}

/** What a recorder needs while a trace is made. */
export interface Recording {
  readonly sampler: SampleCounter;
  readonly sink: EventSink;
}

export interface RecorderOptions {
  readonly stack: StackReader;
  /** Where it counts: `COUNTS` numbers, which another thread may read. */
  readonly counts: Uint32Array;
  /** Called when the countdown ends or a block is freed: may `begin` or `end`. */
  readonly look?: () => void;
}

export class Recorder implements HookReceiver {
  #hooks: Hooks | undefined;
  #recording: Recording | undefined;
  readonly #live = new LiveBlocks();
  readonly #frames = new Frames();
  /** Ids of freed blocks, oldest first. */
  #waiting: number[] = [];
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Takes the hooks of the instance; from now on its allocations are seen. */
  attach(hooks: Hooks): void {
    this.#hooks = hooks;
    // The first allocation of all tells what the stack reader has to learn.
    hooks.countdown = this.#recording?.sampler.countdown ?? 1;
  }

  /** Lets the instance go: it runs on untraced. */
  detach(): void {
    this.end();
    this.#hooks?.close();
    this.#hooks = undefined;
  }

  /** Starts to record; what was recorded before is forgotten. */
  begin(recording: Recording): void {
    this.end();
    this.#recording = recording;
    if (this.#hooks) this.#hooks.countdown = recording.sampler.countdown;
  }

  /** Stops recording and forgets the live blocks. */
  end(): void {
    this.#recording = undefined;
    this.#live.clear((address) => this.#hooks?.unwatch(address));
    this.#waiting = [];
    this.#options.counts[Count.Live] = 0;
    if (this.#hooks) this.#hooks.countdown = IDLE_WORDS;
  }

  allocated(address: number, byteCount: number): void {
    try {
      const before = this.#recording;
      this.#options.stack.learn?.();
      this.#options.look?.();
      if (!this.#hooks) return;
      // A trace that begins here begins with the next block.
      if (!before || before !== this.#recording) this.#rewind(this.#hooks);
      else this.#sample(before, this.#hooks, address >>> 0, byteCount >>> 0);
    } catch {
      this.#count(Count.Failed);
      if (this.#hooks) this.#rewind(this.#hooks);
    }
  }

  freed(address: number): void {
    try {
      this.#options.look?.();
      if (this.#recording) this.#free(this.#recording, address >>> 0);
    } catch {
      this.#count(Count.Failed);
    }
  }

  #rewind(hooks: Hooks): void {
    hooks.countdown = this.#recording?.sampler.countdown ?? IDLE_WORDS;
  }

  #sample(recording: Recording, hooks: Hooks, address: number, byteCount: number): void {
    const words = Math.ceil(byteCount / 4);
    if (address === 0) {
      // The allocator failed: nothing was allocated, so nothing was counted.
      hooks.countdown = Math.max(1, hooks.countdown + words);
      return;
    }
    const samples = recording.sampler.countSamples(-hooks.countdown);
    hooks.countdown = recording.sampler.countdown;
    if (samples > 0) this.#record(recording, address, { words, samples });
  }

  #record(
    recording: Recording,
    address: number,
    block: { readonly words: number; readonly samples: number },
  ): void {
    const { sink } = recording;
    if (!this.#sendWaiting(sink) || !sink.hasRoom()) {
      this.#count(Count.Backlog);
      return;
    }
    const frames = this.#frames;
    frames.depth = 0;
    if (this.#options.stack.read(frames)) this.#count(Count.Cut);
    const { words, samples } = block;
    const id = sink.allocate({ timeUs: nowUs(), words, samples }, frames);
    if (id < 0) this.#count(Count.Backlog);
    // Taking it may have ended the trace: then nothing is watched any more.
    else if (this.#recording === recording && address !== UNKNOWN_ADDRESS)
      this.#watch(recording, address, id);
  }

  #watch(recording: Recording, address: number, id: number): void {
    if (this.#live.isFull) {
      this.#count(Count.Untracked);
      return;
    }
    const previous = this.#live.put(address, id);
    // It was freed in a way that we do not see, or it could not be there again.
    if (previous >= 0) this.#collect(recording, previous);
    else this.#watchFree(address);
    this.#options.counts[Count.Live] = this.#live.count;
  }

  #watchFree(address: number): void {
    const hooks = this.#hooks;
    if (!hooks) return;
    const { unwatched } = hooks;
    hooks.watch(address);
    // The guest has no memory left to note it in.
    if (hooks.unwatched !== unwatched) this.#count(Count.Untracked);
  }

  #free(recording: Recording, address: number): void {
    const id = this.#live.take(address);
    if (id < 0) return;
    this.#hooks?.unwatch(address);
    this.#options.counts[Count.Live] = this.#live.count;
    this.#collect(recording, id);
  }

  #collect({ sink }: Recording, id: number): void {
    if (this.#sendWaiting(sink) && sink.collect(nowUs(), id)) return;
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(id);
    else this.#count(Count.Collects);
  }

  /** Sends frees that found no room; whether none waits any more. */
  #sendWaiting(sink: EventSink): boolean {
    if (this.#waiting.length === 0) return true;
    const timeUs = nowUs();
    let sentCount = 0;
    for (const id of this.#waiting) {
      if (!sink.collect(timeUs, id)) break;
      sentCount++;
    }
    this.#waiting.splice(0, sentCount);
    return this.#waiting.length === 0;
  }

  #count(which: Count): void {
    const { counts } = this.#options;
    counts[which] = (counts[which] as number) + 1;
  }
}
