/**
 * The sources of a guest's sockets, named as a unikernel's are: `tcp` as mirage-tcpip has it
 * (src/tcp/stats.ml), and `net-wasi` for each listener after mirage-net's drivers. What only the
 * system's own TCP knows, its timers and packets, is left out.
 */
import type { Core } from "../../core.js";
import type { SourceOptions } from "../../definition.js";
import type { Cells } from "../cells.js";
import { register } from "../sources.js";
import { type Door, doorName, type SocketCarrier } from "./carrier.js";

const TCP: SourceOptions = {
  name: "tcp",
  help: "TCP metrics.",
  fields: [
    {
      key: "syn-rcvd state",
      type: "gauge",
      help: "Connections that the guest has not accepted yet.",
    },
    {
      key: "established state",
      type: "gauge",
      help: "Open connections that the guest has accepted.",
    },
    {
      key: "client connections",
      type: "gauge",
      help: "Connections being opened by the guest: WASI preview1 opens none.",
    },
    { key: "total established", type: "counter", help: "Connections that the guest accepted." },
    { key: "total syn-rcvd", type: "counter", help: "Connections that came." },
    { key: "total client", type: "counter", help: "Connections that the guest opened: none." },
    { key: "refused", type: "counter", help: "Connections reset because there was no room." },
    { key: "resets", type: "counter", help: "Connections that broke or stood still." },
  ],
};

const NET: SourceOptions = {
  name: "net-wasi",
  help: "Network statistics.",
  tags: ["ifname"],
  fields: [
    { key: "received bytes", type: "counter", help: "Bytes that peers sent." },
    { key: "transmitted bytes", type: "counter", help: "Bytes that the system sent to peers." },
  ],
};

/** Registers the sources; returns what brings them up to date, to be called before each gather. */
export function registerSocketSources(
  core: Core,
  cells: Cells,
  carrier: SocketCarrier,
): () => void {
  const tcp = register(core, TCP)();
  const net = register(core, NET);
  const doors = carrier.doors.map((door) => ({ door, cell: net(doorName(door)) }));
  return () => {
    tcpValues(carrier).forEach((value, index) => {
      cells.set(tcp(index), value);
    });
    for (const { door, cell } of doors) {
      cells.set(cell(0), door.traffic.receivedBytes);
      cells.set(cell(1), door.traffic.transmittedBytes);
    }
  };
}

/** In the order of the fields. */
function tcpValues({ doors, establishedCount }: SocketCarrier): number[] {
  const sum = (value: (door: Door) => number) =>
    doors.reduce((total, door) => total + value(door), 0);
  return [
    sum(({ unacceptedCount }) => unacceptedCount),
    establishedCount,
    0,
    sum(({ acceptedCount }) => acceptedCount),
    sum(({ arrivedCount }) => arrivedCount),
    0,
    sum(({ refusedCount }) => refusedCount),
    sum(({ traffic }) => traffic.resetCount),
  ];
}
