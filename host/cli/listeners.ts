/**
 * The listeners of a run: a default port in use is given up with a warning, an address that was
 * asked for is an error before the guest starts.
 */
import { type Address, formatAddress, formatHostPort } from "../address.js";
import { MonitorError } from "../errors.js";
import type { TraceOptions } from "../memtrace/trace.js";
import type { Monitor } from "../monitor.js";
import type { Place, RunOptions } from "./options.js";

/** Where a run can be reached. */
export interface Reach {
  /** The control port, as `--to` takes it. */
  readonly control?: string | undefined;
  /** The URL of `/metrics`, or `unix:PATH`. */
  readonly metrics?: string | undefined;
  /** The memory trace port, as `--from` takes it. */
  readonly memtrace?: string | undefined;
}

export interface ListenerOptions {
  readonly warn: (text: string) => void;
  /** Takes any free port where a default one is in use, instead of none. */
  readonly isFlexible: boolean;
  /** Of what whoever connects to the memory trace port is sent. */
  readonly trace: TraceOptions;
}

/**
 * Opens what `run` asks for. Throws `ADDRESS_IN_USE`, `REMOTE_REFUSED`, … for an explicit address.
 */
export async function openListeners(
  monitor: Monitor,
  run: Pick<RunOptions, "control" | "prometheus" | "memtrace">,
  options: ListenerOptions,
): Promise<Reach> {
  const openControl = (address: Address) => monitor.openControl(address);
  const openPrometheus = (address: Address) => monitor.openPrometheus(address);
  const openMemtrace = (address: Address) => monitor.openMemtrace(address, options.trace);
  const control = await open("control", run.control, { ...options, listen: openControl });
  const prometheus = await open("prometheus", run.prometheus, {
    ...options,
    listen: openPrometheus,
  });
  const memtrace = await open("memtrace", run.memtrace, { ...options, listen: openMemtrace });
  return {
    control: control && formatAddress(control),
    metrics: prometheus && metricsUrl(prometheus),
    memtrace: memtrace && formatAddress(memtrace),
  };
}

type Listen = (address: Address) => Promise<Address>;

async function open(
  name: string,
  place: Place,
  { listen, warn, isFlexible }: ListenerOptions & { listen: Listen },
): Promise<Address | undefined> {
  if (place.kind === "off") return undefined;
  try {
    return await listen(place.address);
  } catch (error) {
    if (place.kind === "explicit" || !isTaken(error)) throw error;
    if (isFlexible) return listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    const advice = `running without it; choose another with --${name}, or off`;
    warn(`warning: ${(error as Error).message}; ${advice}`);
    return undefined;
  }
}

/** In use, or otherwise not to be had: neither is a reason not to run. */
function isTaken(error: unknown): boolean {
  if (!(error instanceof MonitorError)) return false;
  return error.code === "ADDRESS_IN_USE" || error.code === "LISTEN_FAILED";
}

function metricsUrl(address: Address): string {
  if (address.kind === "unix") return formatAddress(address);
  return `http://${formatHostPort(address.host, address.port)}/metrics`;
}
