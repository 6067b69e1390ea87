/**
 * Go's table of functions and lines, "pclntab", as its runtime reads it (runtime/symtab.go,
 * symtabinl.go, runtime2.go of Go 1.20 to 1.26): names, files, lines, inlined calls, and by how
 * much each function moves the stack pointer. It is part of every program, stripped ones too.
 */
import { BrokenInput, Cursor } from "../cursor.js";
import { BLOCKS, FUNCTION_BASE } from "./call.js";
import type { Image } from "./image.js";

/** Magic number since Go 1.20, two zeros, instructions of one byte, addresses of eight. */
const MAGIC: readonly number[] = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
/** Byte offsets in the header: how many functions, and where tables are. */
const HEADER = { functions: 8, names: 32, units: 40, files: 48, values: 56, code: 64 } as const;
const HEADER_BYTES = 72;
/** Byte offsets in a function's record. */
const RECORD = { name: 4, stack: 16, files: 20, lines: 24, valueCount: 28, unit: 32 } as const;
const RECORD_FLAGS = 41;
const RECORD_DATA_COUNT = 43;
const RECORD_BYTES = 44;
/** A stack begins with a function of this flag. */
const TOP_FRAME = 1;
/** Which of a function's tables tells the inlined call, and which data the tree of them. */
const INLINED_INDEX = 2;
const INLINED_TREE = 3;
const TREE_ENTRY_BYTES = 16;
/** Words from a module's record, which begins with the table's address, to what is needed. */
const MODULE = { text: 22, functionData: 40, words: 42 } as const;
/** Inlined calls in one another; a table is no larger than a program's blocks. */
const INLINED_MAX = 500;
const STEPS_MAX = 4 * BLOCKS;

/** One of Go's functions; the first of inlined ones is the innermost. */
export interface GoFrame {
  readonly name: string;
  readonly file: string | undefined;
  /** 0 where unknown. */
  readonly line: number;
}

interface Tables {
  readonly header: number;
  readonly names: number;
  readonly units: number;
  readonly files: number;
  readonly values: number;
  readonly code: number;
  readonly functionCount: number;
}

/** Finds the table in a module's memory; undefined if it is not there or not of that form. */
export function findPclntab(image: Image): Pclntab | undefined {
  const { bytes } = image;
  for (let at = bytes.indexOf(0xf1); at >= 0; at = bytes.indexOf(0xf1, at + 1)) {
    if (!MAGIC.every((byte, index) => bytes[at + index] === byte)) continue;
    const tables = readTables(bytes, at);
    if (tables) return new Pclntab(image, tables);
  }
  return undefined;
}

function readTables(bytes: Uint8Array, header: number): Tables | undefined {
  if (header + HEADER_BYTES > bytes.length) return undefined;
  const at = (offset: number) => new Cursor(bytes, header + offset).u64();
  const tables = {
    header,
    names: header + at(HEADER.names),
    units: header + at(HEADER.units),
    files: header + at(HEADER.files),
    values: header + at(HEADER.values),
    code: header + at(HEADER.code),
    functionCount: at(HEADER.functions),
  };
  const { names, units, files, values, code, functionCount } = tables;
  const ends = [header, names, units, files, values, code, code + 8 * functionCount + 4];
  const ascends = ends.every((end, index) => index === 0 || end >= (ends[index - 1] as number));
  return ascends && functionCount > 0 && (ends.at(-1) as number) <= bytes.length
    ? tables
    : undefined;
}

export class Pclntab {
  /** From a function's number to its record, by byte offset. */
  readonly #records = new Map<number, number>();
  /** Byte offset of the functions' data; undefined if it was not found. */
  readonly #data: number | undefined;
  readonly #bytes: Uint8Array;
  readonly #tables: Tables;

  constructor({ base, bytes }: Image, tables: Tables) {
    this.#bytes = bytes;
    this.#tables = tables;
    const module = findModule(bytes, base, tables);
    const words = (index: number) => new Cursor(bytes, (module as number) + 8 * index).u64();
    const text = module === undefined ? FUNCTION_BASE : Math.floor(words(MODULE.text) / BLOCKS);
    this.#data = module === undefined ? undefined : words(MODULE.functionData) - base;
    this.#readRecords(text);
  }

  /** Every function's number: its index behind the imported ones, plus `FUNCTION_BASE`. */
  get functionNumbers(): Iterable<number> {
    return this.#records.keys();
  }

  /** The name of the function of this number. Throws `BrokenInput`. */
  nameOf(functionNumber: number): string | undefined {
    const record = this.#records.get(functionNumber);
    return record === undefined ? undefined : this.#name(this.#u32(record + RECORD.name));
  }

  /** Bytes of its frame, without the return address. Throws `BrokenInput`. */
  frameBytesOf(functionNumber: number): number {
    const record = this.#records.get(functionNumber);
    let most = 0;
    if (record === undefined) return most;
    for (const { value } of this.#steps(this.#u32(record + RECORD.stack))) {
      most = Math.max(most, value);
    }
    return most;
  }

