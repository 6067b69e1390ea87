/**
 * Syslog messages over UDP, one a datagram. A few are on their way at a time; what the system
 * refuses is dropped and counted, for UDP promises nothing.
 */
import type { Address } from "../address.js";
import type { DatagramSender, Platform } from "../platform.js";
import { Backlog } from "./backlog.js";
import { retryDelayMs } from "./delay.js";
import type { Carrier, CarrierEvents } from "./syslog-stream.js";

/** Datagrams handed to the runtime and not yet to the system. */
const SENDING_MAX = 32;

export class SyslogDatagrams implements Carrier {
  readonly #backlog: Backlog;
  readonly #open: NonNullable<Platform["openDatagram"]>;
  readonly #address: Address;
  readonly #events: CarrierEvents;
  #sender: DatagramSender | undefined;
  #sending = 0;
  #failures = 0;
  #hasComplained = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    open: NonNullable<Platform["openDatagram"]>,
    address: Address,
    backlogBytesMax: number,
    events: CarrierEvents,
  ) {
    this.#open = open;
    this.#address = address;
    this.#events = events;
    this.#backlog = new Backlog(backlogBytesMax, (count) => events.onDrop(count));
    this.#resolve();
  }

  get waiting(): number {
    return this.#backlog.count + this.#sending;
  }

  put(message: Uint8Array): void {
    this.#backlog.put(message);
    this.#flow();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#backlog.clear();
    this.#sender?.close();
  }

  /** Opens the sender; a name that does not resolve now may do so later. */
  #resolve(): void {
    this.#open(this.#address, (error) => this.#lost(error)).then(
      (sender) => this.#opened(sender),
      (error) => this.#unresolved(error),
    );
  }

  #opened(sender: DatagramSender): void {
    if (this.#isClosed) {
      sender.close();
      return;
    }
    this.#sender = sender;
    sender.unref();
    this.#events.onReconnect();
    this.#flow();
  }

  #unresolved(error: unknown): void {
    if (this.#isClosed) return;
    if (this.#failures === 0) this.#events.onOutage(reasonOf(error));
    this.#timer = setTimeout(() => this.#resolve(), retryDelayMs(this.#failures++, Math.random()));
    this.#timer.unref?.();
  }

  #flow(): void {
    while (this.#sender !== undefined && this.#sending < SENDING_MAX) {
      const message = this.#backlog.take();
      if (message === undefined) break;
      this.#sending++;
      this.#sender.send(message).then(
        () => this.#sent(),
        (error) => {
          this.#lost(error);
          this.#sent();
        },
      );
    }
  }

  #sent(): void {
    this.#sending--;
    if (this.#isClosed) return;
    this.#flow();
    if (this.waiting === 0) this.#events.onIdle();
  }

  /** A receiver that is not there shows now and then only; it is worth one line. */
  #lost(error: unknown): void {
    this.#events.onDrop(1);
    if (!this.#hasComplained && !this.#isClosed) this.#events.onOutage(reasonOf(error));
    this.#hasComplained = true;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
