/**
 * The main thread's side of a guest's sockets: opens the listeners, gives each connection a place
 * in the shared memory, and ends them all in good order. node:wasi never sees one: accepting on a
 * real listener crashed it.
 */
import { createServer, type Server, type Socket } from "node:net";
import { type Address, formatAddress } from "../../address.js";
import { listenFailure, refuseRemote } from "../../control/binding.js";
import { MonitorError } from "../../errors.js";
import type { Listener } from "../../platform.js";
import { bind } from "../../platforms/node-listeners.js";
import {
  CONNECTIONS_MAX,
  createSocketMemory,
  LISTENERS_MAX,
  Queue,
  READY_MAX,
  SocketArea,
  type SocketOrder,
} from "./area.js";
import { Connection, resetSocket, type Traffic } from "./connection.js";

/** Connections of one listener that wait for a place, here and in the system; more are reset. */
export const WAITING_MAX = 1024;

const WHAT = "tcplisten";

/** A listener of the guest and what came in by it. */
export interface Door {
  readonly address: Address;
  readonly traffic: Traffic;
  /** Connections that came. */
  readonly arrivedCount: number;
  /** Connections that came and that the guest has not accepted. */
  readonly unacceptedCount: number;
  /** Connections that the guest has accepted since the start. */
  readonly acceptedCount: number;
  /** Connections for which there was no room. */
  readonly refusedCount: number;
}

class OpenDoor implements Door {
  readonly traffic: Traffic = { receivedBytes: 0, transmittedBytes: 0, resetCount: 0 };
  readonly waiting: Socket[] = [];
  arrivedCount = 0;
  refusedCount = 0;
  /** Connections made ready for the guest, and those taken back when the listener closed. */
  handedCount = 0;
  droppedCount = 0;

  /** Set once it listens. */
  listener: Listener | undefined;

  constructor(
    readonly index: number,
    readonly server: Server,
    private readonly wanted: Address,
    private readonly area: SocketArea,
  ) {}

  get address(): Address {
    return this.listener?.address ?? this.wanted;
  }

  get unacceptedCount(): number {
    return this.waiting.length + this.area.readyCount(this.index);
  }

  get acceptedCount(): number {
    return this.handedCount - this.area.readyCount(this.index) - this.droppedCount;
  }
}

