/**
 * The ABI of the core: every export, nothing else. See README.md.
 */

import { CoreFlag, Status, TAG_VALUE_BYTES_MAX } from "./abi";
import { arenaMark } from "./bytes/arena";
import { setKeywordPrefix } from "./bytes/escape";
import { INPUT } from "./bytes/input";
import { execute } from "./command/execute";
import { expire, nextDeadlineNs } from "./command/timer";
import { putInfluxLines } from "./encode/influx";
import { putExposition } from "./encode/prometheus";
import { openLogs } from "./logs/source";
import { Field, Series, Source } from "./metrics/record";
import { openRegistry } from "./metrics/registry";
import * as series from "./metrics/series";
import * as source from "./metrics/source";

export { commandOutcome } from "./command/execute";
export { logPasses, registerLog } from "./logs/source";
export {
  counterAdd,
  gaugeAdd,
  gaugeSet,
  observe,
  refusedCount,
  setInteger,
  setText,
  truncatedCount,
} from "./metrics/cell";
export {
  allocateHandle,
  handleCounterAdd,
  handleGaugeAdd,
  handleGaugeSet,
  handleIntegerSet,
  handleIsActive,
  handleObserve,
} from "./metrics/handle";
export { overflowCount, seriesCount } from "./metrics/series";
export { expire, nextDeadlineNs };

/** Prepares the core, once, before anything else; the vm name is in the input. A `Status`. */
export function configure(vmBytes: u32, flags: u32, seriesMax: u32, seriesPerSourceMax: u32): i32 {
  if (vmBytes > <u32>TAG_VALUE_BYTES_MAX) return Status.TagInvalid;
  setKeywordPrefix((flags & CoreFlag.Strict) != 0);
  openLogs();
  const isOpen = openRegistry(vmBytes, flags, seriesMax, seriesPerSourceMax);
  return isOpen ? Status.Ok : Status.OutOfMemory;
}

/** Where hosts write what they pass in; fixed. */
export function inputAddress(): usize {
  return INPUT;
}

/** Where replies and bodies begin; moves when something registers. */
export function outputAddress(): usize {
  return arenaMark();
}

export function registerSource(byteCount: u32): i32 {
  return source.registerSource(byteCount);
}

export function registerField(address: usize, byteCount: u32): i32 {
  return source.registerField(changetype<Source>(address), byteCount);
}

export function registerSeries(address: usize, byteCount: u32): i32 {
  return series.registerSeries(changetype<Source>(address), byteCount);
}

export function removeSeries(address: usize): void {
  series.removeSeries(changetype<Series>(address));
}

/** Bytes from a series record to the cell of its source's `index`-th field. */
export function fieldOffset(address: usize, index: u32): u32 {
  let at = changetype<Source>(address).firstField;
  for (; index; index--) at = changetype<Field>(at).next;
  return <u32>changetype<Field>(at).offset;
}

export function command(byteCount: u32, nowNs: u64, flags: u32): u32 {
  expire(nowNs);
  return execute(byteCount, nowNs, flags);
}

export function encodeInflux(nowNs: u64): u32 {
  expire(nowNs);
  return <u32>(putInfluxLines(arenaMark(), nowNs) - arenaMark());
}

export function encodePrometheus(openMetrics: u32, nowNs: u64): u32 {
  expire(nowNs);
  return <u32>(putExposition(arenaMark(), openMetrics != 0, nowNs) - arenaMark());
}
