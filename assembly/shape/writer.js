/**
 * Writes a module that changes again and again: what did not change since is not encoded anew.
 */
import { putInstruction, putNumber } from "./instruction.js";
import { ExportKind, MAGIC_BYTES, Section } from "./module.js";

const FUNCTION_TYPE = 0x60;
const MODULE_BYTES_MAX = 65536;

function putList(out, items, put) {
  putNumber(out, items.length);
  for (const item of items) put(item);
}

function putText(out, text) {
  putList(out, Buffer.from(text), (byte) => out.push(byte));
}

function putSection(out, id, bytes) {
  out.push(id);
  putNumber(out, bytes.length);
  for (const byte of bytes) out.push(byte);
}

/** The bytes of a function as they stand in the code section. */
function functionBytes({ locals, code }) {
  const runs = [];
  for (const type of locals) {
    if (runs.at(-1)?.type === type) runs.at(-1).count++;
    else runs.push({ type, count: 1 });
  }
  const body = [];
  putList(body, runs, ({ count, type }) => {
    putNumber(body, count);
    body.push(type);
  });
  for (const instruction of code) putInstruction(body, instruction);
  const out = [];
  putNumber(out, body.length);
  return out.concat(body);
}

/** The bytes of a section of a changed module; undefined if it never changes. */
function sectionBytes(module, id) {
  const out = [];
  if (id === Section.Type) {
    putList(out, module.types, ({ parameters, results }) => {
      out.push(FUNCTION_TYPE);
      putList(out, parameters, (type) => out.push(type));
      putList(out, results, (type) => out.push(type));
    });
  } else if (id === Section.Function) {
    putList(out, module.functions, ({ type }) => putNumber(out, module.types.indexOf(type)));
  } else if (id === Section.Global) {
    putList(out, module.globals, ({ bytes }) => out.push(...bytes));
  } else if (id === Section.Export) {
    const movable = {
      [ExportKind.Function]: module.functions,
      [ExportKind.Global]: module.globals,
    };
    putList(out, module.exports, ({ name, kind, index, target }) => {
      putText(out, name);
      out.push(kind);
      putNumber(out, movable[kind]?.indexOf(target) ?? index);
    });
  } else if (id === Section.Start) putNumber(out, module.functions.indexOf(module.start));
  else return undefined;
  return out;
}

/** Writes one module; it is told what changes. */
export class Writer {
  #module;
  #magic;
  #before;
  #after;
  #functions = new Map();
  #out = new Uint8Array(MODULE_BYTES_MAX);

  constructor(module, magic) {
    this.#module = module;
    this.#magic = magic.slice(0, MAGIC_BYTES);
  }

  /** A function is not as it was. */
  forget(wasmFunction) {
    this.#functions.delete(wasmFunction);
  }

  /** Types, functions or exports are in another order, or of another type. */
  forgetTables() {
    this.#before = undefined;
  }

  /** Functions or globals have other numbers. */
  forgetNumbers() {
    const { functions, globals } = this.#module;
    const indices = new Map([...functions.entries(), ...globals.entries()].map(([i, x]) => [x, i]));
    for (const { code } of functions) {
      for (const instruction of code) {
        if (instruction.target !== undefined) instruction.index = indices.get(instruction.target);
      }
    }
    this.#functions.clear();
    this.forgetTables();
  }

  #putTables() {
    const { sections } = this.#module;
    const codeAt = sections.findIndex(({ id }) => id === Section.Code);
    const put = (some) => {
      const out = [];
      for (const { id, bytes } of some)
        putSection(out, id, sectionBytes(this.#module, id) ?? bytes);
      return Uint8Array.from(out);
    };
    this.#before = put(sections.slice(0, codeAt));
    this.#after = put(sections.slice(codeAt + 1));
  }

  /** The module, valid until the next call. */
  write() {
    if (this.#before === undefined) this.#putTables();
    const { functions } = this.#module;
    let byteCount = 0;
    for (const one of functions) {
      if (!this.#functions.has(one)) this.#functions.set(one, Uint8Array.from(functionBytes(one)));
      byteCount += this.#functions.get(one).length;
    }
    const count = [];
    putNumber(count, functions.length);
    const head = [Section.Code];
    putNumber(head, byteCount + count.length);
    let end = 0;
    const put = (bytes) => {
      this.#out.set(bytes, end);
      end += bytes.length;
    };
    for (const bytes of [this.#magic, this.#before, head, count]) put(bytes);
    for (const one of functions) put(this.#functions.get(one));
    put(this.#after);
    return this.#out.subarray(0, end);
  }
}
