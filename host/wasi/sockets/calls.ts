/**
 * What preview1 says of sockets: accept, receive, send, shut down, and the calls on any descriptor
 * as a socket answers them. Layouts and numbers from the witx files of wasi_snapshot_preview1;
 * which errno where, from Linux's sockets.
 */
import { Errno } from "../preview1.js";
import { readVectors } from "../streams.js";
import type { Descriptors } from "./descriptors.js";
import { ConnectionSocket, type GuestSocket } from "./socket.js";

export interface CallOptions {
  readonly descriptors: Descriptors;
  readonly memory: () => WebAssembly.Memory | undefined;
}

const FDFLAG_NONBLOCK = 4;
const RIFLAG_PEEK = 1;
const RIFLAG_WAITALL = 2;
const SDFLAG_RD = 1;
const SDFLAG_WR = 2;
const FILETYPE_SOCKET_STREAM = 6;
const FDSTAT_BYTES = 24;
const FILESTAT_BYTES = 64;

/** fd_read, fdstat_set_flags, fd_write, filestat_get, poll_fd_readwrite, sock_shutdown. */
const CONNECTION_RIGHTS = (1n << 1n) | (1n << 3n) | (1n << 6n) | (1n << 21n) | (3n << 27n);
/** And sock_accept. */
const LISTENER_RIGHTS = CONNECTION_RIGHTS | (1n << 29n);

/** A call whose first argument was the descriptor of `socket`. */
export type SocketCall = (socket: GuestSocket, ...values: number[]) => number;

/** The calls that a socket answers itself, by name; each takes the socket for its descriptor. */
export function socketCalls(options: CallOptions): Readonly<Record<string, SocketCall>> {
  const transfer = new Transfers(options.memory);
  return {
    sock_accept: acceptCall(options),
    sock_recv: (socket, vectors, count, flags, countAt, flagsAt) =>
      transfer.receive(socket, { vectors, count, countAt, flags, flagsAt }),
    sock_send: (socket, vectors, count, flags, countAt) =>
      flags ? Errno.Invalid : transfer.send(socket, { vectors, count, countAt }),
    sock_shutdown: shutdown,
    fd_read: (socket, vectors, count, countAt) =>
      transfer.receive(socket, { vectors, count, countAt }),
    fd_write: (socket, vectors, count, countAt) =>
      transfer.send(socket, { vectors, count, countAt }),
    fd_fdstat_set_flags: setFlags,
    ...statusCalls(options),
  };
}

/** What a socket answers to calls that it cannot serve; `Errno.NotSupported` to the others. */
export const REFUSALS: Readonly<Record<string, number>> = {
  fd_advise: Errno.SeekPipe,
  fd_allocate: Errno.SeekPipe,
  fd_datasync: Errno.Invalid,
  fd_filestat_set_size: Errno.Invalid,
  fd_pread: Errno.SeekPipe,
  // What a C library takes for the end of the directories that it was given.
  fd_prestat_dir_name: Errno.BadFile,
  fd_prestat_get: Errno.BadFile,
  fd_pwrite: Errno.SeekPipe,
  fd_readdir: Errno.NotDirectory,
  fd_seek: Errno.SeekPipe,
  fd_sync: Errno.Invalid,
  fd_tell: Errno.SeekPipe,
  path_create_directory: Errno.NotDirectory,
  path_filestat_get: Errno.NotDirectory,
  path_filestat_set_times: Errno.NotDirectory,
  path_link: Errno.NotDirectory,
  path_open: Errno.NotDirectory,
  path_readlink: Errno.NotDirectory,
  path_remove_directory: Errno.NotDirectory,
  path_rename: Errno.NotDirectory,
  path_symlink: Errno.NotDirectory,
  path_unlink_file: Errno.NotDirectory,
};

function acceptCall({ descriptors, memory }: CallOptions): SocketCall {
  return (socket, flags = 0, fdAt = 0) => {
    if (socket.kind !== "listener" || flags & ~FDFLAG_NONBLOCK) return Errno.Invalid;
    return answer(memory, { address: fdAt, byteCount: 4 }, (view, at) => {
      const connection = socket.accept(flags === FDFLAG_NONBLOCK);
      if (typeof connection === "number") return connection;
      view.setUint32(at, descriptors.add(connection), true);
      return Errno.Success;
    });
  };
}

