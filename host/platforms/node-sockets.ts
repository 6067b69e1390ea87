/**
 * Byte streams over Node's sockets, TCP and Unix, made by us or accepted. `node:net` loads at the
 * first connection.
 */
import type * as Net from "node:net";
import { type Address, formatHostPort } from "../address.js";
import type { Connection, ConnectionHandlers } from "../platform.js";
import { builtin } from "./node-builtin.js";

const KEEP_ALIVE_MS = 30_000;

/** Starts to connect; the outcome arrives at `onOpen` or `onClose`. */
export function connect(address: Address, handlers: ConnectionHandlers): Connection {
  const net = builtin<typeof Net>("node:net");
  const socket =
    address.kind === "unix"
      ? net.connect({ path: address.path, allowHalfOpen: true })
      : net.connect({
          host: address.host,
          port: address.port,
          allowHalfOpen: true,
          noDelay: true,
          keepAlive: true,
          keepAliveInitialDelay: KEEP_ALIVE_MS,
        });
  socket.once("connect", () => handlers.onOpen?.());
  attach(socket, handlers);
  return wrap(
    socket,
    address.kind === "unix" ? "unix" : formatHostPort(address.host, address.port),
  );
}

/** Makes a connection of a socket; `attach` then binds its handlers. */
export function wrap(socket: Net.Socket, peer: string): Connection {
  return {
    peer,
    // After the end there is nothing to wait for: false would promise a drain that never comes.
    write: (bytes) => !socket.writable || socket.write(bytes),
    get queuedBytes() {
      return socket.writableLength;
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    unref: () => void socket.unref(),
  };
}

/** Delivers a socket's events to `handlers`. */
export function attach(socket: Net.Socket, handlers: ConnectionHandlers): void {
  let failure: Error | undefined;
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("data", (chunk) => handlers.onData?.(chunk));
  socket.once("end", () => (handlers.onEnd ? handlers.onEnd() : socket.end()));
  socket.on("drain", () => handlers.onDrain?.());
  socket.once("close", () => handlers.onClose?.(failure));
}

/** The other end of an accepted socket: `host:port`, `unix`, or that it has gone already. */
export function peerOf(socket: Net.Socket): string {
  const isUnix = typeof (socket.address() as Partial<Net.AddressInfo>).port !== "number";
  if (socket.remoteAddress === undefined) return isUnix ? "unix" : "a client that has gone";
  return formatHostPort(socket.remoteAddress, socket.remotePort ?? 0);
}
