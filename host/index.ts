/**
 * The library for Node.
 */
import { Monitor } from "./monitor.js";
import type { MonitorOptions } from "./options.js";
import { nodePlatform, readCore } from "./platforms/node.js";

export { Level } from "../assembly/abi.js";
export type { Address } from "./address.js";
export {
  BOUNDS,
  exponentialBounds,
  type FieldKind,
  type FieldOptions,
  linearBounds,
  type SourceOptions,
} from "./definition.js";
export { MonitorError, type MonitorErrorCode } from "./errors.js";
export type {
  HookDescription,
  HookedFunction,
  HookRole,
  OffsetSegment,
  Stacks,
} from "./instrument/description.js";
export type {
  CounterCell,
  DistributionCell,
  GaugeCell,
  IntegerCell,
  TextCell,
} from "./instruments/cell.js";
export type { Labels } from "./instruments/children.js";
export type { CounterSource, CounterSourceOptions } from "./instruments/counter-source.js";
export type {
  Counter,
  CounterOptions,
  Distribution,
  FamilyOptions,
  Gauge,
  HistogramOptions,
  SummaryOptions,
} from "./instruments/family.js";
export type { FieldCell, FieldValue, Source, SourceSeries } from "./instruments/source.js";
export type { Logger, Message } from "./logs/logger.js";
export type { Memtrace } from "./memtrace/memtrace.js";
export type { InstrumentedModule, InstrumentOptions } from "./memtrace/plugin.js";
export type { TraceEnd } from "./memtrace/session.js";
export type { NodeWritable, TraceTarget } from "./memtrace/sink.js";
export type { Trace, TraceOptions, TraceStats } from "./memtrace/trace.js";
export type { Meter } from "./meter.js";
export type { Monitor } from "./monitor.js";
export type { LogOptions, MonitorOptions, PushReceiver } from "./options.js";
export type { Platform } from "./platform.js";

/**
 * Makes a monitor, opens the listeners asked for, and starts to push. Listeners bind to loopback
 * unless told otherwise. Throws `OPTION_INVALID`, `ADDRESS_INVALID`, `ADDRESS_IN_USE`,
 * `REMOTE_REFUSED`; whatever was open by then is closed.
 */
export async function createMonitor(options: MonitorOptions = {}): Promise<Monitor> {
  const { platform = nodePlatform, module = readCore(options.memory !== undefined) } = options;
  const monitor = new Monitor({ ...options, platform, module });
  try {
    if (options.defaultSources === true) await monitor.addDefaultSources();
    if (options.control !== undefined) await monitor.openControl(options.control);
    if (options.prometheus !== undefined) await monitor.openPrometheus(options.prometheus);
    if (options.memtrace !== undefined) await monitor.openMemtrace(options.memtrace);
    await monitor.startPush(receiversOf(options.push));
  } catch (error) {
    await monitor.close();
    throw error;
  }
  return monitor;
}

function receiversOf(
  push: MonitorOptions["push"],
): Exclude<MonitorOptions["push"], string | undefined> {
  if (push === undefined) return [];
  return typeof push === "string" ? [push] : push;
}
