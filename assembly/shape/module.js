/**
 * A wasm module that can be changed: types, globals, exports and functions are objects that point
 * at each other, and get their numbers when they are written. The other sections stay bytes.
 * WebAssembly 2.0, 5.5; functions cannot be imported, and tables do not hold them.
 */
import { Op, readInstruction } from "./instruction.js";

/** Bytes before the first section. */
export const MAGIC_BYTES = 8;
/** Kinds of exports that point at something that can move. */
export const ExportKind = { Function: 0, Global: 3 };
const FUNCTION_NAMES = 1;

/** Numbers of sections. */
export const Section = {
  Custom: 0,
  Type: 1,
  Import: 2,
  Function: 3,
  Global: 6,
  Export: 7,
  Start: 8,
  Code: 10,
};

/** Reads a module from its beginning to its end. */
class Reader {
  at = MAGIC_BYTES;

  constructor(bytes) {
    this.bytes = bytes;
  }

  byte() {
    return this.bytes[this.at++];
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  /** As many of what `read` reads as the number before them says. */
  list(read) {
    return Array.from({ length: this.number() }, () => read());
  }

  text() {
    const byteCount = this.number();
    this.at += byteCount;
    return Buffer.from(this.bytes.subarray(this.at - byteCount, this.at)).toString();
  }
}

function readType(reader) {
  reader.byte();
  const parameters = reader.list(() => reader.byte());
  return { parameters, results: reader.list(() => reader.byte()) };
}

function readGlobal(reader) {
  const begin = reader.at;
  reader.at += 2;
  while (readInstruction(reader).op !== Op.End);
  return { bytes: reader.bytes.slice(begin, reader.at) };
}

function readExport(reader) {
  return { name: reader.text(), kind: reader.byte(), index: reader.number() };
}

function readFunction(reader) {
  const end = reader.number() + reader.at;
  const runs = reader.list(() => ({ count: reader.number(), type: reader.byte() }));
  const locals = runs.flatMap(({ count, type }) => Array.from({ length: count }, () => type));
  const code = [];
  while (reader.at < end) code.push(readInstruction(reader));
  if (reader.at !== end) throw new Error("shape: a function is not read to its end");
  return { name: "", type: undefined, locals, code };
}

function readNames(reader, end, functions) {
  if (reader.text() !== "name") return;
  while (reader.at < end) {
    const kind = reader.byte();
    const subsectionEnd = reader.number() + reader.at;
    if (kind === FUNCTION_NAMES) {
      reader.list(() => {
        functions[reader.number()].name = reader.text();
      });
    }
    reader.at = subsectionEnd;
  }
}

/** Reads a module; functions have names if the module has. */
export function readModule(bytes) {
  const reader = new Reader(bytes);
  const module = { sections: [], types: [], functions: [], globals: [], exports: [], start: -1 };
  let typeIndices = [];
  const readers = {
    [Section.Custom]: (end) => readNames(reader, end, module.functions),
    [Section.Type]: () => {
      module.types = reader.list(() => readType(reader));
    },
    [Section.Function]: () => {
      typeIndices = reader.list(() => reader.number());
    },
    [Section.Global]: () => {
      module.globals = reader.list(() => readGlobal(reader));
    },
    [Section.Export]: () => {
      module.exports = reader.list(() => readExport(reader));
    },
    [Section.Start]: () => {
      module.start = reader.number();
    },
    [Section.Code]: () => {
      module.functions = reader.list(() => readFunction(reader));
    },
  };
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const end = reader.number() + reader.at;
    if (id !== Section.Custom) module.sections.push({ id, bytes: bytes.slice(reader.at, end) });
    readers[id]?.(end);
    reader.at = end;
  }
  link(module, typeIndices);
  return module;
}

/** Replaces indices by what they stand for. */
function link(module, typeIndices) {
  const { functions, globals, types } = module;
  for (const [index, wasmFunction] of functions.entries()) {
    wasmFunction.type = types[typeIndices[index]];
    for (const instruction of wasmFunction.code) {
      if (instruction.op === Op.Call) instruction.target = functions[instruction.index];
      if (instruction.op === Op.GlobalGet || instruction.op === Op.GlobalSet)
        instruction.target = globals[instruction.index];
    }
  }
  for (const item of module.exports) {
    if (item.kind === ExportKind.Function) item.target = functions[item.index];
    if (item.kind === ExportKind.Global) item.target = globals[item.index];
  }
  module.start = functions[module.start];
}
