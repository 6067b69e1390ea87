/**
 * One connection in the main thread: what the peer sends goes into the input pipe, what the guest
 * wrote goes out of the output pipe, in place and one write at a time. Reading pauses while the
 * input is full; the output keeps its room until the system has taken the bytes.
 */
import type { Socket } from "node:net";
import { Errno } from "../preview1.js";
import { CLOSED, OUTPUT_DONE, PIPE_BYTES, type SocketArea, Word } from "./area.js";
import type { Pipe } from "./pipe.js";

/** Longest that a peer may take nothing of what a guest wrote before it closed. */
const ORPHAN_MS = 60_000;

/** What the connections of one listener have moved. */
export interface Traffic {
  receivedBytes: number;
  transmittedBytes: number;
  /** Connections that a peer, or the network, broke. */
  resetCount: number;
}

export interface ConnectionOptions {
  readonly area: SocketArea;
  /** Where its words and pipes are. */
  readonly place: number;
  readonly traffic: Traffic;
  /** Called once neither the guest nor the peer has any use of the place. */
  readonly onOver: () => void;
}

const ERRNOS: Readonly<Record<string, number>> = {
  ECONNRESET: Errno.ConnectionReset,
  EPIPE: Errno.ConnectionReset,
  ETIMEDOUT: Errno.TimedOut,
};

/** A connection that has a place; begins to read at once. */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #input: Pipe;
  readonly #output: Pipe;
  readonly #first: number;
  /** What did not fit. */
  #held: Uint8Array | undefined;
  /** The peer has ended, which a socket says even while bytes are held; the guest is not told. */
  #isInputOver = false;
  #isWriting = false;
  #hasEnded = false;
  #isGone = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    const { area, place } = options;
    this.#socket = socket;
    this.#options = options;
    this.#input = area.pipe(place, Word.Input);
    this.#output = area.pipe(place, Word.Output);
    this.#first = area.connection(place);
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.once("end", () => this.#endInput());
    socket.once("error", (error: NodeJS.ErrnoException) => this.#fail(error.code));
    socket.once("close", () => this.#leave());
    socket.once("timeout", () => this.#cut());
    socket.resume();
  }

  /** Whether the system still has it. */
  get isOpen(): boolean {
    return !this.#isGone;
  }

  /** Bytes of the guest that the system has not taken. */
  get unsentBytes(): number {
    return this.#isGone ? 0 : this.#output.byteCount;
  }

  /** Looks at what the guest has done: read, written, ended, closed. */
  serve(): void {
    this.#refill();
    if (this.#isGuestDone(CLOSED)) this.#abandon();
    this.#send();
    this.#closeIfDone();
  }

  /** As if the guest had closed it: what it wrote is still sent. */
  close(): void {
    Atomics.or(this.#options.area.words, this.#first + Word.Done, CLOSED | OUTPUT_DONE);
    this.serve();
  }

  /** Ends it at once, for the guest too; the peer learns that bytes may be missing. */
  abort(): void {
    Atomics.or(this.#options.area.words, this.#first + Word.Done, CLOSED | OUTPUT_DONE);
    if (this.#isGone) this.#options.onOver();
    else resetSocket(this.#socket);
  }

  #receive(chunk: Uint8Array): void {
    this.#options.traffic.receivedBytes += chunk.length;
    if (this.#isGuestDone(CLOSED)) return;
    this.#held = chunk;
    this.#refill();
    if (this.#held) this.#socket.pause();
  }

  /** Moves what is held as far as there is room, and asks to be told when there is more. */
  #refill(): void {
    const { words } = this.#options.area;
    while (this.#held) {
      const byteCount = this.#input.put(this.#held);
      if (byteCount > 0) this.#options.area.wakeGuest();
      const isAll = byteCount === this.#held.length;
      this.#held = isAll ? undefined : this.#held.subarray(byteCount);
      Atomics.store(words, this.#first + Word.HeldInput, isAll ? 0 : 1);
      if (isAll) this.#socket.resume();
      // The guest may have read between the look and the store.
      else if (this.#input.room < PIPE_BYTES / 2) return;
    }
    if (!this.#isInputOver) return;
    this.#isInputOver = false;
    this.#tell(Word.InputEnd, 1);
  }

  #endInput(): void {
    this.#isInputOver = true;
    this.#refill();
  }

  #fail(code = ""): void {
    this.#options.traffic.resetCount++;
    this.#held = undefined;
    this.#tell(Word.Failure, ERRNOS[code] ?? Errno.Io);
  }

  /** The guest has closed: nobody reads, and the peer may not keep the place for ever. */
  #abandon(): void {
    this.#held = undefined;
    if (this.#isGone) this.#options.onOver();
    else this.#socket.setTimeout(ORPHAN_MS);
  }

  #cut(): void {
    this.#options.traffic.resetCount++;
    resetSocket(this.#socket);
  }

  /** Sends the oldest bytes; then, if the guest is done and all are sent, the end. */
  #send(): void {
    if (this.#isWriting || this.#hasEnded || this.#socket.destroyed) return;
    const bytes = this.#output.peek();
    if (bytes.length > 0) {
      this.#isWriting = true;
      this.#socket.write(bytes, (error) => this.#settle(bytes.length, error));
    } else if (this.#isGuestDone(OUTPUT_DONE)) {
      // The guest may have written, then ended, after the look.
      if (this.#output.byteCount > 0) this.#send();
      else this.#end();
    }
  }

  #settle(byteCount: number, error: Error | null | undefined): void {
    this.#isWriting = false;
    if (error) return;
    this.#options.traffic.transmittedBytes += byteCount;
    this.#output.drop(byteCount);
    const { area } = this.#options;
    if (Atomics.exchange(area.words, this.#first + Word.WantsRoom, 0) === 1) area.wakeGuest();
    this.#send();
  }

  /** The system sends what it has taken even after its socket is closed. */
  #end(): void {
    this.#hasEnded = true;
    this.#socket.end(() => this.#closeIfDone());
  }

  #closeIfDone(): void {
    if (this.#socket.writableFinished && this.#isGuestDone(CLOSED)) this.#socket.destroy();
  }

  #leave(): void {
    this.#isGone = true;
    if (this.#isGuestDone(CLOSED)) this.#options.onOver();
    else this.#options.area.wakeGuest();
  }

  #isGuestDone(what: number): boolean {
    return (Atomics.load(this.#options.area.words, this.#first + Word.Done) & what) !== 0;
  }

  #tell(word: number, value: number): void {
    Atomics.store(this.#options.area.words, this.#first + word, value);
    this.#options.area.wakeGuest();
  }
}

/** Ends a socket without the end of its bytes; a Unix socket knows no reset. */
export function resetSocket(socket: Socket): void {
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
