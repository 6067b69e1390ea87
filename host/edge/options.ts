/**
 * What an edge monitor can be told. What needs a listener has no option here: such runtimes are
 * called, they do not listen.
 */
import type { CoreOptions } from "../core.js";
import type { MonitorOptions } from "../options.js";
import type { Connect } from "./socket.js";

/** The options that mean the same as for a monitor of a program. */
type Shared = Pick<
  MonitorOptions,
  | "vmName"
  | "timestamps"
  | "sortTags"
  | "unsigned"
  | "seriesMax"
  | "seriesPerSourceMax"
  | "logLevels"
  | "metrics"
  | "push"
>;

export interface EdgeOptions extends Shared {
  /** The core, compiled: imported statically where a runtime refuses to compile bytes. */
  readonly module: CoreOptions["module"];
  /**
   * Tells this isolate from others, in tag `vm` after the name: `shop-3f9a2c1b`.
   * 1 to 64 letters, digits, `_`, `.`, `-`.
   * @default 8 random hexadecimal digits
   */
  readonly instance?: string | undefined;
  /** Hides series that have not changed for this long, in milliseconds. @default 300_000 */
  readonly seriesTtlMs?: number | undefined;
  /** Bearer token of `/control`, and of `/metrics`; without it `/control` is refused. */
  readonly controlToken?: string | undefined;
  /** Before `/metrics` and `/control`: `/_monitor`. @default none */
  readonly basePath?: string | undefined;
  /** Least time between two flushes of `flushIfDue`, in milliseconds. @default 10_000 */
  readonly intervalMs?: number | undefined;
  /** Bytes that wait for one receiver at most. @default 4 MiB */
  readonly bufferBytesMax?: number | undefined;
  /** Lines that wait for one receiver at most. @default 50_000 */
  readonly bufferLinesMax?: number | undefined;
  /**
   * What posts to HTTP receivers. A service binding's needs its object:
   * `(url, init) => env.STORE.fetch(url, init)`.
   * @default the global one
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** What reaches `tcp://` receivers: `connect` of `cloudflare:sockets`. @default none are */
  readonly connect?: Connect | undefined;
  /** How log messages look on the console. @default "text" */
  readonly logs?: { readonly format?: "text" | "json" | undefined } | undefined;
}
