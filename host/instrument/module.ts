/**
 * What a wasm module declares: types, imports, functions and their bodies, exports. Bodies are
 * only located here, not read. Types of the GC proposal are stepped over, so that the indices
 * behind them are right.
 */
import { MonitorError } from "../errors.js";
import { Reader } from "./reader.js";
import { readSections, SECTION, type Section } from "./sections.js";

/** The value type i32. */
export const I32 = 0x7f;

/** A function's type; other types have a place in the list but no such record. */
export interface FunctionType {
  /** First byte of each parameter's type. */
  readonly params: readonly number[];
  readonly results: readonly number[];
  /** The result types as they are encoded, their count included. */
  readonly resultBytes: Uint8Array;
  /** Equal for equal types. */
  readonly key: string;
}

export interface ImportedFunction {
  readonly module: string;
  readonly name: string;
  readonly type: number;
}

export interface Export {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

/** A function body: `begin` is behind its size, `sizeAt` before it. */
export interface Body {
  readonly sizeAt: number;
  readonly begin: number;
  readonly until: number;
}

/** Kinds of imports and exports. */
export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/** A module's declarations. Function indices count imported functions first. */
export class GuestModule {
  readonly sections: readonly Section[];
  readonly types: (FunctionType | undefined)[] = [];
  readonly importedFunctions: ImportedFunction[] = [];
  /** Type index of each function that is not imported. */
  readonly definedTypes: number[] = [];
  readonly exports: Export[] = [];
  readonly bodies: Body[] = [];
  tableCount = 0;
  importsTable = false;
  globalCount = 0;
  memoryCount = 0;

  constructor(readonly bytes: Uint8Array) {
    this.sections = readSections(bytes);
    this.read(SECTION.type, (reader) => readTypes(reader, this.types));
    this.read(SECTION.import, (reader) => this.readImports(reader));
    this.read(SECTION.functions, (reader) => this.readFunctions(reader));
    this.read(SECTION.table, (reader) => this.readTables(reader));
    this.read(SECTION.memory, (reader) => this.readMemories(reader));
    this.read(SECTION.global, (reader) => {
      this.globalCount += reader.count();
    });
    this.read(SECTION.export, (reader) => this.readExports(reader));
    this.read(SECTION.code, (reader) => this.readBodies(reader));
    if (this.bodies.length !== this.definedTypes.length) {
      throw new MonitorError(
        "GUEST_INVALID",
        `declares ${this.definedTypes.length} functions but has ${this.bodies.length} bodies`,
      );
    }
  }

  /** Imported and defined functions. */
  get functionCount(): number {
    return this.importedFunctions.length + this.definedTypes.length;
  }

  section(id: number): Section | undefined {
    return this.sections.find((section) => section.id === id);
  }

  custom(name: string): Section | undefined {
    return this.sections.find((section) => section.id === 0 && section.name === name);
  }

  /** The type index of any function. */
  typeIndexOf(functionIndex: number): number {
    const imported = this.importedFunctions[functionIndex];
    const type = imported?.type ?? this.definedTypes[functionIndex - this.importedFunctions.length];
    return type as number;
  }

  /** The type of any function; undefined for an index that is none. */
  typeOf(functionIndex: number): FunctionType | undefined {
    return this.types[this.typeIndexOf(functionIndex)];
  }

  /** The body of a function; undefined when it is imported or there is none. */
  bodyOf(functionIndex: number): Body | undefined {
    return this.bodies[functionIndex - this.importedFunctions.length];
  }

  private read(id: number, read: (reader: Reader) => void): void {
    const section = this.section(id);
    if (section) read(new Reader(this.bytes, section.content, section.until));
  }

  private readImports(reader: Reader): void {
    for (let count = reader.count(); count > 0; count--) {
      const module = reader.name();
      const name = reader.name();
      this.readImport(reader, module, name);
    }
  }

  private readImport(reader: Reader, module: string, name: string): void {
    const kind = reader.u8();
    switch (kind) {
      case KIND.function:
        this.importedFunctions.push({ module, name, type: this.readTypeIndex(reader) });
        return;
      case KIND.table:
        this.tableCount++;
        this.importsTable = true;
        skipTableType(reader);
        return;
      case KIND.memory:
        this.readMemory(reader);
        return;
      case KIND.global:
        this.globalCount++;
        skipValueType(reader);
        reader.u8();
        return;
      case KIND.tag:
        reader.u8();
        reader.u32();
        return;
    }
    reader.fail(`an import of unknown kind ${kind}`);
  }

