/**
 * The core as the host sees it: bytes in, bytes out, and typed arrays over its memory. Knows the
 * ABI of `assembly/index.ts` and nothing of formats.
 */
import { CommandFlag, CoreFlag, INPUT_BYTES_MAX, Outcome, Status } from "../assembly/abi.js";
import { check, MonitorError } from "./errors.js";
import { KEYWORDS } from "./keywords.js";

/** What the wasm module exports; see `assembly/README.md`. */
export interface CoreExports {
  readonly memory?: WebAssembly.Memory;
  configure(vmBytes: number, flags: number, seriesMax: number, perSourceMax: number): number;
  inputAddress(): number;
  countersAddress(): number;
  outputAddress(): number;
  registerSource(byteCount: number): number;
  registerField(source: number, byteCount: number): number;
  registerSeries(source: number, byteCount: number): number;
  removeSeries(series: number): void;
  fieldOffset(source: number, index: number): number;
  registerLog(byteCount: number): number;
  logPasses(log: number, level: number): number;
  setInteger(cell: number, value: bigint): void;
  observe(cell: number, value: number): void;
  setText(cell: number, byteCount: number): void;
  allocateHandle(cell: number): number;
  handleCounterAdd(handle: number, value: number): void;
  handleGaugeSet(handle: number, value: number): void;
  handleGaugeAdd(handle: number, value: number): void;
  handleIntegerSet(handle: number, value: bigint): void;
  handleObserve(handle: number, value: number): void;
  handleIsActive(handle: number): number;
  command(byteCount: number, nowNs: bigint, flags: number): number;
  commandOutcome(): number;
  nextDeadlineNs(): bigint;
  expire(nowNs: bigint): void;
  encodeInflux(nowNs: bigint): number;
  encodePrometheus(openMetrics: number, nowNs: bigint): number;
}

/** How unsigned integers go to an Influx receiver. */
export type UnsignedForm = "i" | "u" | "float";

export interface CoreOptions {
  /** The compiled core: `build/monitor.wasm`, or the shared build together with `memory`. */
  readonly module: WebAssembly.Module;
  /** The shared memory that the shared build imports. */
  readonly memory?: WebAssembly.Memory | undefined;
  /** Written as tag `vm` on every line. @default none */
  readonly vmName?: string | undefined;
  /** @default false */
  readonly strict?: boolean | undefined;
  /** @default true */
  readonly sortTags?: boolean | undefined;
  /** @default "ns" */
  readonly timestamps?: "ns" | "none" | undefined;
  /** @default "i" */
  readonly unsigned?: UnsignedForm | undefined;
  /** Series in all. @default 100_000 */
  readonly seriesMax?: number | undefined;
  /** Series of one source. @default 10_000 */
  readonly seriesPerSourceMax?: number | undefined;
}

export interface CommandResult {
  /** A copy. */
  readonly reply: Uint8Array;
  readonly failed: boolean;
  /** It was a setting, and it was applied. */
  readonly changed: boolean;
  /** Strict mode: it named an unknown source, which was ignored. */
  readonly unknownIgnored: boolean;
}

const SERIES_MAX = 100_000;
const SERIES_PER_SOURCE_MAX = 10_000;
const VM_NAME_BYTES_MAX = 1024;

/** One instance of the core, and views of its memory that are always current on this thread. */
export class Core {
  readonly exports: CoreExports;
  readonly memory: WebAssembly.Memory;
  /** Cell values, by byte address >>> 3. */
  floats: Float64Array;
  /** States and switches, by byte address >>> 2. */
  words: Uint32Array;
  bytes: Uint8Array;
  /** Values that handles refused; those refused in wasm are in `counts()`. */
  refusals = 0;
  /** Tag values that were cut; texts cut in wasm are in `counts`. */
  truncations = 0;
  readonly #input: number;
  readonly #counters: number;

  /** Instantiates and configures; throws `OPTION_INVALID` or `OUT_OF_MEMORY`. */
  constructor(options: CoreOptions) {
    const imports = options.memory === undefined ? {} : { env: { memory: options.memory } };
    const instance = new WebAssembly.Instance(options.module, imports);
    this.exports = instance.exports as unknown as CoreExports;
    const memory = options.memory ?? this.exports.memory;
    if (memory === undefined) {
      throw new MonitorError("OPTION_INVALID", "the shared core needs a shared memory");
    }
    this.memory = memory;
    this.#input = this.exports.inputAddress();
    this.#counters = this.exports.countersAddress() >>> 2;
    this.floats = new Float64Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.#configure(options);
  }

