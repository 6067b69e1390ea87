/**
 * What an edge monitor can be told. What needs a listener has no option here: such runtimes are
 * called, they do not listen.
 */
import type { CoreOptions } from "../core.js";
import type { MonitorOptions } from "../options.js";
import type { Wire } from "./wire.js";

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
>;

export interface EdgeOptions<Serving = unknown, Pushing = unknown> extends Shared {
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
  /** `serve(…)` of `wasm-monitoring/edge/serve`: gives the monitor `fetch`. @default none */
  readonly serve?: Wire<Serving>;
  /** `push(…)` of `wasm-monitoring/edge/push`: gives the monitor `flush`. @default none */
  readonly push?: Wire<Pushing>;
  /** How log messages look on the console. @default "text" */
  readonly logs?: { readonly format?: "text" | "json" | undefined } | undefined;
}
