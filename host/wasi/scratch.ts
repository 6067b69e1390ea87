/**
 * Questions to a backend that the guest did not ask. Backends answer into the guest's memory and
 * nowhere else: what was there is put back before the guest runs again.
 */
import type { ImportFunctions } from "./preview1.js";

/** The longest answer: a `filestat`. */
const ANSWER_BYTES = 64;
const FIRST_ADDRESS = 64;

const FILETYPE_DIRECTORY = 3;
/** Where a `filestat` of the witx has its links and its bytes. */
const LINKS_AT = 24;
const SIZE_AT = 32;

/** A path in the guest's memory, below a directory, as calls take it. */
export interface PathSpan {
  readonly directory: number;
  /** 1 follows symbolic links. */
  readonly lookup: number;
  readonly address: number;
  readonly byteCount: number;
}

export interface FileSize {
  readonly byteCount: number;
  /** Names that the file has. */
  readonly linkCount: number;
}

/** Asks the functions of a backend. An answer that does not come is undefined; nothing throws. */
export class Scratch {
  constructor(
    private readonly functions: ImportFunctions,
    private readonly memory: () => WebAssembly.Memory | undefined,
  ) {}

  isDirectory(fd: number): boolean {
    const ask = (at: number) => this.functions.fd_fdstat_get?.(fd, at);
    return this.#ask(ask)?.getUint8(0) === FILETYPE_DIRECTORY;
  }

  sizeOf(fd: number): FileSize | undefined {
    return readSize(this.#ask((at) => this.functions.fd_filestat_get?.(fd, at)));
  }

  sizeAt({ directory, lookup, address, byteCount }: PathSpan): FileSize | undefined {
    const ask = (at: number) =>
      this.functions.path_filestat_get?.(directory, lookup, address, byteCount, at);
    return readSize(this.#ask(ask, address >>> 0, byteCount >>> 0));
  }

  /** `kept` bytes from `keptAt` on are what the question is about. */
  #ask(call: (at: number) => number | undefined, keptAt = 0, kept = 0): DataView | undefined {
    const buffer = this.memory()?.buffer;
    if (!buffer || buffer.byteLength < FIRST_ADDRESS + ANSWER_BYTES) return undefined;
    const isFree = keptAt >= FIRST_ADDRESS + ANSWER_BYTES || keptAt + kept <= FIRST_ADDRESS;
    const at = isFree ? FIRST_ADDRESS : buffer.byteLength - ANSWER_BYTES;
    const bytes = new Uint8Array(buffer, at, ANSWER_BYTES);
    const saved = bytes.slice();
    try {
      return call(at) === 0 ? new DataView(bytes.slice().buffer) : undefined;
    } catch {
      return undefined;
    } finally {
      bytes.set(saved);
    }
  }
}

function readSize(filestat: DataView | undefined): FileSize | undefined {
  if (!filestat) return undefined;
  return {
    byteCount: Number(filestat.getBigUint64(SIZE_AT, true)),
    linkCount: Number(filestat.getBigUint64(LINKS_AT, true)),
  };
}
