/**
 * Events of a trace: allocations, promotions, collections, and the trace information that comes
 * first. After memtrace's `trace.ml`. What callers hand over is checked here, before anything
 * changes.
 */
import {
  AllocationSource,
  COUNTERS_COUNT,
  DEPTH_MAX,
  INFO_BYTES_MAX,
  TraceCounter,
  TraceOutput,
  TraceStatus,
} from "./abi";
import { clearCache, codeCount, missCount, putBacktrace } from "./backtrace";
import {
  BACKTRACE,
  COUNTERS,
  count,
  EVENT_PACKET_STRIDE,
  EVENT_PACKETS,
  INPUT,
  MISSES,
  OUTPUT,
} from "./layout";
import { clearLocations, putLocations, putText, turnLocations } from "./location";
import { clearNames } from "./name-table";
import {
  beginEvent,
  closePacket,
  endEvent,
  isPacketFull,
  lastUs,
  nextId,
  openPackets,
  putDummyVerifier,
  putEventHeader,
  putHeader,
  takeId,
  turnPacket,
} from "./packet";
import { clearStack, stackEnd, takeCodes, takePositions } from "./stack";
import { putVint } from "./vint";

const EVENT_INFO: u32 = 0;
const EVENT_ALLOCATION: u32 = 2;
const EVENT_PROMOTE: u32 = 3;
const EVENT_COLLECT: u32 = 4;
/** Plus the length in words, up to 16. */
const EVENT_SHORT: u32 = 100;
const SHORT_WORDS_MAX: f64 = 16;
const SHORT_FRAMES_MAX: usize = 255;

/** Numbers stay exact as f64. */
const NUMBER_MAX: f64 = 9007199254740991;

/** A call has packets for the host to emit. */
const EMIT: i32 = 1;

let hasBegun = false;

/**
 * Starts a trace and makes its first packet. The texts (executable, host, runtime parameters,
 * context) lie in INPUT one behind the other.
 */
export function begin(
  rate: f64,
  wordBits: u32,
  pid: i64,
  startUs: f64,
  executableBytes: u32,
  hostBytes: u32,
  parameterBytes: u32,
  contextBytes: u32,
): i32 {
  if (!(rate > 0 && rate <= 1) || wordBits - 1 > 254) return TraceStatus.InfoInvalid;
  if (!(startUs >= 0 && startUs <= NUMBER_MAX)) return TraceStatus.TimeInvalid;
  const bytes = <u64>executableBytes + hostBytes + parameterBytes + contextBytes;
  if (bytes > <u64>INFO_BYTES_MAX) return TraceStatus.InfoTooLong;
  clearCache();
  clearStack();
  clearNames();
  clearLocations();
  memory.fill(COUNTERS, 0, COUNTERS_COUNT << 2);
  openPackets(pid, <i64>startUs);

  // The packet that is open is the first one; the second one's place is free for the information.
  const packet = EVENT_PACKETS + EVENT_PACKET_STRIDE;
  let at = putEventHeader(putHeader(packet), EVENT_INFO, lastUs);
  putDummyVerifier(packet);
  store<f64>(at, rate);
  store<u8>(at, wordBits, 8);
  at = putText(at + 9, INPUT, executableBytes);
  let text: usize = INPUT + executableBytes;
  at = putText(at, text, hostBytes);
  text += hostBytes;
  at = putText(at, text, parameterBytes);
  store<i64>(at, pid);
  at = putText(at + 8, text + parameterBytes, contextBytes);
  closePacket(packet, at, lastUs, 0);
  store<u32>(OUTPUT, 0, TraceOutput.LocationBytes << 2);
  store<u32>(OUTPUT, packet, TraceOutput.EventAddress << 2);
  store<u32>(OUTPUT, at - packet, TraceOutput.EventBytes << 2);
  hasBegun = true;
  return EMIT;
}

/** Writes an allocation whose stack is in INPUT: u32 codes, innermost first. */
export function putAllocation(timeUs: f64, words: f64, samples: f64, source: u32, depth: u32): i32 {
  const status = refuse(timeUs, words, samples, source, depth);
  if (status != TraceStatus.Ok) return status;
  return writeAllocation(timeUs, words, samples, source, takePositions(depth));
}

