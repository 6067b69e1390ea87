/**
 * The built core without a host: `build/monitor.wasm` over nothing but its ABI, as
 * assembly/README.md describes it.
 */
import { readFileSync } from "node:fs";
import {
  CELL_VALUE_OFFSET,
  CoreFlag,
  type FieldType,
  INPUT_BYTES_MAX,
} from "../../assembly/abi.js";
import { KEYWORDS } from "../../host/keywords.js";

/** The exports of the core, addresses and byte counts as numbers. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  inputAddress(): number;
  countersAddress(): number;
  outputAddress(): number;
  configure(vmBytes: number, flags: number, seriesMax: number, perSourceMax: number): number;
  registerSource(byteCount: number): number;
  registerField(source: number, byteCount: number): number;
  registerSeries(source: number, byteCount: number): number;
  removeSeries(series: number): void;
  registerLog(byteCount: number): number;
  fieldOffset(source: number, index: number): number;
  observe(cell: number, value: number): void;
  setInteger(cell: number, value: bigint): void;
  setText(cell: number, byteCount: number): void;
  logPasses(log: number, level: number): number;
  command(byteCount: number, nowNs: bigint, flags: number): number;
  commandOutcome(): number;
  nextDeadlineNs(): bigint;
  expire(nowNs: bigint): void;
  encodeInflux(nowNs: bigint): number;
  encodePrometheus(openMetrics: number, nowNs: bigint): number;
  allocateHandle(cell: number): number;
  handleCounterAdd(handle: number, value: number): void;
  handleGaugeSet(handle: number, value: number): void;
  handleGaugeAdd(handle: number, value: number): void;
  handleIntegerSet(handle: number, value: bigint): void;
  handleObserve(handle: number, value: number): void;
  handleIsActive(handle: number): number;
}

/** What tests call besides. */
interface Extras {
  counterAdd(cell: number, value: number): void;
  gaugeSet(cell: number, value: number): void;
  gaugeAdd(cell: number, value: number): void;
  seriesCount(): number;
  overflowCount(): number;
  refusedCount(): number;
  truncatedCount(): number;
}

export interface FieldDefinition {
  readonly key: string;
  readonly type: FieldType;
  readonly help?: string;
  readonly unit?: string;
  readonly parameters?: readonly number[];
}

export interface SourceDefinition {
  readonly name: string;
  readonly flags?: number;
  readonly prefix?: string;
  readonly help?: string;
  readonly ttlMs?: number;
  readonly tags?: readonly string[];
  readonly fields: readonly FieldDefinition[];
}

const DEFAULT_FLAGS = CoreFlag.SortTags | CoreFlag.Timestamps;

const module = new WebAssembly.Module(readFileSync("build/monitor.wasm"));

/** Writes by address, through handles; and the counters one by one. */
function extrasOf(wasm: Exports): Extras {
  const handles = new Map<number, number>();
  const handleOf = (cell: number) => {
    const handle = handles.get(cell) ?? wasm.allocateHandle(cell);
    handles.set(cell, handle);
    return handle;
  };
  const count = (index: number) =>
    new Uint32Array(wasm.memory.buffer, wasm.countersAddress(), 4)[index] ?? 0;
  return {
    counterAdd: (cell, value) => wasm.handleCounterAdd(handleOf(cell), value),
    gaugeSet: (cell, value) => wasm.handleGaugeSet(handleOf(cell), value),
    gaugeAdd: (cell, value) => wasm.handleGaugeAdd(handleOf(cell), value),
    seriesCount: () => count(0),
    overflowCount: () => count(1),
    refusedCount: () => count(2),
    truncatedCount: () => count(3),
  };
}

/** One instance, configured. */
export class Core {
  readonly exports: Exports & Extras;
  private readonly encoder = new TextEncoder();

