/**
 * The guest's side of its sockets: listeners and connections as preview1 knows them, over the
 * shared memory. Blocking calls wait in a way that `worker.terminate()` ends.
 */
import { Errno } from "../preview1.js";
import {
  CLOSED,
  OUTPUT_DONE,
  PIPE_BYTES,
  Queue,
  SocketArea,
  type SocketOrder,
  Word,
} from "./area.js";
import type { Pipe } from "./pipe.js";

/** What a poll finds. */
export interface Readiness {
  /** Bytes that can be read, connections that can be accepted, or room to write. */
  readonly byteCount: number;
  /** Nothing will move in either direction any more. */
  readonly hasHungUp: boolean;
}

/** How bytes are received. */
export interface ReceiveOptions {
  /** Leaves them where they are. */
  readonly isPeek?: boolean;
  /** Waits until all the room is filled. */
  readonly isWaitAll?: boolean;
}

/** Room that makes a connection writable again: a guest shall not wake for every byte. */
const ROOM_MIN = PIPE_BYTES / 4;

/** What both ends of the guest's sockets share. */
export class SocketWires {
  readonly area: SocketArea;
  readonly listenerCount: number;

  /** `tell` makes the main thread look. */
  constructor(
    { buffer, listenerCount }: SocketOrder,
    private readonly tell: () => void,
  ) {
    this.area = new SocketArea(buffer);
    this.listenerCount = listenerCount;
  }

  touchConnection(place: number): void {
    if (this.area.touchConnection(place)) this.tell();
  }

  touchListener(index: number): void {
    if (this.area.touchListener(index)) this.tell();
  }
}

/** A listening socket. */
export class ListenerSocket {
  readonly kind = "listener";
  isNonblocking = false;

  constructor(
    private readonly wires: SocketWires,
    private readonly index: number,
  ) {}

  /** The oldest connection that waits, waiting for one; `Errno.Again` if it may not wait. */
  accept(isNonblocking: boolean): ConnectionSocket | number {
    const { area } = this.wires;
    for (;;) {
      const mark = area.mark();
      const place = area.takeReady(this.index);
      if (place !== undefined) {
        const hasMoreAt = area.queue(this.index) + Queue.HasMore;
        if (Atomics.load(area.words, hasMoreAt) === 1) this.wires.touchListener(this.index);
        return new ConnectionSocket(this.wires, place, isNonblocking);
      }
      if (this.isNonblocking) return Errno.Again;
      area.wait(mark);
    }
  }

  /** Whether a connection waits. */
  findReadable(): Readiness | undefined {
    const byteCount = this.wires.area.readyCount(this.index);
    return byteCount > 0 ? { byteCount, hasHungUp: false } : undefined;
  }

  /** Never: there is nothing to write to. */
  findWritable(): Readiness | undefined {
    return undefined;
  }

  close(): void {
    const { area } = this.wires;
    Atomics.store(area.words, area.queue(this.index) + Queue.Closed, 1);
    this.wires.touchListener(this.index);
  }
}

/** A connection. Results below zero are errnos, negated. */
export class ConnectionSocket {
  readonly kind = "connection";
  readonly #input: Pipe;
  readonly #output: Pipe;
  readonly #first: number;
  #isInputDone = false;
  #isOutputDone = false;
  /** A broken connection says so once; then it is at its end. */
  #isFailureTold = false;

  constructor(
    private readonly wires: SocketWires,
    private readonly place: number,
    public isNonblocking: boolean,
  ) {
    this.#input = wires.area.pipe(place, Word.Input);
    this.#output = wires.area.pipe(place, Word.Output);
    this.#first = wires.area.connection(place);
  }

  /** Fills `targets` in order with what has come, waiting for some; 0 at the end. */
  receive(
    targets: readonly Uint8Array[],
    { isPeek = false, isWaitAll = false }: ReceiveOptions = {},
  ): number {
    const wanted = targets.reduce((sum, { length }) => sum + length, 0);
    if (wanted === 0) return 0;
    const enough = isWaitAll ? Math.min(wanted, isPeek ? PIPE_BYTES / 2 : wanted) : 1;
    let byteCount = 0;
    for (;;) {
      const mark = this.wires.area.mark();
      // Looked at before the bytes: what came before an end is read first.
      const isOver = this.#isInputOver();
      if (isPeek) byteCount = this.#copy(targets, 0, true);
      else byteCount += this.#copy(targets, byteCount, false);
      if (byteCount >= enough) return byteCount;
      if (isOver) return byteCount > 0 ? byteCount : -this.#takeFailure();
      if (this.isNonblocking) return byteCount > 0 ? byteCount : -Errno.Again;
      this.wires.area.wait(mark);
    }
  }