/** Carries the sockets of one guest. */
export class SocketCarrier {
  readonly #buffer = createSocketMemory();
  readonly #area = new SocketArea(this.#buffer);
  readonly #doors: OpenDoor[] = [];
  readonly #connections = new Map<number, Connection>();
  #drained: () => void = () => {};
  /** The place that was given back last is taken first: its memory has been touched. */
  readonly #free = Array.from(
    { length: CONNECTIONS_MAX },
    (_, index) => CONNECTIONS_MAX - 1 - index,
  );

  /**
   * Listens at each address, in order. Throws `OPTION_INVALID` for too many, `REMOTE_REFUSED`,
   * `ADDRESS_IN_USE`, `LISTEN_FAILED`; then none is open.
   */
  static async open(
    addresses: readonly Address[],
    { allowRemote }: { readonly allowRemote: boolean },
  ): Promise<SocketCarrier> {
    if (addresses.length > LISTENERS_MAX) {
      const text = `--tcplisten: a guest has at most ${LISTENERS_MAX} listeners`;
      throw new MonitorError("OPTION_INVALID", `${text}, not ${addresses.length}`);
    }
    for (const address of addresses) refuseRemote(WHAT, address, allowRemote);
    const carrier = new SocketCarrier();
    try {
      for (const address of addresses) await carrier.#listen(address);
    } catch (error) {
      await carrier.close({ graceMs: 0 });
      throw error;
    }
    return carrier;
  }

  /** What the guest's thread needs. */
  get order(): SocketOrder {
    return { buffer: this.#buffer, listenerCount: this.#doors.length };
  }

  /** The listeners, in the order of their addresses. */
  get doors(): readonly Door[] {
    return this.#doors;
  }

  /** Connections that the guest has accepted and that are open. */
  get establishedCount(): number {
    let count = 0;
    for (const connection of this.#connections.values()) if (connection.isOpen) count++;
    for (const { index } of this.#doors) count -= this.#area.readyCount(index);
    return Math.max(0, count);
  }

  /** Does what the guest's thread has asked for. */
  serve(): void {
    this.#area.visitTouched({
      connection: (place) => this.#connections.get(place)?.serve(),
      listener: (index) => this.#serveDoor(index),
    });
  }

  /**
   * Stops listening; what the guest has written is sent for at most `graceMs`, then, or with 0 at
   * once, connections are reset. Resolves with the bytes that were not sent.
   */
  async close({ graceMs }: { readonly graceMs: number }): Promise<number> {
    for (const door of this.#doors) this.#shut(door);
    if (graceMs > 0) await this.#flush(graceMs);
    let unsentBytes = 0;
    for (const connection of this.#connections.values()) {
      unsentBytes += connection.unsentBytes;
      connection.abort();
    }
    await Promise.all(this.#doors.map(({ listener }) => listener?.close()));
    return unsentBytes;
  }

  async #listen(address: Address): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    const door = new OpenDoor(this.#doors.length, server, address, this.#area);
    // Before it listens: the first connection may come at once.
    server.on("connection", (socket) => this.#admit(door, socket));
    try {
      door.listener = await bind(server, address, WAITING_MAX);
      this.#doors.push(door);
    } catch (error) {
      throw listenFailure(WHAT, address, error);
    }
  }

  #admit(door: OpenDoor, socket: Socket): void {
    door.arrivedCount++;
    if (door.waiting.length >= WAITING_MAX) {
      door.refusedCount++;
      resetSocket(socket);
      return;
    }
    // One that breaks while it waits is mostly accepted, and then found broken.
    socket.on("error", () => {});
    door.waiting.push(socket);
    this.#hand(door);
  }

  /** Gives places to those that wait, as far as there are any. */
  #hand(door: OpenDoor): void {
    const hasMoreAt = this.#area.queue(door.index) + Queue.HasMore;
    for (;;) {
      const place = this.#free.at(-1);
      const isReady = this.#area.readyCount(door.index) < READY_MAX;
      const socket = place !== undefined && isReady ? door.waiting.shift() : undefined;
      if (place !== undefined && socket !== undefined) {
        if (socket.destroyed) door.traffic.resetCount++;
        else this.#place(door, { socket, place: this.#free.pop() ?? place });
        continue;
      }
      const hasMore = door.waiting.length > 0 ? 1 : 0;
      const hadMore = Atomics.exchange(this.#area.words, hasMoreAt, hasMore);
      // The guest may have accepted between the look and the store.
      if (hasMore === hadMore || this.#area.readyCount(door.index) === READY_MAX) return;
      if (hasMore === 0 || place === undefined) return;
    }
  }

  #place(door: OpenDoor, { socket, place }: { socket: Socket; place: number }): void {
    this.#area.clear(place);
    const { traffic } = door;
    const onOver = () => this.#release(place);
    this.#connections.set(
      place,
      new Connection(socket, { area: this.#area, place, traffic, onOver }),
    );
    this.#area.putReady(door.index, place);
    door.handedCount++;
  }

  #release(place: number): void {
    this.#connections.delete(place);
    this.#free.push(place);
    if (this.#connections.size === 0) this.#drained();
    for (const door of this.#doors) if (door.waiting.length > 0) this.#hand(door);
  }

  #serveDoor(index: number): void {
    const door = this.#doors[index];
    if (!door) return;
    const isClosed = Atomics.load(this.#area.words, this.#area.queue(index) + Queue.Closed) === 1;
    if (isClosed) this.#shut(door);
    else this.#hand(door);
  }

  /** Stops listening; whom the guest has not accepted is reset, as the system does it. */
  #shut(door: OpenDoor): void {
    door.server.close();
    for (const socket of door.waiting.splice(0)) resetSocket(socket);
    for (;;) {
      const place = this.#area.takeReady(door.index);
      if (place === undefined) return;
      this.#connections.get(place)?.abort();
      door.droppedCount++;
    }
  }

  /** Ends every connection as if the guest had closed it; waits until they are gone. */
  async #flush(graceMs: number): Promise<void> {
    for (const connection of [...this.#connections.values()]) connection.close();
    if (this.#connections.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      timer = setTimeout(resolve, graceMs);
    });
    clearTimeout(timer);
  }
}

/** A door's address, as the user is told and the tag says. */
export function doorName({ address }: Door): string {
  return formatAddress(address);
}
