/**
 * Receivers over TCP for `push()`, where a runtime connects: Workers; `wasm-monitoring/edge/tcp`.
 */
import { MonitorError, optionInvalid } from "../errors.js";
import { parseReceiver } from "../push/receiver-url.js";
import type { EdgeReceiver } from "./push.js";
import { type Connect, SocketTransport } from "./socket.js";

export type { Connect, EdgeSocket } from "./socket.js";

/**
 * The receiver at `tcp://HOST:PORT`; `connect` is that of `cloudflare:sockets`. Throws
 * `ADDRESS_INVALID`, `OPTION_INVALID`.
 */
export function tcp(url: string, connect: Connect): EdgeReceiver {
  if (typeof connect !== "function") {
    optionInvalid("tcp: write tcp(URL, connect), connect of cloudflare:sockets");
  }
  const receiver = parseReceiver(url);
  const { label } = receiver;
  if (receiver.kind === "stream" && receiver.address.kind === "tcp") {
    const { address } = receiver;
    return { label, open: (context) => new SocketTransport(context, address, connect) };
  }
  throw new MonitorError("ADDRESS_INVALID", `push receiver: ${label} is no tcp://HOST:PORT`);
}
