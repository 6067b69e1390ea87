/**
 * Blocking requests from the guest's thread to the main thread, which alone writes the registry.
 * The guest's side fills shared memory, posts a word and waits; the main thread answers from its
 * event loop. One request at a time: the guest's side cannot ask again before it has its answer.
 */
import { INPUT_BYTES_MAX, Status } from "../../assembly/abi.js";

/** What may be asked. */
export enum Operation {
  Source = 1,
  Series = 2,
  Text = 3,
  LogSource = 4,
  /** A series of a source of ours, named by its address; no handles, for no guest writes it. */
  RunSeries = 5,
}

/** A request: what, about which source or handle, and a message of at most `INPUT_BYTES_MAX`. */
export interface Request {
  readonly operation: Operation;
  readonly subject: number;
  readonly bytes: Uint8Array;
}

const STATE = 0;
const OPERATION = 1;
const SUBJECT = 2;
const BYTE_COUNT = 3;
const RESULT = 4;
const HEADER_BYTES = 32;

const IDLE = 0;
const ASKED = 1;

/** Allocates the shared memory of a channel. */
export function createChannel(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + INPUT_BYTES_MAX);
}

/** The guest's end. */
export class Asker {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  /** `post` makes the main thread call `answer`. */
  constructor(
    buffer: SharedArrayBuffer,
    private readonly post: () => void,
  ) {
    this.#header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEADER_BYTES);
  }

  /** Asks and waits for the answer; `Status.Malformed` for a message that is too long. */
  ask(request: Request): number {
    if (request.bytes.length > this.#bytes.length) return Status.Malformed;
    this.#bytes.set(request.bytes);
    this.#header[OPERATION] = request.operation;
    this.#header[SUBJECT] = request.subject;
    this.#header[BYTE_COUNT] = request.bytes.length;
    Atomics.store(this.#header, STATE, ASKED);
    this.post();
    while (Atomics.load(this.#header, STATE) === ASKED) Atomics.wait(this.#header, STATE, ASKED);
    return this.#header[RESULT] ?? Status.NoSuchThing;
  }
}

/** The main thread's end. */
export class Answerer {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(
    buffer: SharedArrayBuffer,
    private readonly handle: (request: Request) => number,
  ) {
    this.#header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEADER_BYTES);
  }

  /** Answers the request that is waiting, if one is. Whatever happens, the guest gets an answer. */
  answer(): void {
    if (Atomics.load(this.#header, STATE) !== ASKED) return;
    let result: number = Status.NoSuchThing;
    try {
      result = this.handle(this.#read());
    } finally {
      this.#header[RESULT] = result;
      Atomics.store(this.#header, STATE, IDLE);
      Atomics.notify(this.#header, STATE);
    }
  }

  #read(): Request {
    const [, operation = 0, subject = 0, byteCount = 0] = this.#header;
    return { operation, subject, bytes: this.#bytes.slice(0, byteCount) };
  }
}
