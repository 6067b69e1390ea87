/**
 * The ABI of the core: every export, nothing else. See README.md.
 */
import "./bytes/fixed";
import "./bytes/ascii";
import { Format, Status } from "./abi";
import { arenaMark } from "./bytes/arena";
import { execute } from "./command/execute";
import { expire } from "./command/time";
import { putInfluxLines } from "./encode/influx";
import { putExposition } from "./encode/prometheus";
import { openRegistry } from "./metrics/registry";

export { arenaEnd as output } from "./bytes/arena";
export { outcome } from "./command/outcome";
export { observe as observeCell } from "./metrics/cell";
export {
  allocateHandle as handle,
  handleCounterAdd as counterAdd,
  handleGaugeAdd as gaugeAdd,
  handleGaugeSet as gaugeSet,
  handleIntegerSet as integerSet,
  handleIsActive as isActive,
  handleObserve as observe,
} from "./metrics/handle";
export { registerLog as log } from "./metrics/log";
export { registerSeries as series, removeSeries as remove } from "./metrics/series";
export { registerField as field, registerSource as source } from "./metrics/source";
export { expire };

/**
 * Prepares the core, once, before anything else; the vm name is in the input, `TAG_VALUE_BYTES_MAX`
 * at most, and in strict mode a counted text of the original's keywords behind it. A `Status`.
 */
export function configure(vmBytes: u32, flags: u32, seriesMax: u32, seriesPerSourceMax: u32): i32 {
  const isOpen = openRegistry(vmBytes, flags, seriesMax, seriesPerSourceMax);
  return isOpen ? Status.Ok : Status.OutOfMemory;
}

/** Runs the command in `byteCount` bytes of input; returns where its reply ends. */
export function command(byteCount: u32, nowNs: u64, flags: u32): usize {
  expire(nowNs);
  return execute(byteCount, nowNs, flags);
}

/** Encodes every active series in a `Format`, stamped `nowNs`; returns where the text ends. */
export function encode(format: u32, nowNs: u64): usize {
  expire(nowNs);
  if (format == Format.Influx) return putInfluxLines(arenaMark(), nowNs);
  return putExposition(arenaMark(), format == Format.OpenMetrics, nowNs);
}
