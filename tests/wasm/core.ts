/**
 * The built core without a host: `build/monitor.wasm` over nothing but its ABI, as
 * assembly/README.md describes it.
 */
import { readFileSync } from "node:fs";
import {
  CELL_VALUE_OFFSET,
  COUNTERS_ADDRESS,
  CoreFlag,
  FIELD_CAPACITY_OFFSET,
  FIELD_CELL_OFFSET,
  FIELD_NEXT_OFFSET,
  type FieldType,
  Format,
  INPUT_ADDRESS,
  INPUT_BYTES_MAX,
  SOURCE_FIELDS_OFFSET,
} from "../../assembly/abi.js";
import type { CoreExports } from "../../host/core.js";
import { KEYWORDS } from "../../host/keywords.js";

/** The exports of the core that has a memory of its own. */
type Exports = CoreExports & { readonly memory: WebAssembly.Memory };

/** Writes by address, which go through handles. */
interface Writes {
  counterAdd(cell: number, value: number): void;
  gaugeSet(cell: number, value: number): void;
  gaugeAdd(cell: number, value: number): void;
  setInteger(cell: number, value: bigint): void;
}

/** The core's counters, one by one. */
interface Counts {
  seriesCount(): number;
  overflowCount(): number;
  refusedCount(): number;
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

function writesOf(wasm: Exports): Writes {
  const handles = new Map<number, number>();
  const handleOf = (cell: number) => {
    const handle = handles.get(cell) ?? wasm.handle(cell);
    handles.set(cell, handle);
    return handle;
  };
  return {
    counterAdd: (cell, value) => wasm.counterAdd(handleOf(cell), value),
    gaugeSet: (cell, value) => wasm.gaugeSet(handleOf(cell), value),
    gaugeAdd: (cell, value) => wasm.gaugeAdd(handleOf(cell), value),
    setInteger: (cell, value) => wasm.integerSet(handleOf(cell), value),
  };
}

function countsOf({ memory }: Exports): Counts {
  const count = (index: number) => new Uint32Array(memory.buffer, COUNTERS_ADDRESS, 3)[index] ?? 0;
  return {
    seriesCount: () => count(0),
    overflowCount: () => count(1),
    refusedCount: () => count(2),
  };
}

/** One instance, configured. */
export class Core {
  readonly exports: Exports & Counts;
  readonly writes: Writes;
  private readonly encoder = new TextEncoder();

  constructor(flags: number = DEFAULT_FLAGS, seriesMax = 1e6, vmName = "") {
    const instance = new WebAssembly.Instance(module);
    const wasm = instance.exports as unknown as Exports;
    this.exports = { ...wasm, ...countsOf(wasm) };
    this.writes = writesOf(wasm);
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
    new Uint8Array(this.exports.memory.buffer, INPUT_ADDRESS, INPUT_BYTES_MAX).set(bytes);
    return bytes.length;
  }

  /** The message that defines a source. */
  definition(definition: SourceDefinition): Uint8Array {
    return encodeSource(definition);
  }

  /** Registers a source; its record's address or a negative status. */
  source(definition: SourceDefinition): number {
    return this.exports.source(this.input(encodeSource(definition)));
  }

  /** Adds a field to a source without tags; its cell's address or a negative status. */
  field(source: number, definition: FieldDefinition): number {
    return this.exports.field(source, this.input(encodeField(definition)));
  }

  /** Finds or makes a series; its record's address or a negative status. */
  series(source: number, ...values: readonly string[]): number {
    const byteCount = this.input(Buffer.concat(values.map(encodeText)));
    return this.exports.series(source, byteCount);
  }

  /** The address of one field's cell. */
  cell(source: number, series: number, fieldIndex = 0): number {
    let field = this.word(source + SOURCE_FIELDS_OFFSET);
    for (let i = 0; i < fieldIndex; i++) field = this.word(field + FIELD_NEXT_OFFSET);
    return series + this.word(field + FIELD_CELL_OFFSET);
  }

  /** The index of a cell's value in a `Float64Array` over the whole memory. */
  valueIndex(cell: number): number {
    return (cell + CELL_VALUE_OFFSET) / 8;
  }

  /** A u32 of the core's memory. */
  word(address: number): number {
    return new DataView(this.exports.memory.buffer).getUint32(address, true);
  }

  /** Sets a text, which a host does by itself; its bytes fit the field's capacity. */
  setText(cell: number, text: string): void {
    const bytes = this.encoder.encode(text);
    if (bytes.length > this.word(this.word(cell) + FIELD_CAPACITY_OFFSET)) {
      throw new Error(`too long for the cell: ${text}`);
    }
    const memory = new DataView(this.exports.memory.buffer);
    memory.setUint16(cell + CELL_VALUE_OFFSET, bytes.length, true);
    new Uint8Array(memory.buffer).set(bytes, cell + CELL_VALUE_OFFSET + 2);
  }

  log(name: string): number {
    return this.exports.log(this.input(name));
  }

  /** Runs a command and returns its reply, byte for byte as Latin-1. */
  command(command: string | Uint8Array, nowNs = 0n, flags = 0): string {
    return this.output(this.exports.command(this.input(command), nowNs, flags));
  }

  prometheus(nowNs = 0n, openMetrics = false): string {
    return this.output(
      this.exports.encode(openMetrics ? Format.OpenMetrics : Format.Prometheus, nowNs),
    );
  }

  influx(nowNs = 0n): string {
    return this.output(this.exports.encode(Format.Influx, nowNs));
  }

  /** The output up to `end` as Latin-1, which loses nothing. */
  output(end: number): string {
    const start = this.exports.output.value;
    return Buffer.from(this.exports.memory.buffer, start, end - start).toString("latin1");
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
