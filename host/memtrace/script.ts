/**
 * Makes a trace of an event script, the form in which test vectors come (tests/vectors/memtrace): a
 * line an event, tab-separated, a letter first. I trace information, L locations of a code, A
 * allocation, P promotion, C collection, F flush. Strict: what is not exactly that is refused, with
 * the number of its line.
 */
import {
  type AllocationSource,
  DEPTH_MAX,
  INFO_BYTES_MAX,
  TraceStatus,
} from "../../assembly/memtrace/abi.js";
import { MonitorError } from "../errors.js";
import { LocationBook, readLocations } from "./location-book.js";
import type { TraceLocation } from "./location-record.js";
import { ScriptLine } from "./script-line.js";
import { type Emit, type TraceCounts, TraceWriter } from "./writer.js";

/** Bytes of a line. */
const LINE_BYTES_MAX = 4 << 20;
const NEWLINE = 0x0a;

const KINDS = "I, L, A, P, C or F";

/** Why the writer refuses what a line says. */
const REFUSALS: Readonly<Partial<Record<TraceStatus, string>>> = {
  [TraceStatus.NotBegun]: "an event before the line I, which comes first",
  [TraceStatus.TimeInvalid]: "the time is past 2^53 - 1 µs",
  [TraceStatus.SourceInvalid]: "the source is not 0 (minor), 1 (major) or 2 (external)",
  [TraceStatus.DepthInvalid]: `a backtrace has 1 to ${DEPTH_MAX} codes`,
  [TraceStatus.IdInvalid]: "the id is not that of an earlier allocation",
};

/** Reads a script piece by piece; bounded memory beside the locations, at most 1 GiB. */
export class ScriptEncoder {
  readonly #writer: TraceWriter;
  readonly #book = new LocationBook();
  readonly #line = new ScriptLine();
  readonly #explained = new ScriptLine();
  readonly #code = new Uint32Array(2);
  #carried = new Uint8Array(0);
  #lineNumber = 0;
  #hasBegun = false;

  /** `emit` gets the trace, a packet at a time: a view that is valid until it returns. */
  constructor(module: WebAssembly.Module, emit: Emit) {
    this.#writer = new TraceWriter(module, emit, (low, high) => this.#locate(low, high));
  }

  /** What was written so far, and what of it was clamped or cut. */
  get counts(): TraceCounts {
    return this.#writer.counts();
  }

  /** Takes the next bytes of the script. Throws `MALFORMED` or `LIMIT_REACHED`, naming the line. */
  push(chunk: Uint8Array): void {
    const bytes = this.#carried.length === 0 ? chunk : join(this.#carried, chunk);
    let begin = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, begin);
      if (end < 0) break;
      this.#readLine(bytes, begin, end);
      begin = end + 1;
    }
    this.#carried = bytes.slice(begin);
    if (this.#carried.length > LINE_BYTES_MAX) {
      const where = `line ${this.#lineNumber + 1}`;
      throw new MonitorError("LIMIT_REACHED", `${where}: longer than ${LINE_BYTES_MAX} bytes`);
    }
  }

  /** Reads a last line without a line break, and ends the trace with a flush. */
  end(): void {
    const last = this.#carried;
    this.#carried = new Uint8Array(0);
    if (last.length > 0) this.#readLine(last, 0, last.length);
    if (!this.#hasBegun) throw new MonitorError("MALFORMED", "no line I: there is no trace");
    this.#writer.flush();
  }

  #readLine(bytes: Uint8Array, begin: number, end: number): void {
    this.#lineNumber++;
    this.#line.open(bytes, begin, end);
    try {
      this.#readEvent(this.#line);
    } catch (error) {
      if (!(error instanceof MonitorError)) throw error;
      throw new MonitorError(error.code, `line ${this.#lineNumber}: ${error.message}`);
    }
  }

  #readEvent(line: ScriptLine): void {
    const kind = line.readKind();
    if (kind === "A") this.#readAllocation(line);
    else if (kind === "C")
      this.#readOther(line, (timeUs, id) => this.#writer.putCollect(timeUs, id));
    else if (kind === "P")
      this.#readOther(line, (timeUs, id) => this.#writer.putPromote(timeUs, id));
    else if (kind === "L") this.#readLocations(line);
    else if (kind === "I") this.#readInfo(line);
    else if (kind === "F") this.#readFlush(line);
    else throw new MonitorError("MALFORMED", `a line begins with ${KINDS} and a tab`);
  }

  #readFlush(line: ScriptLine): void {
    line.finish();
    this.#check(this.#hasBegun ? TraceStatus.Ok : TraceStatus.NotBegun);
    this.#writer.flush();
  }

  #readInfo(line: ScriptLine): void {
    if (this.#hasBegun) throw new MonitorError("MALFORMED", "a second line I");
    const info = {
      samplingRate: line.readFraction("sampling rate"),
      wordBits: line.readCount("word size"),
      executable: line.readBytes("executable"),
      host: line.readBytes("host"),
      runtimeParameters: line.readBytes("runtime parameters"),
      pid: line.readInteger("pid"),
      startUs: line.readCount("start time"),
      context: line.readBytes("context"),
    };
    line.finish();
    this.#writer.begin(info);
    this.#hasBegun = true;
    if (this.counts.cutTexts > 0) {
      const room = `${INFO_BYTES_MAX} bytes`;
      throw new MonitorError("LIMIT_REACHED", `the texts of the line I are over ${room}`);
    }
  }

  #readAllocation(line: ScriptLine): void {
    const timeUs = line.readCount("time");
    const words = line.readCount("length in words");
    const samples = line.readCount("number of samples");
    const source: AllocationSource = line.readCount("source");
    const depth = line.readCodes("location code", this.#writer.codes);
    line.finish();
    this.#check(this.#writer.putWideAllocation(timeUs, words, samples, source, depth));
  }

  #readOther(line: ScriptLine, put: (timeUs: number, id: number) => TraceStatus): void {
    const timeUs = line.readCount("time");
    const id = line.readCount("id");
    line.finish();
    this.#check(put(timeUs, id));
  }

  #readLocations(line: ScriptLine): void {
    line.readCode("location code", this.#code);
    const fields = line.rest;
    readLocations(line);
    this.#book.add(this.#code[0] ?? 0, this.#code[1] ?? 0, fields);
  }

  #locate(low: number, high: number): readonly TraceLocation[] {
    if (this.#book.open(low, high, this.#explained)) return readLocations(this.#explained);
    const code = (BigInt(high) << 32n) | BigInt(low);
    throw new MonitorError("MALFORMED", `location code ${code} has no line L before this one`);
  }

  #check(status: TraceStatus): void {
    if (status === TraceStatus.Ok) return;
    throw new MonitorError("MALFORMED", REFUSALS[status] ?? `refused with status ${status}`);
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
