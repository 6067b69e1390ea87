/**
 * Messages that wait for their receiver: bounded in bytes, the oldest dropped first and counted.
 */

/** A queue of messages, first in, first out. */
export class Backlog {
  #messages: Uint8Array[] = [];
  #byteCount = 0;

  /** `onDrop` is told how many messages a `put` has pushed out. */
  constructor(
    private readonly bytesMax: number,
    private readonly onDrop: (count: number) => void,
  ) {}

  get count(): number {
    return this.#messages.length;
  }

  /** Appends a message; one that is larger than the whole backlog is itself dropped. */
  put(message: Uint8Array): void {
    this.#messages.push(message);
    this.#byteCount += message.length;
    this.#fit();
  }

  /** Takes the oldest message. */
  take(): Uint8Array | undefined {
    const message = this.#messages.shift();
    if (message !== undefined) this.#byteCount -= message.length;
    return message;
  }

  /** Puts messages back that `take` gave, oldest first. */
  putBack(messages: readonly Uint8Array[]): void {
    this.#messages = [...messages, ...this.#messages];
    for (const message of messages) this.#byteCount += message.length;
    this.#fit();
  }

  /** Drops everything. */
  clear(): void {
    if (this.#messages.length > 0) this.onDrop(this.#messages.length);
    this.#messages = [];
    this.#byteCount = 0;
  }

  #fit(): void {
    let dropped = 0;
    while (this.#byteCount > this.bytesMax) {
      this.take();
      dropped++;
    }
    if (dropped > 0) this.onDrop(dropped);
  }
}
