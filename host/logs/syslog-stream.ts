/**
 * Syslog messages over a TCP connection. What the runtime has not yet handed to the system when a
 * connection breaks is sent again on the next one; TCP syslog knows no confirmation beyond that.
 */
import type { Address } from "../address.js";
import type { Connection, Platform } from "../platform.js";
import { Backlog } from "./backlog.js";
import { retryDelayMs } from "./delay.js";
import { frameSyslog } from "./syslog.js";

/** What sends messages somewhere. */
export interface Carrier {
  /** Takes a message; never waits, never throws. */
  put(message: Uint8Array): void;
  /** Messages taken and not yet handed to the system. */
  readonly waiting: number;
  /** Gives up what is waiting, counting it as dropped, and frees everything. */
  close(): void;
}

/** What a carrier tells its owner. */
export interface CarrierEvents {
  /** Messages were lost. */
  onDrop(count: number): void;
  /** The receiver cannot be reached: called at the first failure of an outage. */
  onOutage(reason: string): void;
  /** The receiver is reached again, or for the first time. */
  onReconnect(): void;
  /** Nothing waits any more. */
  onIdle(): void;
}

/** Time until the runtime's queue is looked at again, in milliseconds. */
const CONFIRM_MS = 20;
/** A connection that lived this long ends an outage, in milliseconds. */
const STABLE_MS = 5_000;

export class SyslogStream implements Carrier {
  readonly #backlog: Backlog;
  readonly #connect: NonNullable<Platform["connect"]>;
  readonly #address: Address;
  readonly #events: CarrierEvents;
  #connection: Connection | undefined;
  /** Written to this connection, perhaps still queued in the runtime. */
  #written: Uint8Array[] = [];
  #isOpen = false;
  #isBlocked = false;
  #isClosed = false;
  #failures = 0;
  #openedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    connect: NonNullable<Platform["connect"]>,
    address: Address,
    backlogBytesMax: number,
    events: CarrierEvents,
  ) {
    this.#connect = connect;
    this.#address = address;
    this.#events = events;
    this.#backlog = new Backlog(backlogBytesMax, (count) => events.onDrop(count));
    this.#dial();
  }

  get waiting(): number {
    return this.#backlog.count + this.#written.length;
  }

  put(message: Uint8Array): void {
    this.#backlog.put(frameSyslog(message));
    this.#flow();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#confirm();
    this.#backlog.putBack(this.#written);
    this.#written = [];
    this.#backlog.clear();
    // The system has the rest, and sends it before it says goodbye.
    this.#connection?.destroy();
  }

  #dial(): void {
    this.#connection = this.#connect(this.#address, {
      onOpen: () => this.#opened(),
      onDrain: () => {
        this.#isBlocked = false;
        this.#flow();
      },
      // Receivers send nothing; one that half-closes has gone.
      onEnd: () => this.#connection?.destroy(),
      onClose: (error) => this.#broken(error),
    });
    this.#connection.unref();
  }

  #opened(): void {
    this.#isOpen = true;
    this.#openedAtMs = performance.now();
    this.#events.onReconnect();
    this.#flow();
  }

  /** Writes until the runtime's queue is full. */
  #flow(): void {
    const connection = this.#connection;
    if (connection === undefined || !this.#isOpen || this.#isClosed) return;
    this.#confirm();
    while (!this.#isBlocked) {
      const message = this.#backlog.take();
      if (message === undefined) break;
      this.#written.push(message);
      this.#isBlocked = !connection.write(message);
    }
    this.#confirm();
    // Without a full queue there is no drain to wait for.
    if (this.#written.length > 0 && !this.#isBlocked) this.#later(CONFIRM_MS, () => this.#flow());
  }

  /** Once the runtime's queue is empty, the system has everything that was written. */
  #confirm(): void {
    if (!this.#isOpen || this.#connection?.queuedBytes !== 0) return;
    this.#written = [];
    if (this.#backlog.count === 0) this.#events.onIdle();
  }

  #broken(error: Error | undefined): void {
    // A receiver that takes connections and closes them at once is still an outage.
    if (this.#isOpen && performance.now() - this.#openedAtMs >= STABLE_MS) this.#failures = 0;
    this.#isOpen = false;
    this.#isBlocked = false;
    this.#connection = undefined;
    if (this.#isClosed) return;
    this.#backlog.putBack(this.#written);
    this.#written = [];
    if (this.#failures === 0) this.#events.onOutage(error?.message ?? "connection closed");
    this.#later(retryDelayMs(this.#failures++, Math.random()), () => this.#dial());
  }

  #later(delayMs: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, delayMs);
    this.#timer.unref?.();
  }
}
