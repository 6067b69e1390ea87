/**
 * The core as the host sees it: bytes in, bytes out, and typed arrays over its memory. Knows the
 * ABI of `assembly/index.ts` and nothing of formats.
 */
import {
  CELL_VALUE_OFFSET,
  COUNTERS_ADDRESS,
  CommandFlag,
  CoreFlag,
  FIELD_CAPACITY_OFFSET,
  FIELD_CELL_OFFSET,
  FIELD_NEXT_OFFSET,
  type Format,
  INPUT_ADDRESS,
  INPUT_BYTES_MAX,
  Outcome,
  SOURCE_FIELDS_OFFSET,
  TAG_VALUE_BYTES_MAX,
} from "../assembly/abi.js";
import { check, optionInvalid } from "./errors.js";

/** What the wasm module exports; see `assembly/README.md`. */
export interface CoreExports {
  readonly memory?: WebAssembly.Memory;
  readonly output: WebAssembly.Global;
  readonly outcome: WebAssembly.Global;
  configure(vmBytes: number, flags: number, seriesMax: number, perSourceMax: number): number;
  source(byteCount: number): number;
  field(source: number, byteCount: number): number;
  series(source: number, byteCount: number): number;
  remove(series: number): void;
  log(byteCount: number): number;
  observeCell(cell: number, value: number): void;
  handle(cell: number): number;
  counterAdd(handle: number, value: number): void;
  gaugeSet(handle: number, value: number): void;
  gaugeAdd(handle: number, value: number): void;
  integerSet(handle: number, value: bigint): void;
  observe(handle: number, value: number): void;
  isActive(handle: number): number;
  command(byteCount: number, nowNs: bigint, flags: number): number;
  encode(format: Format, nowNs: bigint): number;
  expire(nowNs: bigint): bigint;
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
  /** The counted text of `keywords.ts`, for strict mode. @default not strict */
  readonly keywords?: Uint8Array | undefined;
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

const encoder = new TextEncoder();
const TOO_LONG = `error: command too long: at most ${INPUT_BYTES_MAX} bytes`;

/** Who has a view of the memory; `look` renews it. */
export interface Viewer {
  look(): void;
}

/** One instance of the core, and views of its memory that are always current on this thread. */
export class Core {
  readonly exports: CoreExports;
  readonly memory: WebAssembly.Memory;
  /** Cell values, by byte address >>> 3. */
  floats!: Float64Array;
  /** The same as integers. */
  integers!: BigInt64Array;
  /** States and switches, by byte address >>> 2. */
  words!: Uint32Array;
  bytes: Uint8Array = new Uint8Array();
  /** Values that handles refused; those refused in wasm are in `counts()`. */
  refusals = 0;
  /** Tag values and texts that were cut. */
  truncations = 0;
  /** Who looks again whenever memory has grown away. */
  readonly viewers = new Set<Viewer>();

  /** Instantiates and configures; throws `OPTION_INVALID` or `OUT_OF_MEMORY`. */
  constructor(options: CoreOptions) {
    const { module, memory } = options;
    const instance = new WebAssembly.Instance(
      module,
      memory === undefined ? {} : { env: { memory } },
    );
    this.exports = instance.exports as unknown as CoreExports;
    this.memory = memory ?? (this.exports.memory as WebAssembly.Memory);
    this.refresh();
    this.#configure(options);
  }

  /** Registrations that a cap sent to an overflow series. */
  get overflowCount(): number {
    return this.#word(COUNTERS_ADDRESS + 4);
  }

  /** What the core's limits did. */
  counts(): { series: number; overflowed: number; refused: number; truncated: number } {
    return {
      series: this.#word(COUNTERS_ADDRESS),
      overflowed: this.overflowCount,
      refused: this.#word(COUNTERS_ADDRESS + 8) + this.refusals,
      truncated: this.truncations,
    };
  }

  /** Registers a source definition; its address. Throws what `subject` did wrong. */
  registerSource(definition: Uint8Array, subject: string): number {
    return check(this.refresh(this.exports.source(this.put(definition))), subject);
  }

  /** Adds a field to a source without tags; its cell. Throws what `subject` did wrong. */
  registerField(source: number, field: Uint8Array, subject: string): number {
    return check(this.refresh(this.exports.field(source, this.put(field))), subject);
  }

  /** Finds or makes a series; its address. Throws what `subject` did wrong. */
  registerSeries(source: number, values: Uint8Array, subject: string): number {
    return check(this.refresh(this.exports.series(source, this.put(values))), subject);
  }

  /** Finds or makes a log source; its address or a negative `Status`. */
  registerLog(name: string | Uint8Array): number {
    return this.refresh(this.exports.log(this.put(name)));
  }

