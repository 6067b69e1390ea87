/**
 * A bounded queue of log messages from the guest's thread to the main thread, in shared memory: one
 * writer, one reader, no locks. What does not fit is dropped and counted, so a guest that logs in a
 * loop costs one buffer. It outlives the guest's thread: what was queued before a trap is still
 * read.
 */

/** Bytes of all queued messages. A power of two: positions wrap with a mask. */
export const RING_BYTES = 1 << 20;
/** Bytes of one message's text; longer ones are cut on a UTF-8 boundary and counted. */
export const LOG_TEXT_BYTES_MAX = 16_384;

const HEAD = 0; // where the writer is, in bytes since the start, modulo 2^32
const TAIL = 1; // where the reader is
const AWAKE = 2; // 1 while the reader has been told
const DROPPED = 3;
const CUT = 4;
const HEADER_BYTES = 32;
/** u32 log source, u32 level, u32 bytes of text; the text follows, padded to four. */
const RECORD_BYTES = 12;

/** A message as the guest gave it. */
export interface QueuedMessage {
  /** The log source's id. */
  readonly log: number;
  readonly level: number;
  readonly text: Uint8Array;
}

/** Allocates the shared memory of a ring. */
export function createRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + RING_BYTES);
}

/** The guest's end. */
export class RingWriter {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #record = new Uint32Array(RECORD_BYTES / 4);
  readonly #recordBytes = new Uint8Array(this.#record.buffer);

  /** `wake` tells the reader; it is called once until the reader looks. */
  constructor(
    buffer: SharedArrayBuffer,
    private readonly wake: () => void,
  ) {
    this.#header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEADER_BYTES);
  }

  /** Queues a message, or counts it as dropped. */
  push(message: QueuedMessage): void {
    const text = this.#cut(message.text);
    const head = Atomics.load(this.#header, HEAD);
    const used = (head - Atomics.load(this.#header, TAIL)) >>> 0;
    const needed = RECORD_BYTES + padded(text.length);
    if (used + needed > RING_BYTES) {
      Atomics.add(this.#header, DROPPED, 1);
    } else {
      this.#record.set([message.log, message.level, text.length]);
      copyIn(this.#bytes, head, this.#recordBytes);
      copyIn(this.#bytes, head + RECORD_BYTES, text);
      Atomics.store(this.#header, HEAD, (head + needed) | 0);
    }
    if (Atomics.exchange(this.#header, AWAKE, 1) === 0) this.wake();
  }

  #cut(text: Uint8Array): Uint8Array {
    if (text.length <= LOG_TEXT_BYTES_MAX) return text;
    Atomics.add(this.#header, CUT, 1);
    let end = LOG_TEXT_BYTES_MAX;
    while (end > LOG_TEXT_BYTES_MAX - 4 && ((text[end] ?? 0) & 0xc0) === 0x80) end--;
    return text.subarray(0, end);
  }
}

/** The main thread's end. */
export class RingReader {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEADER_BYTES);
  }

  /** Messages that did not fit. */
  get droppedCount(): number {
    return Atomics.load(this.#header, DROPPED) >>> 0;
  }

  /** Messages whose text was cut. */
  get cutCount(): number {
    return Atomics.load(this.#header, CUT) >>> 0;
  }

  /** Takes the oldest message; undefined when there is none, and then the writer wakes us again. */
  shift(): QueuedMessage | undefined {
    const tail = Atomics.load(this.#header, TAIL);
    if (this.#isEmpty(tail)) {
      Atomics.store(this.#header, AWAKE, 0);
      // A message may have come between the look and the store.
      if (this.#isEmpty(tail)) return undefined;
    }
    const record = copyOut(this.#bytes, tail, RECORD_BYTES);
    const [log = 0, level = 0, byteCount = 0] = new Uint32Array(record.buffer);
    const text = copyOut(this.#bytes, tail + RECORD_BYTES, byteCount);
    Atomics.store(this.#header, TAIL, (tail + RECORD_BYTES + padded(byteCount)) | 0);
    return { log, level, text };
  }

  #isEmpty(tail: number): boolean {
    return Atomics.load(this.#header, HEAD) === tail;
  }
}

function padded(byteCount: number): number {
  return (byteCount + 3) & ~3;
}

function copyIn(ring: Uint8Array, position: number, bytes: Uint8Array): void {
  const start = position & (RING_BYTES - 1);
  const first = Math.min(bytes.length, RING_BYTES - start);
  ring.set(bytes.subarray(0, first), start);
  ring.set(bytes.subarray(first), 0);
}

function copyOut(ring: Uint8Array, position: number, byteCount: number): Uint8Array {
  const start = position & (RING_BYTES - 1);
  const first = Math.min(byteCount, RING_BYTES - start);
  const bytes = new Uint8Array(byteCount);
  bytes.set(ring.subarray(start, start + first));
  bytes.set(ring.subarray(0, byteCount - first), first);
  return bytes;
}
