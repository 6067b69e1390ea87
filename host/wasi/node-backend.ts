/**
 * WASI over real files by node:wasi. What would block this thread in the system, out of reach of
 * `worker.terminate()`, waits here instead: sleeping, and reading standard input. Import it only
 * after silencing Node's warning.
 */
import { WASI } from "node:wasi";
import { type Backend, type BackendOptions, callStart, exitGuest, raiseSignal } from "./backend.js";
import { pollOneoff, sleep } from "./polling.js";
import { Errno, type ImportFunction, type ImportFunctions } from "./preview1.js";
import { stdinWaiter } from "./stdin.js";
import { StreamOwnership } from "./streams.js";

/** Opens node:wasi for one guest. */
export function openNodeBackend(options: BackendOptions): Backend {
  const wasi = new WASI({
    version: "preview1",
    args: [...options.args],
    env: { ...options.env },
    preopens: { ...options.directories },
  });
  const native = wasi.wasiImport as ImportFunctions;
  const needsMemory = WebAssembly.Module.exports(options.module).some(
    ({ name, kind }) => name === "memory" && kind === "memory",
  );
  return {
    functions: { ...native, ...replacements(native, options) },
    start(instance) {
      // node:wasi refuses a guest without memory, though one that calls no WASI needs none.
      if (needsMemory) wasi.start(instance);
      else callStart(instance);
    },
  };
}

function replacements(native: ImportFunctions, options: BackendOptions): ImportFunctions {
  const streams = new StreamOwnership();
  const { fd_read, fd_write, poll_oneoff } = native as Record<string, ImportFunction>;
  const waitForStdin = stdinWaiter();
  return {
    ...streams.track(native),
    proc_exit: exitGuest,
    proc_raise: raiseSignal,
    // Accepting on a real listener crashed Node: no guest gets that far.
    sock_accept: () => Errno.NotSupported,
    poll_oneoff: pollOneoff({ functions: native, memory: options.memory, native: poll_oneoff }),
    fd_read(fd: number, ...rest: number[]): number {
      if (fd === 0 && streams.owns(0)) waitForStdin();
      return fd_read?.(fd, ...rest);
    },
    fd_write(fd: number, ...rest: number[]): number {
      for (;;) {
        const errno = fd_write?.(fd, ...rest);
        // A terminal or pipe that someone else made non-blocking: the guest expects it to block.
        if (errno !== Errno.Again || fd > 2) return errno;
        sleep(1);
      }
    },
  };
}
