/**
 * `--tcplisten`: opens a guest's listening sockets before it starts, says where they are, and ends
 * its connections in good order.
 */
import { formatAddress } from "../address.js";
import type { Monitor } from "../monitor.js";
import { Cells } from "../wasi/cells.js";
import { SocketCarrier } from "../wasi/sockets/carrier.js";
import { registerSocketSources } from "../wasi/sockets/statistics.js";
import type { RunOptions } from "./options.js";
import { say } from "./stderr.js";

/** Longest that a slow client may keep us from ending. */
const FLUSH_GRACE_MS = 2000;

/** Opens what `--tcplisten` asks for and registers its sources. Throws as `SocketCarrier.open`. */
export async function openSockets(
  monitor: Monitor,
  { tcplisten, allowRemote = false }: Pick<RunOptions, "tcplisten" | "allowRemote">,
): Promise<SocketCarrier> {
  const carrier = await SocketCarrier.open(tcplisten, { allowRemote });
  const cells = new Cells(monitor.core.memory);
  monitor.onCollect(registerSocketSources(monitor.core, cells, carrier));
  for (const { address } of carrier.doors) say(`tcplisten ${formatAddress(address)}`);
  return carrier;
}

/** Closes a guest's sockets; after an orderly end, what it wrote is sent first. */
export async function closeSockets(carrier: SocketCarrier, isOrderly: boolean): Promise<void> {
  const unsentBytes = await carrier.close({ graceMs: isOrderly ? FLUSH_GRACE_MS : 0 });
  if (isOrderly && unsentBytes > 0) {
    say(`warning: clients were too slow for ${unsentBytes} bytes that the guest had sent`);
  }
}
