/**
 * What a monitor can be told when it is made.
 */
import type { Address } from "./address.js";
import type { UnsignedForm } from "./core.js";
import type { Platform } from "./platform.js";

export interface MonitorOptions {
  /** Tag `vm` of every pushed line, and the host name in syslog. @default none */
  readonly vmName?: string | undefined;
  /**
   * The control port byte for byte as the original has it, and its keyword prefix. @default false
   */
  readonly strict?: boolean | undefined;
  /** `ns`: lines carry their time; `none`: the receiver stamps them. @default "ns" */
  readonly timestamps?: "ns" | "none" | undefined;
  /** Tags sorted by key after `vm`; otherwise in registration order. @default true */
  readonly sortTags?: boolean | undefined;
  /** How unsigned fields are pushed: `i` saturates at 2^63 − 1. @default "i" */
  readonly unsigned?: UnsignedForm | undefined;
  /** Series in all; more share one overflow series a source. @default 100_000 */
  readonly seriesMax?: number | undefined;
  /** Series of one source. @default 10_000 */
  readonly seriesPerSourceMax?: number | undefined;
  /** Hides series that have not changed for this long, in milliseconds. @default never */
  readonly seriesTtlMs?: number | undefined;
  /** Thresholds to start with: `*:info,dns:debug`; also of sources that register later. */
  readonly logLevels?: string | undefined;
  /** Switches to start with: `*:off,memory:on`; also of sources that register later. */
  readonly metrics?: string | undefined;
  /** Where to push: `tcp://h:p`, `udp://h:p`, `unix:PATH`, `http(s)://…`, `-`. @default nowhere */
  readonly push?: string | readonly (string | PushReceiver)[] | undefined;
  /** Time between two pushes, in milliseconds. @default 10_000 */
  readonly intervalMs?: number | undefined;
  /** Where the control port listens: `tcp:127.0.0.1:2323`, `unix:PATH`. @default nowhere */
  readonly control?: string | undefined;
  /** Where `/metrics` is served: `9090`, `tcp:HOST:PORT`, `unix:PATH`. @default nowhere */
  readonly prometheus?: string | undefined;
  /** Where memory traces are served: `tcp:127.0.0.1:4242`, `unix:PATH`. @default nowhere */
  readonly memtrace?: string | undefined;
  /** Lets the control and the trace port listen where others can reach them. @default false */
  readonly allowRemote?: boolean | undefined;
  /** First line of a control connection, bearer token of a scrape. @default none */
  readonly controlToken?: string | undefined;
  /** Where log messages go, and how they look. @default text on standard error */
  readonly logs?: LogOptions | undefined;
  /** `resource_usage`, `process_*` and `nodejs_*` of this process. @default false */
  readonly defaultSources?: boolean | undefined;
  /** Lets the process exit while listeners and timers are open. @default false */
  readonly unref?: boolean | undefined;
  /** The compiled core. @default `build/monitor.wasm` */
  readonly module?: WebAssembly.Module | undefined;
  /** A shared memory for the shared build of the core, given as `module`. */
  readonly memory?: WebAssembly.Memory | undefined;
  /** What the runtime supplies. @default Node */
  readonly platform?: Platform | undefined;
}

export interface PushReceiver {
  readonly url: string;
  /** Sent to an HTTP receiver as `Authorization: Token …`. */
  readonly token?: string | undefined;
}

export interface LogOptions {
  /** @default "text" */
  readonly format?: "text" | "json" | undefined;
  /** `stderr`, `syslog+udp://HOST[:PORT]`, `syslog+tcp://HOST[:PORT]`. @default "stderr" */
  readonly to?: string | undefined;
  /** @default on a terminal, unless `NO_COLOR` is set */
  readonly colour?: boolean | undefined;
}

/** Where listeners listen. */
export interface Addresses {
  readonly control?: Address;
  readonly prometheus?: Address;
  readonly memtrace?: Address;
}
