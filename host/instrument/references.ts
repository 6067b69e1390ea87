/**
 * The functions whose address a module takes outside its code: what tables and globals are filled
 * with (core specification 2.0, §5.5.9 and §5.5.12). Only these can be called indirectly.
 */
import { type GuestModule, KIND } from "./module.js";
import { OPCODE, skipInstruction } from "./opcodes.js";
import { Reader } from "./reader.js";
import { SECTION } from "./sections.js";

const END = 0x0b;

/** Function indices; when the host can fill a table, exported functions are among them. */
export function referencedFunctions(module: GuestModule): Set<number> {
  const found = new Set<number>();
  const elements = module.section(SECTION.element);
  if (elements) readElements(new Reader(module.bytes, elements.content, elements.until), found);
  const globals = module.section(SECTION.global);
  if (globals) readGlobals(new Reader(module.bytes, globals.content, globals.until), found);
  if (module.importsTable || module.exports.some(({ kind }) => kind === KIND.table)) {
    for (const { kind, index } of module.exports) if (kind === KIND.function) found.add(index);
  }
  return found;
}

/** Flags: 1 passive or declarative, 2 a table index or declarative, 4 expressions. */
function readElements(reader: Reader, found: Set<number>): void {
  for (let count = reader.count(); count > 0; count--) {
    const flags = reader.u32();
    const isActive = (flags & 1) === 0;
    if (isActive && flags & 2) reader.u32();
    if (isActive) readExpression(reader, found);
    if (flags & 3) readKind(reader);
    for (let entries = reader.count(); entries > 0; entries--) {
      if (flags & 4) readExpression(reader, found);
      else found.add(reader.u32());
    }
  }
}

/** An element kind, 0, or a reference type. */
function readKind(reader: Reader): void {
  const first = reader.u8();
  if (first === 0x63 || first === 0x64) reader.skipLeb();
}

function readGlobals(reader: Reader, found: Set<number>): void {
  for (let count = reader.count(); count > 0; count--) {
    readKind(reader);
    reader.u8();
    readExpression(reader, found);
  }
}

function readExpression(reader: Reader, found: Set<number>): void {
  for (;;) {
    const begin = reader.position;
    const opcode = skipInstruction(reader);
    if (opcode === END) return;
    if (opcode !== OPCODE.refFunc) continue;
    found.add(new Reader(reader.bytes, begin + 1, reader.position).u32());
  }
}
