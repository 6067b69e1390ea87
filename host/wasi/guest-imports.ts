/**
 * The functions of module `monitor` that a guest imports (assembly/README.md, *What a guest
 * imports*), over whatever can register and log for it: the core itself in the main thread, or a
 * channel to it from a worker. Every span is checked; nothing here traps or throws into the guest.
 * What is refused is counted.
 */
import { INPUT_BYTES_MAX, Level, Status } from "../../assembly/abi.js";
import { blockImports } from "../block/imports.js";
import type { Volume } from "../block/volume.js";
import type { CoreExports } from "../core.js";
import type { ImportFunctions } from "./preview1.js";

/**
 * The core's exports that a guest calls without us in between: an increment is one wasm-to-wasm
 * call.
 */
export type HotExports = Pick<
  CoreExports,
  "counterAdd" | "gaugeSet" | "gaugeAdd" | "integerSet" | "observe" | "isActive"
>;

/** What carries out the other calls. Results are ids, handles or a negative `Status`. */
export interface GuestHost {
  readonly hot: HotExports;
  /** Registers a definition; the source's id. `bytes` is the callee's to keep. */
  source(definition: Uint8Array): number;
  /** Finds or makes a series; the handle of its first field. */
  series(source: number, values: Uint8Array): number;
  /** Sets a text field. */
  text(handle: number, text: Uint8Array): number;
  /** Finds or makes a log source; its id. */
  logSource(name: Uint8Array): number;
  /** The threshold of a log source; undefined for an id that was never given out. */
  threshold(log: number): Level | undefined;
  /** Writes a message that passes its threshold. */
  log(log: number, level: Level, text: Uint8Array): void;
  /** Counts a call that was refused here. */
  refuse(): void;
}

/**
 * Makes the import object's `monitor` member. `memory` gives the guest's memory, asked at each call
 * since a guest is instantiated after its imports; undefined makes calls with spans refuse. Without
 * `volumes` there is no block device.
 */
export function guestImports(
  host: GuestHost,
  memory: () => WebAssembly.Memory | undefined,
  volumes: readonly Volume[] = [],
): ImportFunctions {
  const span = (address: number, byteCount: number) => copySpan(memory(), address, byteCount);
  return {
    ...hotImports(host.hot),
    ...registrations(host, span),
    ...logging(host, span),
    ...blockImports({ volumes, memory, refuse: () => host.refuse() }),
  };
}

type Span = (address: number, byteCount: number) => Uint8Array | undefined;

function hotImports(hot: HotExports): ImportFunctions {
  return {
    counter_add: hot.counterAdd,
    gauge_set: hot.gaugeSet,
    gauge_add: hot.gaugeAdd,
    integer_set: hot.integerSet,
    observe: hot.observe,
    is_active: hot.isActive,
  };
}

function registrations(host: GuestHost, span: Span): ImportFunctions {
  const refusing = (result: number) => {
    if (result < 0) host.refuse();
    return result;
  };
  return {
    source(address: number, byteCount: number): number {
      const definition = span(address, byteCount);
      return refusing(definition ? host.source(definition) : Status.Malformed);
    },
    series(source: number, address: number, byteCount: number): number {
      const values = span(address, byteCount);
      return refusing(values ? host.series(source, values) : Status.Malformed);
    },
    text_set(handle: number, address: number, byteCount: number): void {
      const text = span(address, byteCount);
      refusing(text ? host.text(handle, text) : Status.Malformed);
    },
    log_source(address: number, byteCount: number): number {
      const name = span(address, byteCount);
      return refusing(name ? host.logSource(name) : Status.Malformed);
    },
  };
}

function logging(host: GuestHost, span: Span): ImportFunctions {
  const passes = (log: number, level: number) => {
    const threshold = host.threshold(log);
    if (threshold === undefined || level < Level.App || level > Level.Debug) {
      host.refuse();
      return false;
    }
    return level <= threshold;
  };
  return {
    log_passes: (log: number, level: number): number => (passes(log, level) ? 1 : 0),
    log(log: number, level: number, address: number, byteCount: number): void {
      if (!passes(log, level)) return;
      const text = span(address, byteCount);
      if (text) host.log(log, level, text);
      else host.refuse();
    },
  };
}

/** Copies a span of the guest's memory; undefined when it is not all there, or too long. */
function copySpan(
  memory: WebAssembly.Memory | undefined,
  address: number,
  byteCount: number,
): Uint8Array | undefined {
  // Wasm's i32 arrives signed; addresses are unsigned.
  const start = address >>> 0;
  const count = byteCount >>> 0;
  if (!memory || count > INPUT_BYTES_MAX || start + count > memory.buffer.byteLength) {
    return undefined;
  }
  return new Uint8Array(memory.buffer, start, count).slice();
}
