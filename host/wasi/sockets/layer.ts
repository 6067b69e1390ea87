/**
 * A backend's functions with sockets among the guest's descriptors: what is on a socket is answered
 * here, what is on a file goes on under the number by which the backend knows it.
 */
import type { Backend, BackendOptions } from "../backend.js";
import { type Look, pollMixed } from "../polling.js";
import {
  Errno,
  type ImportFunction,
  type ImportFunctions,
  PREVIEW1_FUNCTIONS,
} from "../preview1.js";
import { stdinProbe } from "../stdin.js";
import type { SocketOrder } from "./area.js";
import { REFUSALS, type SocketCall, socketCalls } from "./calls.js";
import { Descriptors } from "./descriptors.js";
import { ListenerSocket, SocketWires } from "./socket.js";

/** The first descriptor after the standard streams. */
const FIRST_DIRECTORY = 3;

/** Arguments that are descriptors, where they are not just the first. */
const DESCRIPTORS_AT: Readonly<Record<string, readonly number[]>> = {
  path_link: [0, 4],
  path_rename: [0, 3],
  path_symlink: [2],
};

/** The argument of `path_open` that points to the new descriptor. */
const OPENED_AT = 8;

const TAG_FD_READ = 1;

/** Gives a backend sockets: the listeners come right after the directories. */
export function withSockets(
  backend: Backend,
  options: Pick<BackendOptions, "memory" | "directories">,
  { order, tell }: { readonly order: SocketOrder; readonly tell: () => void },
): Backend {
  const wires = new SocketWires(order, tell);
  const descriptors = new Descriptors(FIRST_DIRECTORY + Object.keys(options.directories).length);
  for (let index = 0; index < order.listenerCount; index++) {
    descriptors.add(new ListenerSocket(wires, index));
  }
  const layer = new Layer(backend.functions, descriptors, options.memory);
  const functions: ImportFunctions = { ...backend.functions };
  for (const name of PREVIEW1_FUNCTIONS) {
    if (/^(fd|path|sock)_/.test(name)) functions[name] = layer.route(name);
  }
  return {
    ...backend,
    functions: {
      ...functions,
      fd_close: (fd: number) => layer.close(fd),
      fd_renumber: (from: number, to: number) => layer.renumber(from, to),
      path_open: layer.opening(functions.path_open),
      poll_oneoff: pollMixed({
        functions: backend.functions,
        memory: options.memory,
        look: layer.looker(),
        waiter: wires.area,
      }),
    },
  };
}

class Layer {
  readonly #calls: Readonly<Record<string, SocketCall>>;

  constructor(
    private readonly native: ImportFunctions,
    private readonly descriptors: Descriptors,
    private readonly memory: () => WebAssembly.Memory | undefined,
  ) {
    this.#calls = socketCalls({ descriptors, memory });
  }

  /** A function whose descriptors are the guest's. */
  route(name: string): ImportFunction {
    const positions = DESCRIPTORS_AT[name] ?? [0];
    const call = this.native[name];
    const socketCall = this.#calls[name];
    const refusal = REFUSALS[name] ?? Errno.NotSupported;
    const isForSockets = name.startsWith("sock_");
    return (...values) => {
      for (const position of positions) {
        const entry = this.descriptors.get(values[position]);
        if (entry === undefined) return Errno.BadFile;
        if (typeof entry !== "number") {
          return socketCall ? socketCall(entry, ...values.slice(1)) : refusal;
        }
        values[position] = entry;
      }
      return isForSockets ? Errno.NotSocket : (call?.(...values) ?? Errno.NotSupported);
    };
  }

  close(fd: number): number {
    const entry = this.descriptors.get(fd);
    if (entry === undefined) return Errno.BadFile;
    if (typeof entry === "number") {
      const errno = this.native.fd_close?.(entry);
      if (errno !== Errno.Success) return errno;
    } else entry.close();
    this.descriptors.delete(fd);
    return Errno.Success;
  }

  /** Both must be open, as for other runtimes; what `to` was is closed. */
  renumber(from: number, to: number): number {
    const entry = this.descriptors.get(from);
    if (entry === undefined || this.descriptors.get(to) === undefined) return Errno.BadFile;
    if (from === to) return Errno.Success;
    const errno = this.close(to);
    if (errno !== Errno.Success) return errno;
    this.descriptors.delete(from);
    this.descriptors.set(to, entry);
    return Errno.Success;
  }

  /** `path_open`, its result a number of the guest's. */
  opening(open: ImportFunction | undefined): ImportFunction {
    return (...values) => {
      const at = (values[OPENED_AT] ?? 0) >>> 0;
      const buffer = this.memory()?.buffer;
      // Before the backend opens what nobody could close.
      if (!buffer || at + 4 > buffer.byteLength) return Errno.Fault;
      const errno = open?.(...values);
      if (errno !== Errno.Success) return errno;
      const view = new DataView(buffer);
      view.setUint32(at, this.descriptors.add(view.getUint32(at, true)), true);
      return Errno.Success;
    };
  }

  /** What `poll_oneoff` finds on a descriptor; files never keep anybody waiting. */
  looker(): Look {
    const hasInput = stdinProbe();
    return (fd, tag) => {
      const entry = this.descriptors.get(fd);
      if (entry === undefined) return { errno: Errno.BadFile, byteCount: 0, hasHungUp: false };
      if (typeof entry !== "number") {
        const found = tag === TAG_FD_READ ? entry.findReadable() : entry.findWritable();
        return found && { errno: Errno.Success, ...found };
      }
      if (entry === 0 && tag === TAG_FD_READ && !hasInput()) return "again";
      return { errno: Errno.Success, byteCount: 1, hasHungUp: false };
    };
  }
}
