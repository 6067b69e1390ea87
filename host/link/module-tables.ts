/**
 * The parts of a module outside its code that name functions or addresses (core specification 2.0,
 * §5.5), rewritten for an image: globals, elements, data, memory.
 */
import { constant, OP, u32 } from "../instrument/assembler.js";
import { type GuestModule, KIND } from "../instrument/module.js";
import { OPCODE, skipInstruction } from "../instrument/opcodes.js";
import type { Piece } from "../instrument/patch.js";
import { Reader } from "../instrument/reader.js";
import { SECTION } from "../instrument/sections.js";
import { operandOf } from "./code.js";

type MapIndex = (index: number) => number;

const CONST = 0x41;

/** A vector section's entries: how many, and what they are made of. */
export interface Entries {
  readonly count: number;
  readonly pieces: readonly Piece[];
}

const NOTHING: Entries = { count: 0, pieces: [] };

/** A section's entries as they are. */
export function entriesOf(module: GuestModule, id: number): Entries {
  const reader = openSection(module, id);
  if (!reader) return NOTHING;
  const count = reader.u32();
  return { count, pieces: [{ from: reader.position, until: reader.until }] };
}

/** Pages that a module's own memory has at first, and may have at most. */
export function memoryPages(module: GuestModule): { initial: number; maximum: number } | undefined {
  const reader = openSection(module, SECTION.memory);
  if (!reader || reader.u32() === 0) return undefined;
  const flags = reader.u32();
  const initial = reader.u32();
  const maximum = flags & 1 ? reader.u32() : 65536;
  return flags & ~1 ? undefined : { initial, maximum: Math.min(maximum, 65536) };
}

/** Globals, with the functions that they are filled with renumbered. */
export function globalEntries(module: GuestModule, functionOf: MapIndex): Entries {
  const reader = openSection(module, SECTION.global);
  if (!reader) return NOTHING;
  const count = reader.count();
  const pieces: Piece[] = [];
  for (let left = count; left > 0; left--) {
    const from = reader.position;
    skipReferenceType(reader);
    reader.u8();
    pieces.push({ from, until: reader.position });
    putExpression(reader, functionOf, pieces);
  }
  return { count, pieces };
}

/** Elements, renumbered. Flags: 1 passive or declarative, 2 a table index, 4 expressions. */
export function elementEntries(module: GuestModule, functionOf: MapIndex): Entries {
  const reader = openSection(module, SECTION.element);
  if (!reader) return NOTHING;
  const count = reader.count();
  const pieces: Piece[] = [];
  for (let left = count; left > 0; left--) {
    let from = reader.position;
    const flags = reader.u32();
    const isActive = (flags & 1) === 0;
    if (isActive && flags & 2) reader.u32();
    pieces.push({ from, until: reader.position });
    if (isActive) putExpression(reader, functionOf, pieces);
    from = reader.position;
    if (flags & 3) skipReferenceType(reader);
    let entries = reader.count();
    pieces.push({ from, until: reader.position });
    for (; entries > 0; entries--) {
      if (flags & 4) putExpression(reader, functionOf, pieces);
      else pieces.push(u32(functionOf(reader.u32())));
    }
  }
  return { count, pieces };
}

/** An active element of functions from a table's beginning on. */
export function tableElement(table: number, functions: readonly number[]): number[] {
  const begin = [...constant(0), OP.end];
  // 2: a table index; 0: functions by their indices.
  return [
    2,
    ...u32(table),
    ...begin,
    0,
    ...u32(functions.length),
    ...functions.flatMap((index) => u32(index)),
  ];
}

/** The monitor's globals: integers all, some of which get another value. */
export function monitorGlobals(
  module: GuestModule,
  values: ReadonlyMap<number, number>,
): { readonly entries: Entries; readonly initial: readonly number[] } {
  const reader = openSection(module, SECTION.global);
  const count = reader?.count() ?? 0;
  const pieces: Piece[] = [];
  const initial: number[] = [];
  for (let index = 0; reader && index < count; index++) {
    const from = reader.position;
    reader.skip(2);
    const middle = reader.position;
    initial.push(integerAt(reader));
    skipExpression(reader);
    const value = values.get(index);
    const until = reader.position;
    if (value === undefined) pieces.push(Array.from(module.bytes.subarray(from, until)));
    else {
      const kind = Array.from(module.bytes.subarray(from, middle));
      pieces.push([...kind, ...constant(value | 0), OP.end]);
    }
  }
  return { entries: { count, pieces }, initial };
}

/** The monitor's data, moved to `base`. */
export function monitorData(module: GuestModule, base: number): Entries {
  const reader = openSection(module, SECTION.data);
  const count = reader?.count() ?? 0;
  const pieces: Piece[] = [];
  for (let left = count; reader && left > 0; left--) {
    if (reader.u32() !== 0) throw new Error("the monitor has data that is not active");
    const offset = integerAt(reader);
    skipExpression(reader);
    const byteCount = reader.u32();
    const from = reader.position;
    reader.skip(byteCount);
    pieces.push(dataSegment(base + offset, module.bytes.subarray(from, from + byteCount)));
  }
  return { count, pieces };
}

/** An active segment of memory 0. */
export function dataSegment(address: number, bytes: Uint8Array): number[] {
  return [0, ...constant(address | 0), OP.end, ...u32(bytes.length), ...bytes];
}

/** The index of a global that a module exports. */
export function exportedGlobal(module: GuestModule, name: string): number {
  return exportedIndex(module, name, KIND.global);
}

/** The index of a function that a module exports. */
export function exportedFunction(module: GuestModule, name: string): number {
  return exportedIndex(module, name, KIND.function);
}

function exportedIndex(module: GuestModule, name: string, kind: number): number {
  const found = module.exports.find((entry) => entry.name === name && entry.kind === kind);
  if (!found) throw new Error(`the monitor exports no ${name}`);
  return found.index;
}

/** The value of the `i32.const` that a reader stands at; 0 if it is another instruction. */
function integerAt(reader: Reader): number {
  const { bytes, position } = reader;
  if (bytes[position] !== CONST) return 0;
  let value = 0;
  for (let shift = 0, at = position + 1; ; at++, shift += 7) {
    const byte = bytes[at] as number;
    value |= (byte & 127) << shift;
    if (byte < 128) return byte & 64 && shift < 25 ? value | (-1 << (shift + 7)) : value;
  }
}

function openSection(module: GuestModule, id: number): Reader | undefined {
  const section = module.section(id);
  return section && new Reader(module.bytes, section.content, section.until);
}

function skipReferenceType(reader: Reader): void {
  const first = reader.u8();
  if (first === 0x63 || first === 0x64) reader.skipLeb();
}

function skipExpression(reader: Reader): void {
  while (skipInstruction(reader) !== OP.end);
}

function putExpression(reader: Reader, functionOf: MapIndex, pieces: Piece[]): void {
  for (;;) {
    const begin = reader.position;
    const opcode = skipInstruction(reader);
    const span = { from: begin, until: reader.position };
    if (opcode !== OPCODE.refFunc) pieces.push(span);
    else {
      const index = operandOf({ opcode, bytes: reader.bytes, begin, until: reader.position });
      pieces.push([opcode, ...u32(functionOf(index))]);
    }
    if (opcode === OP.end) return;
  }
}