  constructor(flags: number = DEFAULT_FLAGS, seriesMax = 1e6, vmName = "") {
    const instance = new WebAssembly.Instance(module);
    const wasm = instance.exports as unknown as Exports;
    this.exports = { ...wasm, ...extrasOf(wasm) };
    this.input(Buffer.concat([Buffer.from(vmName), encodeText(KEYWORDS)]));
    this.exports.configure(Buffer.byteLength(vmName), flags, seriesMax, seriesMax);
  }

  /** Everything that the core's memory takes, in bytes. */
  get memoryBytes(): number {
    return this.exports.memory.buffer.byteLength;
  }

  /** Writes text or bytes to the input buffer; their byte count. */
  input(content: string | Uint8Array): number {
    const bytes = typeof content === "string" ? this.encoder.encode(content) : content;
    const at = this.exports.inputAddress();
    new Uint8Array(this.exports.memory.buffer, at, INPUT_BYTES_MAX).set(bytes);
    return bytes.length;
  }

  /** The message that defines a source. */
  definition(definition: SourceDefinition): Uint8Array {
    return encodeSource(definition);
  }

  /** Registers a source; its record's address or a negative status. */
  source(definition: SourceDefinition): number {
    return this.exports.registerSource(this.input(encodeSource(definition)));
  }

  /** Adds a field to a source without tags; its cell's address or a negative status. */
  field(source: number, definition: FieldDefinition): number {
    return this.exports.registerField(source, this.input(encodeField(definition)));
  }

  /** Finds or makes a series; its record's address or a negative status. */
  series(source: number, ...values: readonly string[]): number {
    const byteCount = this.input(Buffer.concat(values.map(encodeText)));
    return this.exports.registerSeries(source, byteCount);
  }

  /** The address of one field's cell. */
  cell(source: number, series: number, fieldIndex = 0): number {
    return series + this.exports.fieldOffset(source, fieldIndex);
  }

  /** The index of a cell's value in a `Float64Array` over the whole memory. */
  valueIndex(cell: number): number {
    return (cell + CELL_VALUE_OFFSET) / 8;
  }

  log(name: string): number {
    return this.exports.registerLog(this.input(name));
  }

  /** Runs a command and returns its reply, byte for byte as Latin-1. */
  command(command: string | Uint8Array, nowNs = 0n, flags = 0): string {
    return this.output(this.exports.command(this.input(command), nowNs, flags));
  }

  prometheus(nowNs = 0n, openMetrics = false): string {
    return this.output(this.exports.encodePrometheus(openMetrics ? 1 : 0, nowNs));
  }

  influx(nowNs = 0n): string {
    return this.output(this.exports.encodeInflux(nowNs));
  }

  /** The first bytes of the output buffer as Latin-1, which loses nothing. */
  output(byteCount: number): string {
    if (byteCount < 0) throw new Error(`status ${byteCount}`);
    const at = this.exports.outputAddress();
    return Buffer.from(this.exports.memory.buffer, at, byteCount).toString("latin1");
  }
}

/** A definition as a host sends it. */
export function encodeSource(definition: SourceDefinition): Uint8Array {
  const { name, flags = 0, prefix = "", help = "", ttlMs = 0, tags = [], fields } = definition;
  return Buffer.concat([
    Buffer.of(flags),
    ...[name, prefix, help].map(encodeText),
    encodeDouble(ttlMs),
    Buffer.of(tags.length),
    ...tags.map(encodeText),
    Buffer.of(fields.length),
    ...fields.map(encodeField),
  ]);
}

function encodeField({ key, type, help = "", unit = "", parameters = [] }: FieldDefinition) {
  const count = Buffer.alloc(2);
  count.writeUInt16LE(parameters.length);
  return Buffer.concat([
    Buffer.of(type),
    ...[key, help, unit].map(encodeText),
    count,
    ...parameters.map(encodeDouble),
  ]);
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const counted = Buffer.alloc(2 + bytes.length);
  counted.writeUInt16LE(bytes.length);
  bytes.copy(counted, 2);
  return counted;
}

function encodeDouble(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
