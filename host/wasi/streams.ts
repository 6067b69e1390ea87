/**
 * Standard streams of a guest. Ownership: descriptors 0 to 2 are the process's own until the guest
 * closes or renumbers them. And the streams themselves, for a backend that has none that flow.
 */
import { readSync, writeSync } from "node:fs";
import { sleep } from "./polling.js";
import { Errno, type ImportFunctions } from "./preview1.js";

/** Knows which of descriptors 0 to 2 still are the process's standard streams. */
export class StreamOwnership {
  readonly #owned = new Set([0, 1, 2]);

  owns(fd: number): boolean {
    return this.#owned.has(fd);
  }

  /** Wraps the two functions that take a descriptor away. */
  track(functions: ImportFunctions): ImportFunctions {
    const { fd_close, fd_renumber } = functions;
    return {
      fd_close: (fd: number): number => {
        this.#owned.delete(fd);
        return fd_close?.(fd);
      },
      fd_renumber: (from: number, to: number): number => {
        this.#owned.delete(from);
        this.#owned.delete(to);
        return fd_renumber?.(from, to);
      },
    };
  }
}

/** Bytes of one read or write; a guest's vectors beyond it are left for its next call. */
const CHUNK_BYTES_MAX = 1 << 20;

export interface StreamOptions {
  readonly memory: () => WebAssembly.Memory | undefined;
  readonly waitForStdin: () => void;
}

/** `fd_read` of descriptor 0 and `fd_write` of 1 and 2, straight to the process's streams. */
export class Streams {
  constructor(private readonly options: StreamOptions) {}

  /** Reads standard input into the first vector with room. */
  read(vectors: number, count: number, countAt: number): number {
    return this.#guard((view) => {
      const [target] = readVectors(view, vectors, count).filter(({ length }) => length > 0);
      const byteCount = target ? this.#readInput(target.subarray(0, CHUNK_BYTES_MAX)) : 0;
      view.setUint32(countAt >>> 0, byteCount, true);
    });
  }

  /** Writes all vectors, in order. */
  write(fd: number, place: { vectors: number; count: number; countAt: number }): number {
    return this.#guard((view) => {
      let byteCount = 0;
      for (const chunk of readVectors(view, place.vectors, place.count)) {
        writeAll(fd, chunk);
        byteCount += chunk.length;
      }
      view.setUint32(place.countAt >>> 0, byteCount, true);
    });
  }

  #readInput(target: Uint8Array): number {
    for (;;) {
      this.options.waitForStdin();
      try {
        return readSync(0, target);
      } catch (error) {
        if (codeOf(error) === "EOF") return 0;
        if (codeOf(error) !== "EAGAIN") throw error;
      }
    }
  }

  /** Turns what can go wrong into an errno. */
  #guard(transfer: (view: DataView) => void): number {
    const memory = this.options.memory();
    if (!memory) return Errno.Fault;
    try {
      transfer(new DataView(memory.buffer));
      return Errno.Success;
    } catch (error) {
      if (error instanceof RangeError) return Errno.Fault;
      return codeOf(error) === "EPIPE" ? Errno.BrokenPipe : Errno.Io;
    }
  }
}

/** Writes all of `bytes` to a descriptor that may be non-blocking. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
      sleep(1);
    }
  }
}

/** Views of an array of (address, length) pairs; RangeError when any is outside. */
export function readVectors(view: DataView, address: number, count: number): Uint8Array[] {
  const start = address >>> 0;
  if (start + (count >>> 0) * 8 > view.byteLength) throw new RangeError("vectors");
  return Array.from({ length: count >>> 0 }, (_, index) => {
    const at = start + index * 8;
    return new Uint8Array(view.buffer, view.getUint32(at, true), view.getUint32(at + 4, true));
  });
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
