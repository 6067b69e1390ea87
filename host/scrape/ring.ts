/**
 * Buffers for bodies on their way out. A body is copied out of the core's memory once, and its
 * buffer is not used again before the last byte has left: a slow reader never sees torn bytes.
 */

/** A body, and the way to give its buffer back. */
interface Slot {
  readonly bytes: Uint8Array;
  /** Gives the buffer back; a second call does nothing. */
  release(): void;
}

/** Buffers kept for the next body; more exist only while more bodies are on their way. */
const IDLE_MAX = 2;

/** A small ring of buffers that grow to the largest body seen. */
export class Ring {
  readonly #idle: Uint8Array[] = [];

  /** Copies `body`. Whoever calls bounds how many copies are out at a time. */
  copy(body: Uint8Array): Slot {
    const buffer = this.#take(body.length);
    buffer.set(body);
    let isOut = true;
    return {
      bytes: buffer.subarray(0, body.length),
      release: () => {
        if (isOut && this.#idle.length < IDLE_MAX) this.#idle.push(buffer);
        isOut = false;
      },
    };
  }

  #take(byteCount: number): Uint8Array {
    const buffer = this.#idle.pop();
    const isFit =
      buffer !== undefined && buffer.length >= byteCount && buffer.length <= 4 * byteCount + 65_536;
    // A quarter of room to grow, so that a registry that fills up does not allocate each time.
    return isFit ? buffer : new Uint8Array(byteCount + (byteCount >> 2) + 1024);
  }
}
