/**
 * WASI in memory by @wasmer/wasi: directories are copied in before the guest starts and what it
 * writes is gone when it ends. Standard streams are real. Left out, because that library cannot:
 * sockets, links, watching files.
 */
import { init, WASI } from "@wasmer/wasi";
import { type Backend, type BackendOptions, callStart, exitGuest, raiseSignal } from "./backend.js";
import { copyFiles, inside } from "./memory-files.js";
import { pollOneoff } from "./polling.js";
import { Errno, type ImportFunctions, PREVIEW1 } from "./preview1.js";
import { stdinWaiter } from "./stdin.js";
import { StreamOwnership, Streams } from "./streams.js";

/** The descriptor of the first directory, where every guest looks. */
const FIRST_DIRECTORY = 3;

/** Opens a sandbox for one guest; throws `GUEST_INVALID` when its directories are too large. */
export async function openSandbox(options: BackendOptions): Promise<Backend> {
  const usesWasi = WebAssembly.Module.imports(options.module).some(
    ({ module }) => module === PREVIEW1,
  );
  // The library refuses a guest that imports no WASI.
  if (!usesWasi) return { functions: {}, start: callStart };
  await init();
  const guestPaths = Object.keys(options.directories);
  const wasi = new WASI({
    args: [...options.args],
    env: { ...options.env },
    fs: copyFiles(options),
    preopens: Object.fromEntries(guestPaths.map((path) => [path, inside(path)])),
  });
  const imports = wasi.getImports(options.module) as Record<string, ImportFunctions>;
  const functions = imports[PREVIEW1] ?? {};
  return {
    functions: {
      ...functions,
      ...standardStreams(functions, options),
      ...directoryNames(functions, options),
      proc_exit: exitGuest,
      proc_raise: raiseSignal,
      sock_accept: () => Errno.NotSupported,
      poll_oneoff: pollOneoff({ functions, memory: options.memory }),
    },
    start(instance) {
      wasi.instantiate(instance);
      // It puts a root that nobody asked for first, without rights: our directories take its place.
      for (let index = 0; index < guestPaths.length; index++) {
        functions.fd_renumber?.(FIRST_DIRECTORY + index + 1, FIRST_DIRECTORY + index);
      }
      callStart(instance);
    },
  };
}

/** The library reads what it was given beforehand and keeps what is written: these flow. */
function standardStreams(functions: ImportFunctions, options: BackendOptions): ImportFunctions {
  const owned = new StreamOwnership();
  const streams = new Streams({ memory: options.memory, waitForStdin: stdinWaiter() });
  return {
    ...owned.track(functions),
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
 * The library strips slashes from directories' names: the guest shall see those that it was given.
 */
function directoryNames(functions: ImportFunctions, options: BackendOptions): ImportFunctions {
  const names = Object.keys(options.directories).map((name) => new TextEncoder().encode(name));
  return {
    fd_prestat_get(fd: number, address: number): number {
      const name = names[fd - FIRST_DIRECTORY];
      const buffer = options.memory()?.buffer;
      if (!name || !buffer) return Errno.BadFile;
      const errno = functions.fd_prestat_get?.(fd, address);
      // On success the library has written here, so the address is good.
      if (!errno) new DataView(buffer).setUint32((address >>> 0) + 4, name.length, true);
      return errno;
    },
    fd_prestat_dir_name(fd: number, address: number, byteCount: number): number {
      const name = names[fd - FIRST_DIRECTORY];
      const buffer = options.memory()?.buffer;
      if (!name || !buffer) return Errno.BadFile;
      if (byteCount >>> 0 < name.length) return Errno.NameTooLong;
      if ((address >>> 0) + name.length > buffer.byteLength) return Errno.Fault;
      new Uint8Array(buffer, address >>> 0).set(name);
      return Errno.Success;
    },
  };
}
