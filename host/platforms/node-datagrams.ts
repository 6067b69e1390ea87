/**
 * Datagrams by `node:dgram`. The socket is connected: its name is resolved once, and the system
 * reports a receiver that is not there.
 */
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { Address } from "../address.js";
import type { DatagramSender } from "../platform.js";

/** Opens a sender to `address`; rejects when its name does not resolve. */
export async function openDatagram(
  address: Address,
  onError?: (error: Error) => void,
): Promise<DatagramSender> {
  if (address.kind === "unix") throw new Error("datagrams over Unix sockets are not supported");
  const target = await lookup(address.host);
  const socket = createSocket(target.family === 6 ? "udp6" : "udp4");
  socket.on("error", (error) => onError?.(error));
  await new Promise<void>((resolve, reject) => {
    socket.connect(address.port, target.address, (error?: Error) => {
      if (!error) return resolve();
      socket.close();
      reject(error);
    });
  });
  let isOpen = true;
  return {
    send: (datagram) =>
      new Promise((resolve, reject) => {
        if (!isOpen) return reject(new Error("the datagram socket is closed"));
        socket.send(datagram, (error) => (error ? reject(error) : resolve()));
      }),
    close() {
      if (!isOpen) return;
      isOpen = false;
      socket.close();
    },
    unref: () => void socket.unref(),
  };
}
