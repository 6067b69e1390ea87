/**
 * The memory between a guest's thread and the main thread while a trace is made: what is asked of
 * the recorder, what it counts, and a bounded queue of events. One writer and one reader, no locks;
 * it outlives the guest's thread, so what was recorded before a trap is still read.
 */
import { type Allocation, COUNTS, type EventSink, FRAMES_MAX, Frames } from "./event.js";

/** Words of all queued events: 1 MiB. A power of two: positions wrap with a mask. */
export const QUEUE_WORDS = 1 << 18;
const PATIENCE_MS = 10_000;

/** Index of a u32 in the header. */
enum At {
  /** Number of the trace that is being made; 0 for none. */
  Trace = 0,
  /** Where the writer is, in words since the start, modulo 2^32. */
  Head = 1,
  /** Where the reader is. */
  Tail = 2,
  /** 1 while the reader has been told that the queue fills. */
  Told = 3,
  /** 1 when the guest waits for room rather than lose an event. */
  Lossless = 4,
  Rate = 6, // f64
  Seed = 8, // u64
  Counts = 10,
}

const HEADER_WORDS = 32;
/** Kind in the lowest bit, number of frames above; trace; time as two words. */
const EVENT_WORDS = 4;
/** Words and samples: a block of 4 GiB has 2^30 words. */
const BLOCK_WORDS = 2;
const EVENT_WORDS_MAX = EVENT_WORDS + BLOCK_WORDS + FRAMES_MAX;
const KIND_ALLOCATION = 0;
const KIND_COLLECT = 1;
const TWO_32 = 2 ** 32;

/** What the main thread asks of a recorder. */
export interface TraceOrder {
  /** Tells traces apart; 0 asks for none. */
  readonly trace: number;
  readonly samplingRate: number;
  readonly seed: bigint;
  /** Hold the guest up rather than lose an event. */
  readonly isLossless: boolean;
}

/** Allocates the shared memory. */
export function createQueue(): SharedArrayBuffer {
  return new SharedArrayBuffer((HEADER_WORDS + QUEUE_WORDS) * 4);
}

/** What both ends see. */
class QueueEnd {
  /** What the recorder counts. */
  readonly counts: Uint32Array;
  protected readonly header: Int32Array;
  protected readonly words: Uint32Array;
  protected readonly rate: Float64Array;
  protected readonly seed: BigUint64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.header = new Int32Array(buffer, 0, HEADER_WORDS);
    this.counts = new Uint32Array(buffer, At.Counts * 4, COUNTS);
    this.rate = new Float64Array(buffer, At.Rate * 4, 1);
    this.seed = new BigUint64Array(buffer, At.Seed * 4, 1);
    this.words = new Uint32Array(buffer, HEADER_WORDS * 4);
  }
}

/** The guest's end. */
export class QueueWriter extends QueueEnd implements EventSink {
  #trace = 0;
  #nextId = 0;
  /** Where the reader was when it was waited for in vain. */
  #stuckTail: number | undefined;

  /** `tell` makes the main thread read; called once until it has. */
  constructor(
    buffer: SharedArrayBuffer,
    private readonly tell: () => void,
    /** Longest that a lossless queue waits for a reader that does not read. @default 10_000 */
    private readonly patienceMs = PATIENCE_MS,
  ) {
    super(buffer);
  }

  /** The number of the trace that is wanted now; 0 for none. One load. */
  get wanted(): number {
    return Atomics.load(this.header, At.Trace);
  }

  /** What is wanted now; events that follow belong to it, and ids start from 0. */
  accept(): TraceOrder {
    this.#trace = this.wanted;
    this.#nextId = 0;
    return {
      trace: this.#trace,
      samplingRate: this.rate[0] as number,
      seed: this.seed[0] as bigint,
      isLossless: this.header[At.Lossless] === 1,
    };
  }

  hasRoom(): boolean {
    return this.#fits(EVENT_WORDS_MAX);
  }

  allocate({ timeUs, words, samples }: Allocation, frames: Frames): number {
    const { depth, positions } = frames;
    if (!this.#fits(EVENT_WORDS + BLOCK_WORDS + depth)) return -1;
    let at = this.#putHead(KIND_ALLOCATION | (depth << 1), timeUs);
    this.#put(at++, words);
    this.#put(at++, samples);
    for (let index = 0; index < depth; index++) this.#put(at++, positions[index] as number);
    this.#publish(at);
    return this.#nextId++;
  }

  collect(timeUs: number, id: number): boolean {
    if (!this.#fits(EVENT_WORDS + 1)) return false;
    const at = this.#putHead(KIND_COLLECT, timeUs);
    this.#put(at, id);
    this.#publish(at + 1);
    return true;
  }

  #putHead(kind: number, timeUs: number): number {
    const at = this.header[At.Head] as number;
    this.#put(at, kind);
    this.#put(at + 1, this.#trace);
    this.#put(at + 2, timeUs % TWO_32);
    this.#put(at + 3, timeUs / TWO_32);
    return at + EVENT_WORDS;
  }

  #put(at: number, word: number): void {
    this.words[at & (QUEUE_WORDS - 1)] = word;
  }

