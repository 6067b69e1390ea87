/**
 * WASI preview1 for linked images whose files, time and standard input are a test's: nothing waits,
 * and the clock stands still unless it is moved. As much of it as images and their guests call.
 */
const SUCCESS = 0;
const ACCES = 2;
const BADF = 8;
const NOENT = 44;
const DIRECTORY_FD = 3;
const DIRECTORY = "/monitor";
const OPEN_CREATE = 1;
const OPEN_TRUNCATE = 8;
const FILE_TYPE = { unknown: 0, regular: 4 } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What stops an image that calls `proc_exit`. */
class Exit extends Error {}

interface OpenFile {
  readonly name: string;
  at: number;
}

type Functions = Record<string, (...values: never[]) => number>;

export class MemoryWasi {
  /** What is in `/monitor`. */
  readonly files = new Map<string, Uint8Array>();
  /** Names that cannot be opened; of what is there and no file. */
  readonly refused = new Set<string>();
  readonly pipes = new Set<string>();
  /** Names that were opened, in order. */
  readonly opened: string[] = [];
  stdout = "";
  stderr = "";
  clockReads = 0;
  /** By which each look at the clock moves it. */
  tickNs = 0n;
  /** Bytes that fit into files until the disk is full. */
  roomBytes = Number.POSITIVE_INFINITY;
  #nowNs = 1_700_000_000_000_000_000n;
  readonly #open = new Map<number, OpenFile>();
  readonly #variables: readonly Uint8Array[];
  #memory: WebAssembly.Memory | undefined;
  #input: Iterator<string> = [][Symbol.iterator]();