  /** Whether a stack begins with it. */
  isTop(functionNumber: number): boolean {
    const record = this.#records.get(functionNumber);
    return record !== undefined && ((this.#bytes[record + RECORD_FLAGS] ?? 0) & TOP_FRAME) !== 0;
  }

  /**
   * What the call is in that returns to a block of a function: inlined functions first; none for a
   * function that is not Go's. Throws `BrokenInput`.
   */
  framesAt(functionNumber: number, block: number): GoFrame[] {
    const record = this.#records.get(functionNumber);
    if (record === undefined) return [];
    const frames: GoFrame[] = [];
    let at = Math.max(0, block - 1);
    while (frames.length < INLINED_MAX) {
      const entry = this.#inlinedAt(record, at);
      const nameOffset = this.#u32(entry === undefined ? record + RECORD.name : entry + 4);
      frames.push({ name: this.#name(nameOffset), ...this.#placeAt(record, at) });
      if (entry === undefined) return frames;
      at = this.#u32(entry + 8);
    }
    throw new BrokenInput("inlined calls without end");
  }

  #placeAt(record: number, at: number): Pick<GoFrame, "file" | "line"> {
    const line = this.#valueAt(this.#u32(record + RECORD.lines), at);
    const index = this.#valueAt(this.#u32(record + RECORD.files), at);
    if (line < 0 || index < 0) return { file: undefined, line: 0 };
    const unit = this.#u32(record + RECORD.unit);
    const offset = this.#u32(this.#tables.units + 4 * (unit + index));
    if (offset === 0xffff_ffff) return { file: undefined, line };
    return { file: this.#text(this.#tables.files + offset), line };
  }

  /** Where the tree's entry of the inlined call is; undefined in the function itself. */
  #inlinedAt(record: number, at: number): number | undefined {
    const valueCount = this.#u32(record + RECORD.valueCount);
    const dataCount = this.#bytes[record + RECORD_DATA_COUNT] ?? 0;
    if (this.#data === undefined || valueCount <= INLINED_INDEX || dataCount <= INLINED_TREE) {
      return undefined;
    }
    const values = this.#u32(record + RECORD_BYTES + 4 * INLINED_INDEX);
    const index = this.#valueAt(values, at);
    const tree = this.#u32(record + RECORD_BYTES + 4 * (valueCount + INLINED_TREE));
    if (index < 0 || tree === 0xffff_ffff) return undefined;
    return this.#data + tree + TREE_ENTRY_BYTES * index;
  }

  /** The value of a table for a block; -1 for none. */
  #valueAt(table: number, at: number): number {
    for (const { value, until } of this.#steps(table)) if (at < until) return value;
    return -1;
  }

  /** A table's values, each with the first block that it is not for; none at offset 0. */
  *#steps(table: number): Generator<{ readonly value: number; readonly until: number }> {
    if (table === 0) return;
    const cursor = this.#cursor(this.#tables.values + table);
    let value = -1;
    let until = 0;
    for (let count = 0; count < STEPS_MAX; count++) {
      const delta = cursor.uleb();
      if (delta === 0 && count > 0) return;
      value += delta % 2 === 0 ? delta / 2 : -(delta + 1) / 2;
      until += cursor.uleb();
      yield { value, until };
    }
    throw new BrokenInput("a table without end");
  }

  /** Before Go 1.26 entries are addresses without their base, later numbers of functions. */
  #readRecords(text: number): void {
    const { code, functionCount } = this.#tables;
    const cursor = this.#cursor(code);
    const entries: (readonly [entry: number, offset: number])[] = [];
    for (let index = 0; index < functionCount; index++) entries.push([cursor.u32(), cursor.u32()]);
    const factor = entries.every(([entry]) => entry % BLOCKS === 0) && entries.length > 1;
    for (const [entry, offset] of entries) {
      const number = text + (factor ? entry / BLOCKS : entry);
      if (code + offset + RECORD_BYTES <= this.#bytes.length) {
        this.#records.set(number, code + offset);
      }
    }
  }

  #name(offset: number): string {
    return this.#text(this.#tables.names + offset);
  }

  #text(at: number): string {
    return this.#cursor(at).cstring();
  }

  #u32(at: number): number {
    return this.#cursor(at).u32();
  }

  #cursor(at: number): Cursor {
    return new Cursor(this.#bytes, at);
  }
}

/** The module's record: it begins with the addresses of the table and of its names. */
function findModule(bytes: Uint8Array, base: number, tables: Tables): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = base + tables.header;
  const names = base + tables.names;
  for (let at = (8 - (base % 8)) % 8; at + 8 * MODULE.words <= bytes.length; at += 8) {
    if (view.getUint32(at, true) !== header || view.getUint32(at + 8, true) !== names) continue;
    if (view.getUint32(at + 4, true) === 0 && view.getUint32(at + 12, true) === 0) return at;
  }
  return undefined;
}