  #publish(head: number): void {
    Atomics.store(this.header, At.Head, head | 0);
    const isFilling = this.#usedWords() > QUEUE_WORDS / 4;
    if (isFilling && Atomics.exchange(this.header, At.Told, 1) === 0) this.tell();
  }

  #usedWords(): number {
    return ((this.header[At.Head] as number) - Atomics.load(this.header, At.Tail)) >>> 0;
  }

  #fits(wordCount: number): boolean {
    if (this.#usedWords() + wordCount <= QUEUE_WORDS) return true;
    if (this.header[At.Lossless] !== 1) return false;
    return this.#waitFor(wordCount);
  }

  /** Waits while the reader reads; false when it has stopped, or the trace has ended. */
  #waitFor(wordCount: number): boolean {
    while (this.wanted === this.#trace) {
      const tail = Atomics.load(this.header, At.Tail);
      if (this.#usedWords() + wordCount <= QUEUE_WORDS) return true;
      // Once is enough: the guest is not held up for each event of a reader that has stopped.
      if (tail === this.#stuckTail) return false;
      const outcome = Atomics.wait(this.header, At.Tail, tail, this.patienceMs);
      if (outcome === "timed-out") this.#stuckTail = tail;
    }
    return false;
  }
}

/** Reads of the queue are told what there is. */
export interface EventReceiver {
  /** False when it cannot take more now: what waits then stays in the queue. */
  hasRoom(): boolean;
  allocate(allocation: Allocation, frames: Frames): void;
  collect(timeUs: number, id: number): void;
}

/** The main thread's end. */
export class QueueReader extends QueueEnd {
  readonly #frames = new Frames();

  /** Asks for a trace, or for none. */
  order({ trace, samplingRate, seed, isLossless }: TraceOrder): void {
    this.rate[0] = samplingRate;
    this.seed[0] = seed;
    this.header[At.Lossless] = isLossless ? 1 : 0;
    Atomics.store(this.header, At.Trace, trace);
    // A guest that waits for room must learn that nobody reads any more.
    if (trace === 0) Atomics.notify(this.header, At.Tail);
  }

  /** Asks for nothing more. */
  cancel(): void {
    this.order({ trace: 0, samplingRate: 0, seed: 0n, isLossless: false });
  }

  /**
   * Hands over at most `eventsMax` events of a trace, oldest first, and drops those of earlier
   * ones; whether there may be more.
   */
  read(trace: number, receiver: EventReceiver, eventsMax: number): boolean {
    Atomics.store(this.header, At.Told, 0);
    let isMore = true;
    for (let count = 0; count < eventsMax && isMore; count++) {
      isMore = receiver.hasRoom() && this.#readOne(trace, receiver);
    }
    Atomics.notify(this.header, At.Tail);
    return isMore;
  }

  /** Whether everything has been read. */
  get isEmpty(): boolean {
    return Atomics.load(this.header, At.Head) === this.header[At.Tail];
  }

  #readOne(trace: number, receiver: EventReceiver): boolean {
    if (this.isEmpty) return false;
    const tail = this.header[At.Tail] as number;
    const kind = this.#word(tail);
    const isWanted = this.#word(tail + 1) === trace;
    const timeUs = this.#word(tail + 2) + this.#word(tail + 3) * TWO_32;
    let next = tail + EVENT_WORDS;
    if ((kind & 1) === KIND_COLLECT) {
      if (isWanted) receiver.collect(timeUs, this.#word(next));
      next += 1;
    } else {
      const depth = kind >>> 1;
      const [words, samples] = [this.#word(next), this.#word(next + 1)];
      next += BLOCK_WORDS;
      if (isWanted) receiver.allocate({ timeUs, words, samples }, this.#readFrames(next, depth));
      next += depth;
    }
    Atomics.store(this.header, At.Tail, next | 0);
    return true;
  }

  #readFrames(at: number, depth: number): Frames {
    const frames = this.#frames;
    for (let index = 0; index < depth; index++) frames.positions[index] = this.#word(at + index);
    frames.depth = depth;
    return frames;
  }

  #word(at: number): number {
    return this.words[at & (QUEUE_WORDS - 1)] as number;
  }
}
