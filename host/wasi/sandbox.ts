/**
 * WASI in memory by @wasmer/wasi: directories are copied in before the guest starts and what it
 * writes is gone when it ends. Standard streams are real. Left out, because that library cannot:
 * sockets, links, watching files.
 */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { init, MemFS, WASI } from "@wasmer/wasi";
import { MonitorError } from "../errors.js";
import { type Backend, type BackendOptions, callStart, exitGuest } from "./backend.js";
import { pollOneoff } from "./polling.js";
import { Errno, type ImportFunctions, PREVIEW1 } from "./preview1.js";
import { stdinWaiter } from "./stdin.js";
import { StreamOwnership, Streams } from "./streams.js";

/** Bytes of all files copied into one sandbox. */
export const SANDBOX_BYTES_MAX = 256 * 1024 * 1024;
/** Files and directories copied into one sandbox. */
export const SANDBOX_FILES_MAX = 20_000;

/**
 * Opens a sandbox for one guest; throws `GUEST_INVALID` when its directories are too large to copy.
 */
export async function openSandbox(options: BackendOptions): Promise<Backend> {
  const usesWasi = WebAssembly.Module.imports(options.module).some(
    ({ module }) => module === PREVIEW1,
  );
  // The library refuses a guest that imports no WASI.
  if (!usesWasi) return { functions: {}, start: callStart };
  await init();
  const wasi = new WASI({
    args: [...options.args],
    env: { ...options.env },
    fs: fillFiles(options),
    preopens: Object.fromEntries(
      Object.keys(options.directories).map((guestPath) => [guestPath, inside(guestPath)]),
    ),
  });
  const imports = wasi.getImports(options.module) as Record<string, ImportFunctions>;
  const functions = imports[PREVIEW1] ?? {};
  return {
    functions: { ...functions, ...replacements(functions, options) },
    start(instance) {
      wasi.instantiate(instance);
      callStart(instance);
    },
  };
}

function replacements(functions: ImportFunctions, options: BackendOptions): ImportFunctions {
  const owned = new StreamOwnership();
  const streams = new Streams({ memory: options.memory, waitForStdin: stdinWaiter() });
  return {
    ...owned.track(functions),
    proc_exit: exitGuest,
    sock_accept: () => Errno.NotSupported,
    poll_oneoff: pollOneoff({ functions, memory: options.memory }),
    fd_read(fd: number, vectors: number, count: number, countAt: number): number {
      if (fd === 0 && owned.owns(fd)) return streams.read(vectors, count, countAt);
      return functions.fd_read?.(fd, vectors, count, countAt);
    },
    fd_write(fd: number, vectors: number, count: number, countAt: number): number {
      if ((fd === 1 || fd === 2) && owned.owns(fd)) {
        return streams.write(fd, { vectors, count, countAt });
      }
      return functions.fd_write?.(fd, vectors, count, countAt);
    },
  };
}

/**
 * Where the in-memory file system keeps a guest's directory: absolute, whatever the guest calls it.
 */
function inside(guestPath: string): string {
  return posix.resolve("/", guestPath);
}

function fillFiles(options: BackendOptions): MemFS {
  const copier = new Copier();
  for (const [guestPath, hostPath] of Object.entries(options.directories)) {
    copier.copyDirectory(hostPath, inside(guestPath));
    options.note(`sandbox: copied ${hostPath} to ${guestPath}: ${copier.takeSummary()}`);
  }
  return copier.files;
}

/** Copies from disk into memory, within the limits above. */
class Copier {
  readonly files = new MemFS();
  readonly #made = new Set(["/"]);
  #byteCount = 0;
  #fileCount = 0;
  #copiedCount = 0;
  #skippedCount = 0;

  copyDirectory(hostPath: string, target: string): void {
    this.#makeDirectory(target);
    for (const entry of readdirSync(hostPath, { withFileTypes: true })) {
      const from = join(hostPath, entry.name);
      const to = posix.join(target, entry.name);
      if (entry.isDirectory()) this.copyDirectory(from, to);
      else if (entry.isFile()) this.#copyFile(from, to);
      else this.#skippedCount++;
    }
  }

  /** What was copied since the last summary. */
  takeSummary(): string {
    const skipped =
      this.#skippedCount > 0 ? `, skipped ${this.#skippedCount} that are no files` : "";
    const summary = `${this.#copiedCount} files${skipped}; what the guest writes is not kept`;
    this.#copiedCount = 0;
    this.#skippedCount = 0;
    return summary;
  }

  #makeDirectory(path: string): void {
    if (this.#made.has(path)) return;
    this.#makeDirectory(posix.dirname(path));
    this.#admit(path, 0);
    this.files.createDir(path);
    this.#made.add(path);
  }

  #copyFile(from: string, to: string): void {
    this.#admit(from, lstatSync(from).size);
    const file = this.files.open(to, { read: true, write: true, create: true, truncate: true });
    file.write(readFileSync(from));
    file.flush();
    file.free();
    this.#copiedCount++;
  }

  #admit(path: string, byteCount: number): void {
    this.#byteCount += byteCount;
    this.#fileCount++;
    if (this.#byteCount <= SANDBOX_BYTES_MAX && this.#fileCount <= SANDBOX_FILES_MAX) return;
    const limits = `${SANDBOX_FILES_MAX} files and ${SANDBOX_BYTES_MAX >> 20} MiB`;
    const fix = "name a smaller --dir, or run without --sandbox";
    throw new MonitorError(
      "GUEST_INVALID",
      `${path} is too much for the sandbox (${limits}); ${fix}`,
    );
  }
}