/** Writes an allocation whose stack is in INPUT: u64 codes, innermost first. */
export function putWideAllocation(
  timeUs: f64,
  words: f64,
  samples: f64,
  source: u32,
  depth: u32,
): i32 {
  const status = refuse(timeUs, words, samples, source, depth);
  if (status != TraceStatus.Ok) return status;
  return writeAllocation(timeUs, words, samples, source, takeCodes(depth));
}

/** Writes that a block was promoted to the major heap. */
export function putPromote(timeUs: f64, id: f64): i32 {
  return writeOther(EVENT_PROMOTE, timeUs, id);
}

/** Writes that a block was freed. */
export function putCollect(timeUs: f64, id: f64): i32 {
  return writeOther(EVENT_COLLECT, timeUs, id);
}

/**
 * Writes what one of the last allocation's new codes means, from `records` records of `byteCount`
 * bytes in INPUT. In the order of their indices, each of them, before the next event.
 */
export function explain(missIndex: u32, records: u32, byteCount: u32): i32 {
  if (missIndex >= missCount) return TraceStatus.Malformed;
  return putLocations(load<u64>(MISSES + ((<usize>missIndex) << 3)), records, byteCount);
}

/** Completes the open packet, be it empty. */
export function flush(): i32 {
  if (!hasBegun) return TraceStatus.NotBegun;
  turnLocations();
  turnPacket(lastUs);
  return EMIT;
}

/** Why an allocation is not written. */
function refuse(timeUs: f64, words: f64, samples: f64, source: u32, depth: u32): TraceStatus {
  if (!hasBegun) return TraceStatus.NotBegun;
  if (!(timeUs <= NUMBER_MAX)) return TraceStatus.TimeInvalid;
  if (!(words >= 0 && words <= NUMBER_MAX)) return TraceStatus.CountInvalid;
  if (!(samples >= 0 && samples <= NUMBER_MAX)) return TraceStatus.CountInvalid;
  if (source > <u32>AllocationSource.External) return TraceStatus.SourceInvalid;
  if (depth - 1 >= <u32>DEPTH_MAX) return TraceStatus.DepthInvalid;
  return TraceStatus.Ok;
}

/** Writes an allocation that shares the frames before `first` with the last one. */
function writeAllocation(timeUs: f64, words: f64, samples: f64, source: u32, first: usize): i32 {
  const end = stackEnd();
  const common = (first - BACKTRACE) >> 3;
  const isShort =
    source == <u32>AllocationSource.Minor &&
    samples == 1 &&
    words >= 1 &&
    words <= SHORT_WORDS_MAX &&
    (end - first) >> 3 <= SHORT_FRAMES_MAX;
  const us = clampTime(timeUs);
  const emit = makeRoom(us);
  let at = beginEvent(isShort ? EVENT_SHORT + <u32>words : EVENT_ALLOCATION, us);
  if (isShort) {
    const hole = putVint(at, common);
    at = putBacktrace(hole + 1, first, end, nextId);
    store<u8>(hole, codeCount);
  } else {
    at = putVint(putVint(at, <u64>words), <u64>samples);
    store<u8>(at, source);
    const hole = putVint(at + 1, common);
    at = putBacktrace(hole + 2, first, end, nextId);
    store<u16>(hole, codeCount);
  }
  endEvent(at);
  takeId();
  return emit | (missCount << 1);
}

/** Writes an event that has an id and nothing else. */
function writeOther(event: u32, timeUs: f64, id: f64): i32 {
  if (!hasBegun) return TraceStatus.NotBegun;
  if (!(timeUs <= NUMBER_MAX)) return TraceStatus.TimeInvalid;
  if (!(id >= 0 && id < <f64>nextId)) return TraceStatus.IdInvalid;
  const us = clampTime(timeUs);
  const emit = makeRoom(us);
  endEvent(putVint(beginEvent(event, us), nextId - 1 - <u64>id));
  return emit;
}

/** Readers fail when time goes backwards: such an event carries the last one's time. */
function clampTime(timeUs: f64): i64 {
  if (timeUs >= <f64>lastUs) return <i64>timeUs;
  count(TraceCounter.ClampedTimes);
  return lastUs;
}

/** Completes the open packet if an event at `us` must not go into it. */
function makeRoom(us: i64): i32 {
  if (!isPacketFull(us)) return 0;
  turnLocations();
  turnPacket(us);
  return EMIT;
}
