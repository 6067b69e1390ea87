/**
 * Free ports of 127.0.0.1 for peers that restart on the port they had.
 *
 * Below the range that systems hand out to outgoing connections, so that nobody takes a port while
 * its peer is down. Each test process counts up in a block of its own.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

const PORT_MIN = 20_000;
const PORT_MAX = 31_999;
const BLOCK_PORT_COUNT = 20;
const BLOCK_COUNT = (PORT_MAX - PORT_MIN + 1) / BLOCK_PORT_COUNT;

let candidate = PORT_MIN + (process.pid % BLOCK_COUNT) * BLOCK_PORT_COUNT;

/** A port of 127.0.0.1 that is free for TCP and UDP; each call returns another. */
export async function freePort(): Promise<number> {
  for (let attempt = PORT_MIN; attempt <= PORT_MAX; attempt++) {
    const port = candidate;
    candidate = port === PORT_MAX ? PORT_MIN : port + 1;
    if ((await isTcpFree(port)) && (await isUdpFree(port))) return port;
  }
  throw new Error(`no free port from ${PORT_MIN} to ${PORT_MAX}`);
}

async function isTcpFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

async function isUdpFree(port: number): Promise<boolean> {
  const socket = createSocket("udp4").bind(port, "127.0.0.1");
  try {
    await once(socket, "listening");
  } catch {
    return false;
  }
  socket.close();
  await once(socket, "close");
  return true;
}
