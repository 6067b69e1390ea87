/**
 * What carries a monitor's bytes out: push, control port, scrape endpoint. Loaded when the first of
 * them is asked for, so that a program that only counts starts fast.
 */
import type { Level } from "../assembly/abi.js";
import { type Address, parseAddress } from "./address.js";
import { type ControlServer, openControl } from "./control/server.js";
import type { CommandResult } from "./core.js";
import { MonitorError } from "./errors.js";
import type { MonitorOptions, PushReceiver } from "./options.js";
import type { Platform } from "./platform.js";
import { createPush, type Push } from "./push/push.js";
import { type PushLogLevel, receiverPart } from "./push/transport.js";
import { openScrape, type ScrapeServer } from "./scrape/server.js";
import type { Part } from "./self.js";

const CONTROL_PORT = 2323;
const PROMETHEUS_PORT = 9090;

/** What the wires need of the monitor. */
export interface WireHost {
  readonly options: MonitorOptions;
  readonly platform: Platform;
  readonly execute: (command: Uint8Array) => CommandResult;
  readonly influx: () => Uint8Array;
  readonly prometheus: (openMetrics: boolean) => Uint8Array;
  /** Shows a part's numbers as a source. */
  readonly show: (part: Part) => void;
  /** Writes an audit line, whatever the thresholds are. */
  readonly audit: (level: Level, text: string) => void;
  readonly log: (level: PushLogLevel, text: string) => void;
}

/** The open wires of one monitor. */
export class Wires {
  control: ControlServer | undefined;
  scrape: ScrapeServer | undefined;
  push: Push | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(private readonly host: WireHost) {}

  openControl(address: string | Address): Promise<Address> {
    return this.#inTurn(() => this.#openControl(address));
  }

  openPrometheus(address: string | Address): Promise<Address> {
    return this.#inTurn(() => this.#openPrometheus(address));
  }

  startPush(receivers: readonly (string | PushReceiver)[]): Promise<void> {
    return this.#inTurn(() => this.#startPush(receivers));
  }

  /** Pushes once more, then frees every port, also one that is just being opened. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastTurn;
    await this.push?.close();
    await Promise.all([this.control?.close(), this.scrape?.close()]);
  }

  /** One after the other: of two listeners opened at a time one would never be closed. */
  #inTurn<T>(open: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(() => {
      if (this.#isClosed) throw new MonitorError("CLOSED", "the monitor is closed");
      return open();
    });
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async #openControl(address: string | Address): Promise<Address> {
    const { platform, options, execute, audit } = this.host;
    await this.control?.close();
    const control = await openControl({
      platform,
      address: toAddress(address, CONTROL_PORT),
      execute,
      log: audit,
      strict: options.strict ?? false,
      token: options.controlToken,
      allowRemote: options.allowRemote ?? false,
    });
    if (options.unref === true) control.unref();
    this.control = control;
    this.host.show({
      name: "monitor_control",
      help: "The control port",
      gauges: ["open"],
      read: () => ({ ...this.control?.stats }),
    });
    return control.address;
  }

  async #openPrometheus(address: string | Address): Promise<Address> {
    const { platform, options, prometheus } = this.host;
    await this.scrape?.close();
    const scrape = await openScrape({
      platform,
      address: toAddress(address, PROMETHEUS_PORT),
      encode: prometheus,
      token: options.controlToken,
    });
    if (options.unref === true) scrape.unref();
    this.scrape = scrape;
    this.host.show({
      name: "monitor_scrape",
      help: "The scrape endpoint",
      gauges: ["open"],
      read: () => ({ ...this.scrape?.stats }),
    });
    return scrape.address;
  }

  async #startPush(receivers: readonly (string | PushReceiver)[]): Promise<void> {
    const { platform, options, influx, log } = this.host;
    await this.push?.close();
    const push = createPush({
      receivers: receivers.map((to) => (typeof to === "string" ? { url: to } : to)),
      intervalMs: options.intervalMs,
      timestamps: options.timestamps,
      encode: influx,
      platform,
      log,
      unref: options.unref,
    });
    this.push = push;
    for (const [index, stats] of push.stats.entries()) {
      this.host.show(receiverPart(push.labels[index] ?? `${index}`, stats));
    }
    push.start();
  }
}

/** Reads an address, or checks one that was read. Throws `ADDRESS_INVALID`. */
export function toAddress(address: string | Address, port: number): Address {
  const isObject = typeof address === "object" && address !== null;
  if (!isObject) return parseAddress(String(address), { port });
  // Without a host or path the system would choose: every interface, and any port.
  const place = address.kind === "unix" ? address.path : address.host;
  const isWhole = typeof place === "string" && place !== "";
  if (isWhole && (address.kind === "unix" || isPort(address.port))) return address;
  const wanted = '{ kind: "tcp", host, port } or { kind: "unix", path }';
  throw new MonitorError("ADDRESS_INVALID", `an address is a text, or ${wanted}`);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}
