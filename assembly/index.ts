/**
 * The ABI of the core: every export, nothing else. See README.md.
 */
import "./bytes/fixed";
import "./bytes/ascii";
import { Status, TAG_VALUE_BYTES_MAX } from "./abi";
import { arenaMark } from "./bytes/arena";
import { COUNTERS } from "./bytes/fixed";
import { INPUT } from "./bytes/input";
import { execute } from "./command/execute";
import { expire, nextDeadlineNs } from "./command/time";
import { putInfluxLines } from "./encode/influx";
import { putExposition } from "./encode/prometheus";
import { Field, Source } from "./metrics/record";
import { openRegistry } from "./metrics/registry";

export { commandOutcome } from "./command/execute";
export { observe, setInteger, setText } from "./metrics/cell";
export {
  allocateHandle,
  handleCounterAdd,
  handleGaugeAdd,
  handleGaugeSet,
  handleIntegerSet,
  handleIsActive,
  handleObserve,
} from "./metrics/handle";
export { logPasses, registerLog } from "./metrics/log";
export { registerSeries, removeSeries } from "./metrics/series";
export { registerField, registerSource } from "./metrics/source";
export { expire, nextDeadlineNs };

/**
 * Prepares the core, once, before anything else; the vm name is in the input, and in strict mode a
 * counted text of the original's keywords behind it. A `Status`.
 */
export function configure(vmBytes: u32, flags: u32, seriesMax: u32, seriesPerSourceMax: u32): i32 {
  if (vmBytes > <u32>TAG_VALUE_BYTES_MAX) return Status.TagInvalid;
  const isOpen = openRegistry(vmBytes, flags, seriesMax, seriesPerSourceMax);
  return isOpen ? Status.Ok : Status.OutOfMemory;
}

/** Where hosts write what they pass in; fixed. */
export function inputAddress(): usize {
  return INPUT;
}

/** Where four u32 count: series, overflowed registrations, refused writes, cut texts; fixed. */
export function countersAddress(): usize {
  return COUNTERS;
}

/** Where replies and bodies begin; moves when something registers. */
export function outputAddress(): usize {
  return arenaMark();
}

/** Bytes from a series record to the cell of its source's `index`-th field. */
export function fieldOffset(source: usize, index: u32): u32 {
  let at = changetype<Source>(source).firstField;
  for (; index; index--) at = changetype<Field>(at).next;
  return <u32>changetype<Field>(at).offset;
}

/** Runs the command in `byteCount` bytes of input; returns the bytes of its reply. */
export function command(byteCount: u32, nowNs: u64, flags: u32): u32 {
  expire(nowNs);
  return execute(byteCount, nowNs, flags);
}

/** Encodes every active series as line protocol, stamped `nowNs`; returns its bytes. */
export function encodeInflux(nowNs: u64): u32 {
  expire(nowNs);
  return <u32>(putInfluxLines(arenaMark(), nowNs) - arenaMark());
}

/** Encodes every active series as an exposition; returns its bytes. */
export function encodePrometheus(openMetrics: u32, nowNs: u64): u32 {
  expire(nowNs);
  return <u32>(putExposition(arenaMark(), openMetrics != 0, nowNs) - arenaMark());
}