  private readFunctions(reader: Reader): void {
    for (let count = reader.count(); count > 0; count--) {
      this.definedTypes.push(this.readTypeIndex(reader));
    }
  }

  private readTypeIndex(reader: Reader): number {
    const index = reader.u32();
    if (!this.types[index]) reader.fail(`type ${index} is not a function's`);
    return index;
  }

  private readTables(reader: Reader): void {
    this.tableCount += reader.count();
  }

  private readMemories(reader: Reader): void {
    for (let count = reader.count(); count > 0; count--) this.readMemory(reader);
  }

  /** Memory 0 is where allocators work: others may be anything. */
  private readMemory(reader: Reader): void {
    const flags = skipLimits(reader);
    if (this.memoryCount++ > 0) return;
    if (flags & 4) refuseMemory("is 64-bit (memory64)", "build it for wasm32");
    if (flags & 2) {
      refuseMemory(
        "is shared between threads",
        "a block that another thread frees would look live: build it without threads",
      );
    }
  }

  private readExports(reader: Reader): void {
    for (let count = reader.count(); count > 0; count--) {
      const name = reader.name();
      this.exports.push({ name, kind: reader.u8(), index: reader.u32() });
    }
  }

  private readBodies(reader: Reader): void {
    for (let count = reader.count(); count > 0; count--) {
      const sizeAt = reader.position;
      const byteCount = reader.u32();
      const begin = reader.position;
      reader.skip(byteCount);
      this.bodies.push({ sizeAt, begin, until: reader.position });
    }
    if (!reader.isDone) reader.fail("the code section is longer than its functions");
  }
}

function refuseMemory(what: string, fix: string): never {
  throw new MonitorError("GUEST_INVALID", `its memory ${what}, which cannot be traced; ${fix}`);
}

function readTypes(reader: Reader, types: (FunctionType | undefined)[]): void {
  for (let count = reader.count(); count > 0; count--) readTypeGroup(reader, types);
}

/** One entry of the type section: a type, or a recursive group of them (GC proposal). */
function readTypeGroup(reader: Reader, types: (FunctionType | undefined)[]): void {
  const isGroup = reader.bytes[reader.position] === 0x4e;
  if (isGroup) reader.u8();
  for (let count = isGroup ? reader.count() : 1; count > 0; count--) {
    types.push(readSubtype(reader));
  }
}

function readSubtype(reader: Reader): FunctionType | undefined {
  let form = reader.u8();
  if (form === 0x50 || form === 0x4f) {
    for (let count = reader.count(); count > 0; count--) reader.u32();
    form = reader.u8();
  }
  if (form === 0x60) return readFunctionType(reader);
  if (form === 0x5e) skipField(reader);
  else if (form === 0x5f) for (let count = reader.count(); count > 0; count--) skipField(reader);
  else reader.fail(`a type of unknown form ${form}`);
  return undefined;
}

function readFunctionType(reader: Reader): FunctionType {
  const begin = reader.position;
  const params = readValueTypes(reader);
  const middle = reader.position;
  const results = readValueTypes(reader);
  const resultBytes = reader.bytes.subarray(middle, reader.position);
  const key = reader.bytes.subarray(begin, reader.position).join();
  return { params, results, resultBytes, key };
}

function readValueTypes(reader: Reader): number[] {
  return Array.from({ length: reader.count() }, () => skipValueType(reader));
}

/** Steps over a value type; returns its first byte. */
function skipValueType(reader: Reader): number {
  const first = reader.u8();
  if (first === 0x63 || first === 0x64) reader.skipLeb();
  return first;
}

/** A field of a struct or array: a value type or a packed one, and whether it is mutable. */
function skipField(reader: Reader): void {
  skipValueType(reader);
  reader.u8();
}

function skipTableType(reader: Reader): void {
  skipValueType(reader);
  skipLimits(reader);
}

/** Steps over limits; returns their flags: 1 a maximum, 2 shared, 4 64-bit, 8 a page size. */
function skipLimits(reader: Reader): number {
  const flags = reader.u32();
  if (flags > 15) reader.fail(`limits with unknown flags ${flags}`);
  reader.skipLeb();
  if (flags & 1) reader.skipLeb();
  if (flags & 8) reader.skipLeb();
  return flags;
}
