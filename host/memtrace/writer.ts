/**
 * Writes a memory trace: memtrace's format, version 3 (CTF 1.8 underneath). A typed skin over
 * `build/memtrace.wasm`, which does all of the encoding; packets leave through a callback.
 */
import {
  type AllocationSource,
  INFO_BYTES_MAX,
  LOCATIONS_MAX,
  TraceCounter,
  TraceOutput,
  TraceStatus,
} from "../../assembly/memtrace/abi.js";
import { MonitorError } from "../errors.js";
import { putLocations, putTexts, type TraceLocation, type TraceText } from "./location-record.js";
import { openModule, type TraceModule, type WriterExports } from "./trace-module.js";

/** What a trace says of itself, first. */
export interface TraceInfo {
  /** Probability that a word is sampled, in (0, 1]. */
  readonly samplingRate: number;
  /** 32 for wasm32. */
  readonly wordBits: number;
  readonly executable: TraceText;
  readonly host: TraceText;
  /** Of the guest's runtime; OCaml puts OCAMLRUNPARAM here. */
  readonly runtimeParameters: TraceText;
  readonly pid: number | bigint;
  /** Microseconds since the epoch. */
  readonly startUs: number;
  /** How the trace was made. Cut first when the texts do not fit into a packet. */
  readonly context: TraceText;
}

/** Takes bytes of the trace, in order. The view is valid until it returns: copy what you keep. */
export type Emit = (bytes: Uint8Array) => void;

/**
 * Finds the locations of a code, as readers take them: the outermost function first, the innermost
 * inlined one last. Called during `putAllocation` for codes that the trace has not explained, and
 * now and then again for one that it has: keep what is costly.
 */
export type Locate = (low: number, high: number) => readonly TraceLocation[];

/** What the writer wrote, and what it had to clamp or cut. */
export interface TraceCounts {
  readonly bytes: number;
  readonly packets: number;
  readonly allocations: number;
  /** Collects and promotes. */
  readonly others: number;
  /** Location events: codes explained, some of them repeatedly. */
  readonly locations: number;
  /** Events that came with a time before the last one's, which they then carry. */
  readonly clampedTimes: number;
  /** Backtraces of which the innermost frames did not fit into 4,096 bytes. */
  readonly cutBacktraces: number;
  /** Codes with over 255 locations or 4,096 bytes of them, written as `<unknown>`. */
  readonly unknownLocations: number;
  /** Lines and columns written as the format's maximum. */
  readonly clampedFields: number;
  /** Codes 0, which no reader takes, written as 1. */
  readonly zeroCodes: number;
  /** Texts of the trace information that were cut. */
  readonly cutTexts: number;
}

/** Bit 0 of a result: there are packets to emit. The other bits count codes to explain. */
const EMIT = 1;

/** One trace at a time, one writer a thread; `begin` starts the next one from nothing. */
export class TraceWriter {
  /**
   * Where a guest's backtrace goes before `putAllocation`: byte offsets, **innermost first**. Room
   * for `DEPTH_MAX` frames. The same view as long as the writer lives; every call overwrites it.
   */
  readonly positions: Uint32Array;
  /**
   * Where a backtrace of 64-bit codes goes before `putWideAllocation`: pairs of low and high
   * word, **innermost first**. The same memory as `positions`.
   */
  readonly codes: Uint32Array;
  readonly #module: TraceModule;
  readonly #exports: WriterExports;
  readonly #emit: Emit;
  readonly #locate: Locate;
  #allocations = 0;
  #others = 0;
  #pendingEvents = 0;
  #emittedBytes = 0;
  #packets = 0;
  #locations = 0;
  #cutTexts = 0;

  /**
   * Instantiates `build/memtrace.wasm`: 1.4 MB of memory, of which a page counts once it is
   * touched. `emit` and `locate` must not call the writer.
   */
  constructor(module: WebAssembly.Module, emit: Emit, locate: Locate) {
    this.#module = openModule(module);
    this.#exports = this.#module.exports;
    this.#emit = emit;
    this.#locate = locate;
    this.positions = this.#module.positions;
    this.codes = this.#module.codes;
  }

  /** The id of the next allocation: allocations are counted from 0. */
  get nextId(): number {
    return this.#allocations;
  }

  /** Events that `flush` would send; 0 right after a flush. */
  get pendingEvents(): number {
    return this.#pendingEvents;
  }