  constructor(env: Readonly<Record<string, string>>) {
    this.#variables = Object.entries(env).map(([name, value]) =>
      encoder.encode(`${name}=${value}\0`),
    );
  }

  /**
   * Runs an image to its end. Each read of its standard input takes the next of `input`: what a
   * generator does in between happens while the guest waits.
   */
  run(image: WebAssembly.Module, input: Iterable<string>): void {
    this.#input = input[Symbol.iterator]();
    const { exports } = new WebAssembly.Instance(image, {
      wasi_snapshot_preview1: this.#functions(),
    });
    this.#memory = exports.memory as WebAssembly.Memory;
    try {
      (exports._start as () => void)();
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
    }
  }

  advance(seconds: number): void {
    this.#nowNs += BigInt(Math.round(seconds * 1e9));
  }

  get memoryBytes(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  text(name: string): string {
    return decoder.decode(this.files.get(name));
  }

  append(name: string, bytes: string | Uint8Array): void {
    const added = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
    const before = this.files.get(name) ?? new Uint8Array();
    this.files.set(name, Buffer.concat([before, added]));
  }

  #functions(): Functions {
    return {
      ...this.#descriptors(),
      ...this.#paths(),
      environ_sizes_get: (countAt: number, bytesAt: number) => {
        this.#put32(countAt, this.#variables.length);
        return this.#put32(bytesAt, Buffer.concat(this.#variables).length);
      },
      environ_get: (pointersAt: number, bytesAt: number) => {
        let at = bytesAt;
        this.#variables.forEach((variable, index) => {
          this.#put32(pointersAt + 4 * index, at);
          this.#bytes(at, variable.length).set(variable);
          at += variable.length;
        });
        return SUCCESS;
      },
      clock_time_get: (_clock: number, _precision: bigint, at: number) => {
        this.clockReads++;
        this.#nowNs += this.tickNs;
        this.#view().setBigUint64(at, this.#nowNs, true);
        return SUCCESS;
      },
      proc_exit: () => {
        throw new Exit();
      },
    };
  }

  #descriptors(): Functions {
    return {
      fd_prestat_get: (fd: number, at: number) => {
        if (fd !== DIRECTORY_FD) return BADF;
        this.#put32(at, 0);
        return this.#put32(at + 4, DIRECTORY.length);
      },
      fd_prestat_dir_name: (_fd: number, at: number, byteCount: number) => {
        this.#bytes(at, byteCount).set(encoder.encode(DIRECTORY));
        return SUCCESS;
      },
      fd_close: (fd: number) => (this.#open.delete(fd) ? SUCCESS : BADF),
      fd_seek: (fd: number, offset: bigint, _whence: number, at: number) => {
        const file = this.#open.get(fd);
        if (!file) return BADF;
        file.at = Number(offset);
        this.#view().setBigUint64(at, offset, true);
        return SUCCESS;
      },
      fd_read: (fd: number, iov: number, _count: number, at: number) => {
        const taken = fd === 0 ? this.#readInput() : this.#readFile(fd, this.#span(iov).length);
        this.#span(iov).set(taken);
        return this.#put32(at, taken.length);
      },
      fd_write: (fd: number, iov: number, _count: number, at: number) =>
        this.#put32(at, this.#write(fd, this.#span(iov).slice())),
    };
  }

  #paths(): Functions {
    return {
      path_open: (...values: never[]) => {
        const [, , path, byteCount, how, , , , at] = values as number[] as [
          ...[number, number, number, number, number, number, number, number, number],
        ];
        const name = decoder.decode(this.#bytes(path, byteCount));
        this.opened.push(name);
        if (this.refused.has(name)) return ACCES;
        if (!this.files.has(name) && !(how & OPEN_CREATE)) return NOENT;
        if (!this.files.has(name) || how & OPEN_TRUNCATE) this.files.set(name, new Uint8Array());
        let fd = DIRECTORY_FD + 1;
        while (this.#open.has(fd)) fd++;
        this.#open.set(fd, { name, at: 0 });
        return this.#put32(at, fd);
      },
      path_filestat_get: (
        ...[, , path, byteCount, at]: [number, number, number, number, number]
      ) => {
        const name = decoder.decode(this.#bytes(path, byteCount));
        const file = this.files.get(name);
        const isPipe = this.pipes.has(name);
        if (!file && !isPipe) return NOENT;
        this.#bytes(at, 64).fill(0);
        this.#view().setUint8(at + 16, isPipe ? FILE_TYPE.unknown : FILE_TYPE.regular);
        this.#view().setBigUint64(at + 32, BigInt(file?.length ?? 0), true);
        return SUCCESS;
      },
      path_rename: () => ACCES,
    };
  }

  #readInput(): Uint8Array {
    const { done, value } = this.#input.next();
    return done ? new Uint8Array() : encoder.encode(value);
  }

  #readFile(fd: number, bytesMax: number): Uint8Array {
    const file = this.#open.get(fd);
    const bytes = this.files.get(file?.name ?? "") ?? new Uint8Array();
    const taken = bytes.subarray(file?.at, (file?.at ?? 0) + bytesMax);
    if (file) file.at += taken.length;
    return taken;
  }

  /** How many bytes are written; 0 where the disk is full. */
  #write(fd: number, bytes: Uint8Array): number {
    const file = this.#open.get(fd);
    if (fd === 1) this.stdout += decoder.decode(bytes);
    else if (fd === 2) this.stderr += decoder.decode(bytes);
    if (!file) return bytes.length;
    const written = Math.min(bytes.length, this.roomBytes);
    this.append(file.name, bytes.subarray(0, written));
    this.roomBytes -= written;
    return written;
  }

  #span(iov: number): Uint8Array {
    return this.#bytes(this.#view().getUint32(iov, true), this.#view().getUint32(iov + 4, true));
  }

  #bytes(at: number, byteCount: number): Uint8Array {
    return new Uint8Array(this.#view().buffer, at, byteCount);
  }

  #put32(at: number, value: number): number {
    this.#view().setUint32(at, value, true);
    return SUCCESS;
  }

  #view(): DataView {
    return new DataView((this.#memory as WebAssembly.Memory).buffer);
  }
}
