/**
 * Steps through function bodies instruction by instruction: how long each is, nothing about what it
 * does. Knows core specification 2.0 (with SIMD, bulk memory, reference types, multi-value), tail
 * calls, threads, exceptions (both kinds), relaxed SIMD and typed function references; not the GC
 * proposal.
 */
import type { Reader } from "./reader.js";

/** Opcodes that a rewriter of bodies must know. */
export const OPCODE = {
  tryLegacy: 0x06,
  delegate: 0x18,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  tryTable: 0x1f,
  refFunc: 0xd2,
} as const;

/** Shapes of immediates. Below `Four`: so many LEB128 numbers. */
enum Shape {
  None = 0,
  One = 1,
  Two = 2,
  Four = 3,
  Eight = 4,
  Block = 5,
  Table = 6,
  Types = 7,
  Memory = 8,
  TryTable = 9,
  Prefix = 10,
  Unknown = 11,
}

/** First and last opcode, and the shape of their immediates. */
const ROWS: readonly (readonly [number, number, Shape])[] = [
  [0x00, 0x01, Shape.None],
  [0x02, 0x04, Shape.Block],
  [0x05, 0x05, Shape.None],
  [0x06, 0x06, Shape.Block],
  [0x07, 0x09, Shape.One],
  [0x0a, 0x0b, Shape.None],
  [0x0c, 0x0d, Shape.One],
  [0x0e, 0x0e, Shape.Table],
  [0x0f, 0x0f, Shape.None],
  [0x10, 0x10, Shape.One],
  [0x11, 0x11, Shape.Two],
  [0x12, 0x12, Shape.One],
  [0x13, 0x13, Shape.Two],
  [0x14, 0x15, Shape.One],
  [0x18, 0x18, Shape.One],
  [0x19, 0x1b, Shape.None],
  [0x1c, 0x1c, Shape.Types],
  [0x1f, 0x1f, Shape.TryTable],
  [0x20, 0x26, Shape.One],
  [0x28, 0x3e, Shape.Memory],
  [0x3f, 0x42, Shape.One],
  [0x43, 0x43, Shape.Four],
  [0x44, 0x44, Shape.Eight],
  [0x45, 0xc4, Shape.None],
  [0xd0, 0xd0, Shape.One],
  [0xd1, 0xd1, Shape.None],
  [0xd2, 0xd2, Shape.One],
  [0xd4, 0xd4, Shape.None],
  [0xd5, 0xd6, Shape.One],
  [0xfc, 0xfe, Shape.Prefix],
];

const SHAPES = new Uint8Array(256).fill(Shape.Unknown);
for (const [first, last, shape] of ROWS) SHAPES.fill(shape, first, last + 1);

/** An instruction that is not known. */
export class UnknownOpcode extends Error {
  constructor(readonly opcode: string) {
    super(`unknown opcode ${opcode}`);
  }
}

/** Steps over one instruction; returns its opcode, of prefixed ones the prefix. */
export function skipInstruction(reader: Reader): number {
  const opcode = reader.u8();
  const shape = SHAPES[opcode] as Shape;
  if (shape === Shape.One) reader.skipLeb();
  else if (shape !== Shape.None) skipImmediates(reader, opcode, shape);
  return opcode;
}

function skipImmediates(reader: Reader, opcode: number, shape: Shape): void {
  if (shape === Shape.Memory) skipMemoryArgument(reader);
  else if (shape === Shape.Block) skipBlockType(reader);
  else if (shape === Shape.Two) skipLebs(reader, 2);
  else if (shape === Shape.Four) reader.skip(4);
  else if (shape === Shape.Eight) reader.skip(8);
  else if (shape === Shape.Table) skipLebs(reader, reader.count() + 1);
  else if (shape === Shape.Types) skipTypes(reader);
  else if (shape === Shape.TryTable) skipTryTable(reader);
  else if (shape === Shape.Prefix) skipPrefixed(reader, opcode);
  else throw new UnknownOpcode(hex(opcode));
}

function skipLebs(reader: Reader, count: number): void {
  for (let index = 0; index < count; index++) reader.skipLeb();
}

function skipTypes(reader: Reader): void {
  for (let count = reader.count(); count > 0; count--) skipBlockType(reader);
}

/** A value type, `40` for none, or a type index. */
function skipBlockType(reader: Reader): void {
  const first = reader.bytes[reader.position] as number;
  if (first === 0x63 || first === 0x64) reader.u8();
  reader.skipLeb();
}

/** Alignment, with bit 6 for a memory index, and offset. */
function skipMemoryArgument(reader: Reader): void {
  if (reader.u32() & 64) reader.skipLeb();
  reader.skipLeb();
}

/** A block type and a list of handlers: 0 and 1 name a tag, all name a label. */
function skipTryTable(reader: Reader): void {
  skipBlockType(reader);
  for (let count = reader.count(); count > 0; count--) {
    const kind = reader.u8();
    if (kind < 2) reader.skipLeb();
    reader.skipLeb();
  }
}

function skipPrefixed(reader: Reader, prefix: number): void {
  const code = reader.u32();
  const isKnown =
    prefix === 0xfc
      ? skipMiscellaneous(reader, code)
      : prefix === 0xfd
        ? skipVector(reader, code)
        : skipAtomic(reader, code);
  if (!isKnown) throw new UnknownOpcode(`${hex(prefix)} ${hex(code)}`);
}

/** Saturating conversions, and operations on memories and tables. */
function skipMiscellaneous(reader: Reader, code: number): boolean {
  if (code > 17) return false;
  if (code < 8) return true;
  reader.skipLeb();
  if ([8, 10, 12, 14].includes(code)) reader.skipLeb();
  return true;
}

/** SIMD and relaxed SIMD. */
function skipVector(reader: Reader, code: number): boolean {
  if (code > 0x113) return false;
  if (code <= 11 || code === 92 || code === 93) skipMemoryArgument(reader);
  else if (code === 12 || code === 13) reader.skip(16);
  else if (code >= 21 && code <= 34) reader.skip(1);
  else if (code >= 84 && code <= 91) {
    skipMemoryArgument(reader);
    reader.skip(1);
  }
  return true;
}

/** Threads: 3 is the fence, all others name memory. */
function skipAtomic(reader: Reader, code: number): boolean {
  if (code > 0x4e || (code > 3 && code < 0x10)) return false;
  if (code === 3) reader.skip(1);
  else skipMemoryArgument(reader);
  return true;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The locals of a body: how many groups, where the first begins, how many locals in all. */
export interface Locals {
  readonly groupCount: number;
  readonly begin: number;
  /** Where the code begins. */
  readonly until: number;
  readonly count: number;
}

/** Reads the declaration of locals that `reader` stands at. */
export function readLocals(reader: Reader): Locals {
  const groupCount = reader.count();
  const begin = reader.position;
  let count = 0;
  for (let index = 0; index < groupCount; index++) {
    count += reader.u32();
    skipBlockType(reader);
  }
  return { groupCount, begin, until: reader.position, count };
}
