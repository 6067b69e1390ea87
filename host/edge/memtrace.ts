/**
 * Memory traces of the wasm modules of a page, or of any program that may compile bytes: into a
 * stream, since nothing here listens. An entry of its own: the rewriter that hooks allocators is
 * larger than all of the monitor.
 */
import { Memtrace } from "../memtrace/memtrace.js";
import { SelfSources } from "../self.js";
import type { EdgeMonitor } from "./monitor.js";

export interface EdgeMemtraceOptions {
  /** The trace writer, compiled: `memtrace.wasm` of the package. */
  readonly module: WebAssembly.Module;
  /** What runs wasm, in the trace's header. @default "unknown" */
  readonly engine?: string | undefined;
}

/** What makes traces without a port. */
export type EdgeMemtrace = Pick<Memtrace, "start" | "instrument" | "close">;

/** Prepares memory traces of what `instrument` hooks; shows them in the source `memtrace`. */
export function openMemtrace(
  monitor: EdgeMonitor,
  { module, engine = "unknown" }: EdgeMemtraceOptions,
): EdgeMemtrace {
  const self = new SelfSources(monitor);
  const log = monitor.log("memtrace");
  const nowNs = () => BigInt(Date.now()) * 1_000_000n;
  return new Memtrace({
    platform: { nowNs, engine, traceModule: () => module },
    allowRemote: false,
    unref: true,
    show: (part) => self.show(part),
    log: (level, text) => log[level](text),
  });
}