  /** Registrations that a cap sent to an overflow series. */
  get overflowCount(): number {
    return this.words[this.#counters + 1] ?? 0;
  }

  /** What the core's limits did. */
  counts(): { series: number; overflowed: number; refused: number; truncated: number } {
    const [series = 0, overflowed = 0, refused = 0, truncated = 0] = this.words.subarray(
      this.#counters,
      this.#counters + 4,
    );
    return {
      series,
      overflowed,
      refused: refused + this.refusals,
      truncated: truncated + this.truncations,
    };
  }

  /** Registers a source definition; its address. Throws what `subject` did wrong. */
  registerSource(definition: Uint8Array, subject: string): number {
    return check(this.tryRegisterSource(definition), subject);
  }

  /** Adds a field to a source without tags; its cell. Throws what `subject` did wrong. */
  registerField(source: number, field: Uint8Array, subject: string): number {
    if (!this.write(field)) return check(Status.Malformed, subject);
    const cell = this.exports.registerField(source, field.length);
    this.refresh();
    return check(cell, subject);
  }

  /** Finds or makes a series; its address. Throws what `subject` did wrong. */
  registerSeries(source: number, values: Uint8Array, subject: string): number {
    return check(this.tryRegisterSeries(source, values), subject);
  }

  /** As `registerSource`, but returns a negative `Status`. */
  tryRegisterSource(definition: Uint8Array): number {
    if (!this.write(definition)) return Status.Malformed;
    const source = this.exports.registerSource(definition.length);
    this.refresh();
    return source;
  }

  /** As `registerSeries`, but returns a negative `Status`. */
  tryRegisterSeries(source: number, values: Uint8Array): number {
    if (!this.write(values)) return Status.Malformed;
    const series = this.exports.registerSeries(source, values.length);
    this.refresh();
    return series;
  }

  /** Finds or makes a log source; its address or a negative `Status`. */
  registerLog(name: Uint8Array): number {
    if (!this.write(name)) return Status.NameInvalid;
    const log = this.exports.registerLog(name.length);
    this.refresh();
    return log;
  }

  allocateHandle(cell: number): number {
    const handle = this.exports.allocateHandle(cell);
    this.refresh();
    return handle;
  }

  /** Sets a text cell; what does not fit its capacity is cut and counted. */
  setText(cell: number, text: Uint8Array): void {
    const fitting = text.length > INPUT_BYTES_MAX ? text.subarray(0, INPUT_BYTES_MAX) : text;
    this.write(fitting);
    this.exports.setText(cell, fitting.length);
  }

  /** Runs one command. `keepUnknown` keeps settings of names that nothing has registered yet. */
  command(text: Uint8Array, nowNs: bigint, keepUnknown = false): CommandResult {
    if (!this.write(text)) {
      const reply = new TextEncoder().encode("error: command too long: at most 65536 bytes");
      return { reply, failed: true, changed: false, unknownIgnored: false };
    }
    const flags = keepUnknown ? CommandFlag.KeepUnknown : 0;
    const byteCount = this.exports.command(text.length, nowNs, flags);
    this.refresh();
    const outcome = this.exports.commandOutcome();
    return {
      reply: this.#output(byteCount).slice(),
      failed: (outcome & Outcome.Failed) !== 0,
      changed: (outcome & Outcome.Changed) !== 0,
      unknownIgnored: (outcome & Outcome.UnknownIgnored) !== 0,
    };
  }

  /** All active series as line protocol: a view, valid until the next call of the core. */
  encodeInflux(nowNs: bigint): Uint8Array {
    return this.#output(this.exports.encodeInflux(nowNs));
  }

  /** All active series as an exposition: a view, valid until the next call of the core. */
  encodePrometheus(openMetrics: boolean, nowNs: bigint): Uint8Array {
    return this.#output(this.exports.encodePrometheus(openMetrics ? 1 : 0, nowNs));
  }

  /** Renews the views if memory has grown. A shared memory's old views stay valid but short. */
  refresh(): void {
    const buffer = this.memory.buffer;
    if (this.bytes.buffer === buffer && this.bytes.length === buffer.byteLength) return;
    this.floats = new Float64Array(buffer);
    this.words = new Uint32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** Puts bytes into the input buffer; false if they do not fit. */
  write(bytes: Uint8Array): boolean {
    if (bytes.length > INPUT_BYTES_MAX) return false;
    this.bytes.set(bytes, this.#input);
    return true;
  }

  #output(byteCount: number): Uint8Array {
    const address = this.exports.outputAddress();
    return this.bytes.subarray(address, address + byteCount);
  }

  #configure(options: CoreOptions): void {
    const vmName = new TextEncoder().encode(options.vmName ?? "");
    if (vmName.length > VM_NAME_BYTES_MAX) {
      throw new MonitorError("OPTION_INVALID", `vmName: at most ${VM_NAME_BYTES_MAX} bytes`);
    }
    const keywords = new TextEncoder().encode(options.strict === true ? KEYWORDS : "");
    const keywordBytes = Uint8Array.of(keywords.length & 255, keywords.length >> 8);
    this.write(new Uint8Array([...vmName, ...keywordBytes, ...keywords]));
    const status = this.exports.configure(
      vmName.length,
      flagsOf(options),
      atLeastOne(options.seriesMax ?? SERIES_MAX, "seriesMax"),
      atLeastOne(options.seriesPerSourceMax ?? SERIES_PER_SOURCE_MAX, "seriesPerSourceMax"),
    );
    this.refresh();
    check(status, "the monitor");
  }
}

function flagsOf(options: CoreOptions): number {
  checkChoice("timestamps", options.timestamps, ["ns", "none"]);
  checkChoice("unsigned", options.unsigned, ["i", "u", "float"]);
  let flags = 0;
  if (options.strict === true) flags |= CoreFlag.Strict;
  if (options.sortTags !== false) flags |= CoreFlag.SortTags;
  if (options.timestamps !== "none") flags |= CoreFlag.Timestamps;
  if (options.unsigned === "u") flags |= CoreFlag.UnsignedSuffix;
  if (options.unsigned === "float") flags |= CoreFlag.UnsignedFloat;
  return flags;
}

/** A misspelt choice would otherwise pass for the default one. */
function checkChoice(option: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return;
  const wanted = choices.join(" or ");
  throw new MonitorError("OPTION_INVALID", `${option}: ${JSON.stringify(value)} is not ${wanted}`);
}

function atLeastOne(count: number, option: string): number {
  if (Number.isInteger(count) && count >= 1 && count <= 0xffff_ffff) return count;
  throw new MonitorError("OPTION_INVALID", `${option}: ${count} is not a positive integer`);
}
