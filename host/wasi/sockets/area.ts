/**
 * The shared memory between the main thread, which has the sockets, and the guest's thread: a few
 * words and two pipes a connection, a queue of connections a listener, and how either thread wakes
 * the other. Places are allocated once and touched only when they are used.
 */
import { Pipe } from "./pipe.js";

/** Connections that are open at once, those a guest has not accepted included. */
export const CONNECTIONS_MAX = 1024;
/** Connections that a listener has ready for the guest. A power of two. */
export const READY_MAX = 128;
/** Listeners of one guest. */
export const LISTENERS_MAX = 16;
/** Bytes that wait in one direction of a connection. A power of two. */
export const PIPE_BYTES = 65_536;

/** What the guest's thread needs to reach the sockets. Crosses to the worker. */
export interface SocketOrder {
  readonly buffer: SharedArrayBuffer;
  readonly listenerCount: number;
}

/** Words of one connection, counted from its first. */
export const Word = {
  /** Positions of the pipe towards the guest: written by the main thread, read by the guest's. */
  Input: 0,
  /** Positions of the pipe towards the peer. */
  Output: 2,
  /** By the main thread: 1 after the peer's last byte. */
  InputEnd: 4,
  /** By the main thread: the errno that ended the connection. */
  Failure: 5,
  /** By the main thread: 1 while it holds bytes for which the input has no room. */
  HeldInput: 6,
  /** By the guest's: 1 while it waits for room in the output. */
  WantsRoom: 7,
  /** By the guest's: 1 when it writes no more, 2 when it has closed. */
  Done: 8,
} as const;

/** Words of one listener, counted from its first; the queue of ready connections follows. */
export const Queue = {
  /** By the main thread: connections put since the start, modulo 2^32. */
  Put: 0,
  /** By the guest's: connections taken. */
  Taken: 1,
  /** By the main thread: 1 while more wait than the queue takes. */
  HasMore: 2,
  /** By the guest's: 1 when it has closed the listener. */
  Closed: 3,
} as const;

/** Values of `Word.Done`. */
export const OUTPUT_DONE = 1;
export const CLOSED = 2;

const GUEST_WAKE = 0; // changes whenever something has happened for the guest
const HOST_AWAKE = 1; // 1 while the main thread has been told to look
const DIRTY_LISTENERS = 2; // a bit each
const DIRTY_CONNECTIONS = 16; // a bit each
const QUEUES = 64;
const QUEUE_WORDS = 4 + READY_MAX;
const CONNECTIONS = QUEUES + LISTENERS_MAX * QUEUE_WORDS;
/** A cache line each. */
const CONNECTION_WORDS = 16;
const PIPES_AT = 4 * (CONNECTIONS + CONNECTIONS_MAX * CONNECTION_WORDS);

/** Allocates the memory: 128 MiB of addresses; what no connection uses costs nothing. */
export function createSocketMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(PIPES_AT + CONNECTIONS_MAX * 2 * PIPE_BYTES);
}

/** Either thread's view of the shared memory. */
export class SocketArea {
  readonly words: Int32Array;

  constructor(private readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer, 0, PIPES_AT / 4);
  }

  /** The first word of a connection's. */
  connection(place: number): number {
    return CONNECTIONS + place * CONNECTION_WORDS;
  }

  /** The first word of a listener's. */
  queue(listener: number): number {
    return QUEUES + listener * QUEUE_WORDS;
  }

  /** One direction of a connection: `Word.Input` or `Word.Output`. */
  pipe(place: number, direction: 0 | 2): Pipe {
    const at = PIPES_AT + (place * 2 + direction / 2) * PIPE_BYTES;
    const bytes = new Uint8Array(this.buffer, at, PIPE_BYTES);
    return new Pipe(this.words, this.connection(place) + direction, bytes);
  }

  /** Makes a place as new. */
  clear(place: number): void {
    const first = this.connection(place);
    for (let index = first; index < first + CONNECTION_WORDS; index++) {
      Atomics.store(this.words, index, 0);
    }
  }

  /** Connections that are ready for the guest to accept. */
  readyCount(listener: number): number {
    const queue = this.queue(listener);
    return (this.#load(queue + Queue.Put) - this.#load(queue + Queue.Taken)) | 0;
  }

  /** Main thread: hands a connection to the guest; there must be room. */
  putReady(listener: number, place: number): void {
    const queue = this.queue(listener);
    const put = this.#load(queue + Queue.Put);
    this.words[queue + 4 + (put & (READY_MAX - 1))] = place;
    Atomics.store(this.words, queue + Queue.Put, (put + 1) | 0);
    this.wakeGuest();
  }

  /** Guest's thread: takes the oldest connection that is ready. */
  takeReady(listener: number): number | undefined {
    if (this.readyCount(listener) === 0) return undefined;
    const queue = this.queue(listener);
    const taken = this.#load(queue + Queue.Taken);
    const place = this.words[queue + 4 + (taken & (READY_MAX - 1))];
    Atomics.store(this.words, queue + Queue.Taken, (taken + 1) | 0);
    return place;
  }

  /** Main thread: something has happened for the guest. */
  wakeGuest(): void {
    Atomics.add(this.words, GUEST_WAKE, 1);
    Atomics.notify(this.words, GUEST_WAKE);
  }

  /** Guest's thread: to be taken before it looks at anything, for `wait`. */
  mark(): number {
    return this.#load(GUEST_WAKE);
  }

  /** Guest's thread: blocks until something has happened since `mark`, or for `timeoutMs`. */
  wait(mark: number, timeoutMs = Number.POSITIVE_INFINITY): void {
    Atomics.wait(this.words, GUEST_WAKE, mark, timeoutMs);
  }

  /** Guest's thread: has the main thread look at a connection; true if it must be told. */
  touchConnection(place: number): boolean {
    Atomics.or(this.words, DIRTY_CONNECTIONS + (place >>> 5), 1 << (place & 31));
    return Atomics.exchange(this.words, HOST_AWAKE, 1) === 0;
  }

  /** Guest's thread: the same of a listener. */
  touchListener(listener: number): boolean {
    Atomics.or(this.words, DIRTY_LISTENERS, 1 << listener);
    return Atomics.exchange(this.words, HOST_AWAKE, 1) === 0;
  }

  /** Main thread: visits all that the guest's thread has touched since. */
  visitTouched(visitors: {
    readonly connection: (place: number) => void;
    readonly listener: (index: number) => void;
  }): void {
    Atomics.store(this.words, HOST_AWAKE, 0);
    visitBits(Atomics.exchange(this.words, DIRTY_LISTENERS, 0), 0, visitors.listener);
    for (let index = 0; index < CONNECTIONS_MAX / 32; index++) {
      if (this.#load(DIRTY_CONNECTIONS + index) === 0) continue;
      const bits = Atomics.exchange(this.words, DIRTY_CONNECTIONS + index, 0);
      visitBits(bits, index * 32, visitors.connection);
    }
  }

  #load(index: number): number {
    return Atomics.load(this.words, index);
  }
}

function visitBits(bits: number, first: number, visit: (index: number) => void): void {
  for (let rest = bits; rest !== 0; rest &= rest - 1) {
    visit(first + 31 - Math.clz32(rest & -rest));
  }
}