function shutdown(socket: GuestSocket, how = 0): number {
  if (how === 0 || how & ~(SDFLAG_RD | SDFLAG_WR)) return Errno.Invalid;
  if (socket.kind === "listener") return Errno.NotConnected;
  return socket.shutdown({ input: (how & SDFLAG_RD) !== 0, output: (how & SDFLAG_WR) !== 0 });
}

function setFlags(socket: GuestSocket, flags = 0): number {
  if (flags & ~FDFLAG_NONBLOCK) return Errno.Invalid;
  socket.isNonblocking = flags === FDFLAG_NONBLOCK;
  return Errno.Success;
}

function statusCalls({ memory }: CallOptions): Readonly<Record<string, SocketCall>> {
  return {
    fd_fdstat_get: (socket, address = 0) =>
      answer(memory, { address, byteCount: FDSTAT_BYTES }, (view, at) => {
        const isListener = socket.kind === "listener";
        view.setUint16(at, FILETYPE_SOCKET_STREAM, true);
        view.setUint16(at + 2, socket.isNonblocking ? FDFLAG_NONBLOCK : 0, true);
        view.setUint32(at + 4, 0, true);
        view.setBigUint64(at + 8, isListener ? LISTENER_RIGHTS : CONNECTION_RIGHTS, true);
        view.setBigUint64(at + 16, isListener ? CONNECTION_RIGHTS : 0n, true);
        return Errno.Success;
      }),
    fd_filestat_get: (_, address = 0) =>
      answer(memory, { address, byteCount: FILESTAT_BYTES }, (view, at) => {
        for (let offset = 0; offset < FILESTAT_BYTES; offset += 8) {
          view.setBigUint64(at + offset, 0n, true);
        }
        view.setUint8(at + 16, FILETYPE_SOCKET_STREAM);
        return Errno.Success;
      }),
  };
}

/** Where a call's vectors are, and where its results go. */
interface Place {
  readonly vectors: number | undefined;
  readonly count: number | undefined;
  readonly countAt: number | undefined;
  readonly flags?: number | undefined;
  readonly flagsAt?: number | undefined;
}

/** Moves bytes between a guest's memory and its connections. */
class Transfers {
  constructor(private readonly memory: () => WebAssembly.Memory | undefined) {}

  receive(socket: GuestSocket, { flags = 0, flagsAt, ...place }: Place): number {
    if (flags & ~(RIFLAG_PEEK | RIFLAG_WAITALL)) return Errno.Invalid;
    const options = {
      isPeek: (flags & RIFLAG_PEEK) !== 0,
      isWaitAll: (flags & RIFLAG_WAITALL) !== 0,
    };
    return this.#move(socket, place, (connection, parts, view) => {
      if (flagsAt !== undefined) view.setUint16(flagsAt >>> 0, 0, true);
      return connection.receive(parts, options);
    });
  }

  send(socket: GuestSocket, place: Place): number {
    return this.#move(socket, place, (connection, parts) => connection.send(parts));
  }

  /** Every address is looked at before a byte moves. */
  #move(
    socket: GuestSocket,
    { vectors = 0, count = 0, countAt = 0 }: Place,
    move: (connection: ConnectionSocket, parts: readonly Uint8Array[], view: DataView) => number,
  ): number {
    if (!(socket instanceof ConnectionSocket)) return Errno.NotConnected;
    return answer(this.memory, { address: countAt, byteCount: 4 }, (view, at) => {
      const moved = move(socket, readVectors(view, vectors, count), view);
      if (moved < 0) return -moved;
      view.setUint32(at, moved, true);
      return Errno.Success;
    });
  }
}

/**
 * Runs a call that writes its result at `address`; `Errno.Fault` if that, or another address that
 * it touches, is outside the guest's memory.
 */
function answer(
  memory: () => WebAssembly.Memory | undefined,
  { address, byteCount }: { readonly address: number; readonly byteCount: number },
  call: (view: DataView, at: number) => number,
): number {
  const buffer = memory()?.buffer;
  const at = address >>> 0;
  if (!buffer || at + byteCount > buffer.byteLength) return Errno.Fault;
  try {
    return call(new DataView(buffer), at);
  } catch (error) {
    // How views say that an address is outside.
    if (error instanceof RangeError) return Errno.Fault;
    throw error;
  }
}