  /**
   * Starts a trace and emits its first packet. Texts that do not fit into it are cut, the context
   * first. Throws `OPTION_INVALID` for a rate outside (0, 1], a word size outside 1 to 255, a start
   * before the epoch or past 2^53 - 1 µs, a pid that is no 64-bit integer.
   */
  begin(info: TraceInfo): void {
    const { samplingRate, wordBits, executable, host, runtimeParameters, context } = info;
    const pid = parsePid(info.pid);
    const room = this.#module.input.subarray(0, INFO_BYTES_MAX);
    const texts = putTexts([executable, host, runtimeParameters, context], room);
    const result = this.#exports.begin(
      samplingRate,
      wordBits,
      pid,
      info.startUs,
      ...texts.byteCounts,
    );
    if (result < 0) throw refusal(result, info);
    this.#allocations = 0;
    this.#others = 0;
    this.#emittedBytes = 0;
    this.#packets = 0;
    this.#locations = 0;
    this.#cutTexts = texts.cutCount;
    this.#turn(0);
  }

  /**
   * Writes one allocation whose backtrace of `depth` frames is in `positions`. May emit packets and
   * ask `locate`. Returns `Ok`, or a negative status when refused: nothing is written then and no
   * id taken. A time before the last event's is taken for that one's and counted. An error of
   * `locate` is thrown when the trace is whole again: that code is `<unknown>`.
   */
  putAllocation(
    timeUs: number,
    words: number,
    samples: number,
    source: AllocationSource,
    depth: number,
  ): TraceStatus {
    return this.#settle(this.#exports.putAllocation(timeUs, words, samples, source, depth));
  }

  /** As `putAllocation`, with the backtrace in `codes`. */
  putWideAllocation(
    timeUs: number,
    words: number,
    samples: number,
    source: AllocationSource,
    depth: number,
  ): TraceStatus {
    return this.#settle(this.#exports.putWideAllocation(timeUs, words, samples, source, depth));
  }

  /** Writes that a block was freed. Each id at most once: readers fail on a second one. */
  putCollect(timeUs: number, id: number): TraceStatus {
    return this.#settleOther(this.#exports.putCollect(timeUs, id));
  }

  /** Writes that a block was promoted. Not for guests: they have no minor heap. */
  putPromote(timeUs: number, id: number): TraceStatus {
    return this.#settleOther(this.#exports.putPromote(timeUs, id));
  }

  /** Emits what is pending, an empty packet if nothing is; the trace goes on. */
  flush(): void {
    if (this.#exports.flush() === EMIT) this.#turn(0);
  }

  /** What was written since `begin`; after it, bytes and packets include the first packet. */
  counts(): TraceCounts {
    const counter = (index: TraceCounter) => this.#module.counters[index] ?? 0;
    return {
      bytes: this.#emittedBytes,
      packets: this.#packets,
      allocations: this.#allocations,
      others: this.#others,
      locations: this.#locations,
      clampedTimes: counter(TraceCounter.ClampedTimes),
      cutBacktraces: counter(TraceCounter.CutBacktraces),
      unknownLocations: counter(TraceCounter.UnknownLocations),
      clampedFields: counter(TraceCounter.ClampedFields),
      zeroCodes: counter(TraceCounter.ZeroCodes),
      cutTexts: this.#cutTexts,
    };
  }

  #settle(result: number): TraceStatus {
    if (result < 0) return result;
    this.#allocations++;
    this.#pendingEvents++;
    if (result !== 0) this.#attend(result);
    return TraceStatus.Ok;
  }

  #settleOther(result: number): TraceStatus {
    if (result < 0) return result;
    this.#others++;
    this.#pendingEvents++;
    if (result !== 0) this.#turn(1);
    return TraceStatus.Ok;
  }

  /** Emits what an allocation completed, then explains the codes that it brought in. */
  #attend(result: number): void {
    if ((result & EMIT) !== 0) this.#turn(1);
    const codeCount = result >> 1;
    let failed = false;
    let failure: unknown;
    // `explain` overwrites nothing that is still needed: codes are copied out of the backtrace.
    for (let index = 0; index < codeCount; index++) {
      try {
        this.#explain(index, this.#locateMiss(index));
      } catch (error) {
        this.#explain(index, undefined);
        failed = true;
        failure = error;
      }
    }
    if (failed) throw failure;
  }

  #locateMiss(index: number): readonly TraceLocation[] {
    const { misses } = this.#module;
    return this.#locate(misses[2 * index] ?? 0, misses[2 * index + 1] ?? 0);
  }

  /** `undefined` is more than the format can say: the module writes `<unknown>`. */
  #explain(index: number, locations: readonly TraceLocation[] | undefined): void {
    const byteCount = locations === undefined ? -1 : putLocations(locations, this.#module.input);
    const records = byteCount < 0 ? LOCATIONS_MAX + 1 : (locations?.length ?? 0);
    this.#locations++;
    if (this.#exports.explain(index, records, Math.max(byteCount, 0)) === EMIT) this.#emitOutput();
  }

  /** Emits complete packets; `pendingEvents` are in the one that is open now. */
  #turn(pendingEvents: number): void {
    this.#pendingEvents = pendingEvents;
    this.#emitOutput();
  }

  #emitOutput(): void {
    const { output, locationPacket } = this.#module;
    const locationBytes = output[TraceOutput.LocationBytes] ?? 0;
    const eventBytes = output[TraceOutput.EventBytes] ?? 0;
    const eventAddress = output[TraceOutput.EventAddress] ?? 0;
    if (locationBytes > 0) this.#emitPacket(locationPacket, locationBytes);
    if (eventBytes > 0) this.#emitPacket(eventAddress, eventBytes);
  }

  #emitPacket(address: number, byteCount: number): void {
    this.#packets++;
    this.#emittedBytes += byteCount;
    this.#emit(this.#module.bytes.subarray(address, address + byteCount));
  }
}

function parsePid(pid: number | bigint): bigint {
  if (typeof pid === "bigint" && BigInt.asIntN(64, pid) === pid) return pid;
  if (Number.isSafeInteger(pid)) return BigInt(pid);
  throw new MonitorError("OPTION_INVALID", `pid: ${pid} is not a 64-bit integer`);
}

function refusal(status: TraceStatus, info: TraceInfo): MonitorError {
  if (status === TraceStatus.TimeInvalid) {
    const range = "between the epoch and 2^53 - 1 µs";
    return new MonitorError("OPTION_INVALID", `startUs: ${info.startUs} is not ${range}`);
  }
  const wrong = `samplingRate ${info.samplingRate}, wordBits ${info.wordBits}`;
  return new MonitorError(
    "OPTION_INVALID",
    `${wrong}: a rate in (0, 1] and 1 to 255 bits are right`,
  );
}