  /** Bytes from a series record to the cell of its source's `index`-th field. */
  fieldOffset(source: number, index: number): number {
    let field = this.#word(source + SOURCE_FIELDS_OFFSET);
    for (let i = 0; i < index; i++) field = this.#word(field + FIELD_NEXT_OFFSET);
    return this.#word(field + FIELD_CELL_OFFSET);
  }

  /** Sets an active text cell; what does not fit is cut, on a UTF-8 boundary, and counted. */
  setText(cell: number, text: string): void {
    const at = cell + CELL_VALUE_OFFSET + 2;
    const capacity = this.#word(this.#word(cell) + FIELD_CAPACITY_OFFSET);
    const { read, written } = encoder.encodeInto(text, this.bytes.subarray(at, at + capacity));
    this.bytes.set([written & 255, written >> 8], at - 2);
    if (read < text.length) this.truncations++;
  }

  /** Runs one command. `keepUnknown` keeps settings of names that nothing has registered yet. */
  command(text: string | Uint8Array, nowNs: bigint, keepUnknown = false): CommandResult {
    let reply = encoder.encode(TOO_LONG);
    let outcome: number = Outcome.Failed;
    const byteCount = this.put(text);
    if (byteCount <= INPUT_BYTES_MAX) {
      const flags = keepUnknown ? CommandFlag.KeepUnknown : 0;
      reply = this.#output(this.exports.command(byteCount, nowNs, flags)).slice();
      outcome = this.exports.outcome.value;
    }
    return {
      reply,
      failed: (outcome & Outcome.Failed) !== 0,
      changed: (outcome & Outcome.Changed) !== 0,
      unknownIgnored: (outcome & Outcome.UnknownIgnored) !== 0,
    };
  }

  /** All active series in a format: a view, valid until the next call of the core. */
  encode(format: Format, nowNs: bigint): Uint8Array {
    return this.#output(this.exports.encode(format, nowNs));
  }

  /**
   * Renews the views if memory has grown; passes on what the call that may have grown it returned.
   * A shared memory's old views stay valid but short; others have length 0.
   */
  refresh(result = 0): number {
    const { buffer } = this.memory;
    if (this.bytes.length !== buffer.byteLength) {
      const isDetached = this.bytes.length === 0;
      this.floats = new Float64Array(buffer);
      this.integers = new BigInt64Array(buffer);
      this.words = new Uint32Array(buffer);
      this.bytes = new Uint8Array(buffer);
      if (isDetached) for (const viewer of this.viewers) viewer.look();
    }
    return result;
  }

  /** Puts text or bytes, as much as fits, into the input; the byte count, which the core checks. */
  put(input: string | Uint8Array): number {
    const bytes = typeof input === "string" ? encoder.encode(input) : input;
    this.bytes.set(bytes.subarray(0, INPUT_BYTES_MAX), INPUT_ADDRESS);
    return bytes.length;
  }

  #output(end: number): Uint8Array {
    this.refresh();
    return this.bytes.subarray(this.exports.output.value, end);
  }

  #word(address: number): number {
    return this.words[address >>> 2] as number;
  }

  #configure(options: CoreOptions): void {
    const { vmName = "", keywords, seriesMax = 100_000, seriesPerSourceMax = 10_000 } = options;
    const vmBytes = this.put(vmName);
    if (vmBytes > TAG_VALUE_BYTES_MAX)
      optionInvalid(`vmName: at most ${TAG_VALUE_BYTES_MAX} bytes`);
    if (keywords) this.bytes.set(keywords, INPUT_ADDRESS + vmBytes);
    const status = this.exports.configure(
      vmBytes,
      flagsOf(options),
      atLeastOne(seriesMax, "seriesMax"),
      atLeastOne(seriesPerSourceMax, "seriesPerSourceMax"),
    );
    check(this.refresh(status), "the monitor");
  }
}

function flagsOf({ keywords, sortTags, timestamps = "ns", unsigned = "i" }: CoreOptions): number {
  return (
    (keywords ? CoreFlag.Strict : 0) |
    (sortTags === false ? 0 : CoreFlag.SortTags) |
    flagOf("timestamps", timestamps, { ns: CoreFlag.Timestamps, none: 0 }) |
    flagOf("unsigned", unsigned, {
      i: 0,
      u: CoreFlag.UnsignedSuffix,
      float: CoreFlag.UnsignedFloat,
    })
  );
}

/** A misspelt choice would otherwise pass for the default one. */
function flagOf(option: string, choice: string, flags: Readonly<Record<string, number>>): number {
  const wanted = Object.keys(flags).join(" or ");
  return flags[choice] ?? optionInvalid(`${option}: ${JSON.stringify(choice)} is not ${wanted}`);
}

function atLeastOne(count: number, option: string): number {
  if (count > 0 && count >>> 0 === count) return count;
  return optionInvalid(`${option}: ${count} is not a positive integer`);
}
