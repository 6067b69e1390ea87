/**
 * Listening over TCP and Unix sockets. A Unix socket is bound in a private folder, made 0600 and
 * only then linked to its path: there is no moment in which others can connect, no change of the
 * process's umask, and a path that another process took meanwhile is never overwritten.
 */
import { chmod, link, lstat, mkdtemp, rm, unlink } from "node:fs/promises";
import { connect, createServer, type ListenOptions, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { type Address, formatAddress, UNIX_PATH_BYTES_MAX } from "../address.js";
import type { Connection, ConnectionHandlers, Listener } from "../platform.js";
import { attach, peerOf, wrap } from "./node-sockets.js";

const PROBE_TIMEOUT_MS = 1_000;

/** Listens for byte streams; rejects with the system's error. */
export function listen(
  address: Address,
  accept: (connection: Connection) => ConnectionHandlers,
): Promise<Listener> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    attach(socket, accept(wrap(socket, peerOf(socket))));
  });
  return bind(server, address);
}

/**
 * Binds a server, of streams or of HTTP, and makes a `Listener` of it. `backlog` is how many
 * connections the system keeps until the server takes them, 511 by default.
 */
export async function bind(server: Server, address: Address, backlog?: number): Promise<Listener> {
  const sockets = trackSockets(server);
  let droppedCount = 0;
  server.on("drop", () => {
    droppedCount++;
  });
  const release = await (address.kind === "unix"
    ? bindUnix(server, address.path, backlog)
    : bindTcp(server, address, backlog));
  // Later errors (a failed accept) must not end the process; the server goes on listening.
  server.on("error", () => {});
  let closing: Promise<void> | undefined;
  return {
    address: boundAddress(server, address),
    get droppedCount() {
      return droppedCount;
    },
    unref: () => void server.unref(),
    close() {
      closing ??= shut(server, sockets).then(release);
      return closing;
    },
  };
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

function shut(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

function boundAddress(server: Server, wanted: Address): Address {
  const bound = server.address();
  if (wanted.kind === "unix" || bound === null || typeof bound === "string") return wanted;
  return { kind: "tcp", host: bound.address, port: bound.port };
}

async function bindTcp(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  backlog: number | undefined,
): Promise<() => Promise<void>> {
  await listening(server, { host, port, backlog });
  return async () => {};
}

function listening(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function bindUnix(
  server: Server,
  path: string,
  backlog: number | undefined,
): Promise<() => Promise<void>> {
  await removeStale(path);
  const folder = await openPrivateFolder(dirname(path));
  try {
    const privatePath = join(folder, "s");
    checkPathFits(privatePath);
    await listening(server, { path: privatePath, backlog });
    await chmod(privatePath, 0o600);
    await link(privatePath, path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "EEXIST" ? inUse(path) : error;
    });
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { dev, ino } = await lstat(path);
  return () => unlinkIfOurs(path, dev, ino);
}

async function openPrivateFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, ".s"));
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "does not exist" : "cannot be written";
    throw systemError(code, `the folder ${parent} ${reason}`);
  }
}

/** The kernel interface cuts a longer path silently, and would bind another one. */
function checkPathFits(path: string): void {
  const excess = Buffer.byteLength(path) - UNIX_PATH_BYTES_MAX;
  if (excess <= 0) return;
  throw systemError("ENAMETOOLONG", `the folder's path is ${excess} bytes too long for a socket`);
}

/** Removes a socket that nobody answers on; rejects if one does, or if the path is no socket. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw systemError("EEXIST", `${path} exists and is not a socket`);
  if (await isAnswered(path)) throw inUse(path);
  await unlink(path).catch(() => {});
}

/** Only a refusal proves that nobody listens; a full backlog or missing rights do not. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: PROBE_TIMEOUT_MS });
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(true));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      settle(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}

/** A successor may have replaced the socket already. */
async function unlinkIfOurs(path: string, dev: number, ino: number): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.dev === dev && found.ino === ino) await unlink(path).catch(() => {});
}

function inUse(path: string): Error {
  const text = `address already in use ${formatAddress({ kind: "unix", path })}`;
  return systemError("EADDRINUSE", text);
}

function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code });
}