  /** Sends `sources` in order, waiting for room; how much that was. */
  send(sources: readonly Uint8Array[]): number {
    let byteCount = 0;
    let isWhole = true;
    for (const source of sources) {
      const moved = this.#put(source);
      byteCount += moved;
      isWhole = moved === source.length;
      if (!isWhole) break;
    }
    // Once for all parts: they leave in one piece.
    if (byteCount > 0) this.wires.touchConnection(this.place);
    if (byteCount > 0 || isWhole) return byteCount;
    return this.#isOutputOver() ? -(this.#takeFailure() || Errno.BrokenPipe) : -Errno.Again;
  }

  /** Ends one direction or both; `Errno.NotConnected` on a broken connection. */
  shutdown(directions: { readonly input: boolean; readonly output: boolean }): number {
    if (this.#failure !== 0) return Errno.NotConnected;
    if (directions.input) this.#isInputDone = true;
    if (directions.output && !this.#isOutputDone) {
      this.#isOutputDone = true;
      this.#finish(OUTPUT_DONE);
    }
    return Errno.Success;
  }

  /** Whether a read would return at once. */
  findReadable(): Readiness | undefined {
    const isOver = this.#isInputOver();
    const { byteCount } = this.#input;
    if (byteCount === 0 && !isOver) return undefined;
    return { byteCount, hasHungUp: this.#hasHungUp() };
  }

  /** Whether a write would take something at once; asks to be woken when not. */
  findWritable(): Readiness | undefined {
    if (this.#isOutputOver()) return { byteCount: 0, hasHungUp: this.#hasHungUp() };
    if (this.#output.room < ROOM_MIN) {
      Atomics.store(this.wires.area.words, this.#first + Word.WantsRoom, 1);
      if (this.#output.room < ROOM_MIN) return undefined;
    }
    return { byteCount: this.#output.room, hasHungUp: false };
  }

  close(): void {
    this.#finish(CLOSED | OUTPUT_DONE);
  }

  get #failure(): number {
    return this.#load(Word.Failure);
  }

  #isInputOver(): boolean {
    return this.#isInputDone || this.#load(Word.InputEnd) === 1 || this.#failure !== 0;
  }

  #hasHungUp(): boolean {
    if (this.#failure !== 0) return true;
    return this.#isOutputDone && this.#isInputOver();
  }

  #takeFailure(): number {
    if (this.#isFailureTold) return 0;
    this.#isFailureTold = this.#failure !== 0;
    return this.#failure;
  }

  /** Copies into `targets` behind their first `skipped` bytes. */
  #copy(targets: readonly Uint8Array[], skipped: number, isPeek: boolean): number {
    let copied = 0;
    let passed = 0;
    for (const target of targets) {
      const from = Math.max(0, skipped - passed);
      passed += target.length;
      if (from >= target.length) continue;
      const part = from > 0 ? target.subarray(from) : target;
      const byteCount = this.#input.copy(part, isPeek ? copied : 0);
      if (!isPeek) this.#input.drop(byteCount);
      copied += byteCount;
      if (byteCount < part.length) break;
    }
    if (!isPeek && copied > 0) this.#giveRoom();
    return copied;
  }

  /** Has the main thread read on, if it holds what did not fit. */
  #giveRoom(): void {
    const at = this.#first + Word.HeldInput;
    if (this.#load(Word.HeldInput) === 0 || this.#input.room < PIPE_BYTES / 2) return;
    const { words } = this.wires.area;
    if (Atomics.exchange(words, at, 0) === 1) this.wires.touchConnection(this.place);
  }

  /** Queues all of `source`, or what can be without waiting, or until the connection breaks. */
  #put(source: Uint8Array): number {
    for (let byteCount = 0; ; ) {
      if (this.#isOutputOver()) return byteCount;
      byteCount += this.#output.put(source.subarray(byteCount));
      if (byteCount === source.length || this.isNonblocking) return byteCount;
      this.wires.touchConnection(this.place);
      this.#waitForRoom();
    }
  }

  #isOutputOver(): boolean {
    return this.#isOutputDone || this.#failure !== 0;
  }

  #waitForRoom(): void {
    const mark = this.wires.area.mark();
    if (this.findWritable() === undefined) this.wires.area.wait(mark);
  }

  #finish(what: number): void {
    Atomics.or(this.wires.area.words, this.#first + Word.Done, what);
    this.wires.touchConnection(this.place);
  }

  #load(word: number): number {
    return Atomics.load(this.wires.area.words, this.#first + word);
  }
}

/** What a descriptor of a socket stands for. */
export type GuestSocket = ListenerSocket | ConnectionSocket;
