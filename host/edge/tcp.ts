/**
 * Receivers over TCP for `push()`, where a runtime connects: Workers; `wasm-monitoring/edge/tcp`.
 */
import { MonitorError } from "../errors.js";
import { parseReceiver } from "../push/receiver-url.js";
import type { EdgeReceiver } from "./push.js";
import { type Connect, SocketTransport } from "./socket.js";

export type { Connect, EdgeSocket } from "./socket.js";

/**
 * The receiver at `tcp://HOST:PORT`; `connect` is that of `cloudflare:sockets`. Throws
 * `ADDRESS_INVALID`.
 */
export function tcp(url: string, connect: Connect): EdgeReceiver {
  const receiver = parseReceiver(url);
  const { label } = receiver;
  if (receiver.kind === "stream" && receiver.address.kind === "tcp") {
    const { address } = receiver;
    return { label, open: (context) => new SocketTransport(context, address, connect) };
  }
  throw new MonitorError("ADDRESS_INVALID", `push receiver: ${label} is no tcp://HOST:PORT`);
}
