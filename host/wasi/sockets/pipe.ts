/**
 * One direction of a connection in shared memory: a bounded queue of bytes with one writer and one
 * reader on different threads, no locks. Positions count bytes modulo 2^32; the ring's size is a
 * power of two.
 */

/** Either end of a pipe. `at` is the index of its two positions: written, read. */
export class Pipe {
  readonly #mask: number;

  constructor(
    private readonly words: Int32Array,
    private readonly at: number,
    private readonly bytes: Uint8Array,
  ) {
    this.#mask = bytes.length - 1;
  }

  /** Bytes that wait. */
  get byteCount(): number {
    return (Atomics.load(this.words, this.at) - Atomics.load(this.words, this.at + 1)) >>> 0;
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.bytes.length - this.byteCount;
  }

  /** Writer: queues as much of `source` as fits; how many bytes that was. */
  put(source: Uint8Array): number {
    const byteCount = Math.min(source.length, this.room);
    if (byteCount === 0) return 0;
    const written = Atomics.load(this.words, this.at);
    const start = written & this.#mask;
    const first = Math.min(byteCount, this.bytes.length - start);
    this.bytes.set(source.subarray(0, first), start);
    if (byteCount > first) this.bytes.set(source.subarray(first, byteCount), 0);
    Atomics.store(this.words, this.at, (written + byteCount) | 0);
    return byteCount;
  }

  /** Reader: copies what waits behind the first `skipped` bytes, as much as `target` takes. */
  copy(target: Uint8Array, skipped = 0): number {
    const byteCount = Math.min(target.length, this.byteCount - skipped);
    if (byteCount <= 0) return 0;
    const start = (Atomics.load(this.words, this.at + 1) + skipped) & this.#mask;
    const first = Math.min(byteCount, this.bytes.length - start);
    target.set(this.bytes.subarray(start, start + first));
    if (byteCount > first) target.set(this.bytes.subarray(0, byteCount - first), first);
    return byteCount;
  }

  /** Reader: the oldest bytes in place, up to the ring's end; they stay until `drop`. */
  peek(): Uint8Array {
    const start = Atomics.load(this.words, this.at + 1) & this.#mask;
    const until = Math.min(start + this.byteCount, this.bytes.length);
    return this.bytes.subarray(start, until);
  }

  /** Reader: gives the room of the oldest bytes back. */
  drop(byteCount: number): void {
    const read = Atomics.load(this.words, this.at + 1);
    Atomics.store(this.words, this.at + 1, (read + byteCount) | 0);
  }
}
