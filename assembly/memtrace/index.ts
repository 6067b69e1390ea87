/**
 * The ABI of `build/memtrace.wasm`: the writer of traces, and the sampler. It imports nothing, and
 * every input gets a status: none traps. Calls of the writer return a negative `TraceStatus`, or
 * bit 0: there are packets to emit, and from bit 1 on: how many codes to explain.
 */
export {
  COUNTERS as counters,
  INPUT as input,
  INPUT_BYTES_MAX as inputBytesMax,
  LOCATION_PACKET as locationPacket,
  MISSES as misses,
  OUTPUT as output,
} from "./layout";
export { armCountdown, countSamples, drawCountdown, startSampler } from "./sampler";
export {
  begin,
  explain,
  flush,
  putAllocation,
  putCollect,
  putPromote,
  putWideAllocation,
} from "./writer";
