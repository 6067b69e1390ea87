/**
 * The guest's descriptors where it has sockets: numbers as POSIX gives them, the lowest that is
 * free, each a socket or a descriptor of the backend under a number of its own. So neither side
 * has to know of the other's numbers.
 */
import type { GuestSocket } from "./socket.js";

/** A socket, or the number by which the backend knows a file or directory. */
export type Entry = GuestSocket | number;

/** What a guest's descriptors stand for. */
export class Descriptors {
  readonly #entries: (Entry | undefined)[];
  /** No lower number is free. */
  #lowest = 0;

  /** The first `nativeCount` numbers are the backend's own. */
  constructor(nativeCount: number) {
    this.#entries = Array.from({ length: nativeCount }, (_, fd) => fd);
  }

  /** What `fd` stands for; undefined when it is not open. */
  get(fd: number): Entry | undefined {
    return this.#entries[fd >>> 0];
  }

  /** Opens the lowest number that is free. */
  add(entry: Entry): number {
    while (this.#entries[this.#lowest] !== undefined) this.#lowest++;
    this.#entries[this.#lowest] = entry;
    return this.#lowest++;
  }

  /** Lets an open number stand for something else. */
  set(fd: number, entry: Entry): void {
    this.#entries[fd >>> 0] = entry;
  }

  /** Frees a number. */
  delete(fd: number): void {
    this.#entries[fd >>> 0] = undefined;
    this.#lowest = Math.min(this.#lowest, fd >>> 0);
  }
}
