/**
 * An instance of `build/memtrace.wasm` for writing: its exports, and views of the places where
 * bytes go in and come out. Its memory never grows, so views stay valid.
 */
import { COUNTERS_COUNT, DEPTH_MAX, MISSES_MAX } from "../../assembly/memtrace/abi.js";

/** Functions of the writer; see `assembly/memtrace/index.ts`. */
export interface WriterExports {
  begin(rate: number, wordBits: number, pid: bigint, startUs: number, ...bytes: number[]): number;
  explain(missIndex: number, records: number, byteCount: number): number;
  flush(): number;
  putAllocation: PutAllocation;
  putCollect(timeUs: number, id: number): number;
  putPromote(timeUs: number, id: number): number;
  putWideAllocation: PutAllocation;
}

type PutAllocation = (
  timeUs: number,
  words: number,
  samples: number,
  source: number,
  depth: number,
) => number;

interface PlaceExports {
  readonly memory: WebAssembly.Memory;
  readonly counters: WebAssembly.Global;
  readonly input: WebAssembly.Global;
  readonly inputBytesMax: WebAssembly.Global;
  readonly locationPacket: WebAssembly.Global;
  readonly misses: WebAssembly.Global;
  readonly output: WebAssembly.Global;
}

export interface TraceModule {
  readonly exports: WriterExports;
  /** All of the memory. */
  readonly bytes: Uint8Array;
  /** What a call is given; also seen as `positions` (u32) and `codes` (pairs of u32). */
  readonly input: Uint8Array;
  readonly positions: Uint32Array;
  readonly codes: Uint32Array;
  /** By `TraceOutput`. */
  readonly output: Uint32Array;
  /** By `TraceCounter`. */
  readonly counters: Uint32Array;
  /** Codes of the last allocation that are to be explained: pairs of u32. */
  readonly misses: Uint32Array;
  /** The address of a complete packet of locations. */
  readonly locationPacket: number;
}

/** Makes an instance. */
export function openModule(module: WebAssembly.Module): TraceModule {
  const { exports } = new WebAssembly.Instance(module);
  const places = exports as unknown as PlaceExports;
  const { buffer } = places.memory;
  const input = Number(places.input.value);
  return {
    exports: exports as unknown as WriterExports,
    bytes: new Uint8Array(buffer),
    input: new Uint8Array(buffer, input, Number(places.inputBytesMax.value)),
    positions: new Uint32Array(buffer, input, DEPTH_MAX),
    codes: new Uint32Array(buffer, input, 2 * DEPTH_MAX),
    output: new Uint32Array(buffer, Number(places.output.value), 3),
    counters: new Uint32Array(buffer, Number(places.counters.value), COUNTERS_COUNT),
    misses: new Uint32Array(buffer, Number(places.misses.value), 2 * MISSES_MAX),
    locationPacket: Number(places.locationPacket.value),
  };
}
