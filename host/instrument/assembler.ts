/**
 * Writes wasm instructions as arrays of bytes (core specification 2.0, §5.4). Functions are built
 * with `code(…)` from single opcodes and from what the functions here return.
 */

/** Opcodes without immediates, and block types. */
export const OP = {
  block: 0x02,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  return: 0x0f,
  drop: 0x1a,
  isNull: 0xd1,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  leS: 0x4c,
  gtU: 0x4b,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  and: 0x71,
  or: 0x72,
  shl: 0x74,
  shrU: 0x76,
} as const;

/** The block type without a result. */
export const VOID = 0x40;

type Part = number | readonly number[];

/** Joins opcodes and instructions. */
export function code(...parts: Part[]): number[] {
  const bytes: number[] = [];
  for (const part of parts) {
    if (typeof part === "number") bytes.push(part);
    else for (const byte of part) bytes.push(byte);
  }
  return bytes;
}

/** An unsigned LEB128. */
export function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return bytes;
}

/** `i32.const`; `value` from -2^31 to 2^31-1. */
export function constant(value: number): number[] {
  const bytes = [0x41];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 127) | 128);
    rest >>= 7;
  }
  bytes.push(rest & 127);
  return bytes;
}

export function getLocal(index: number): number[] {
  return [0x20, ...u32(index)];
}

export function setLocal(index: number): number[] {
  return [0x21, ...u32(index)];
}

export function teeLocal(index: number): number[] {
  return [0x22, ...u32(index)];
}

export function getGlobal(index: number): number[] {
  return [0x23, ...u32(index)];
}

export function setGlobal(index: number): number[] {
  return [0x24, ...u32(index)];
}

export function call(functionIndex: number): number[] {
  return [0x10, ...u32(functionIndex)];
}

export function callIndirect(typeIndex: number, tableIndex: number): number[] {
  return [0x11, ...u32(typeIndex), ...u32(tableIndex)];
}

/** `table.get`: the reference at the index on the stack. */
export function getTable(tableIndex: number): number[] {
  return [0x25, ...u32(tableIndex)];
}

/** `i32.load` of memory 0, aligned to 4 bytes. */
export function load(offset = 0): number[] {
  return [0x28, 2, ...u32(offset)];
}

/** `i32.load8_u` of memory 0. */
export function loadByte(offset = 0): number[] {
  return [0x2d, 0, ...u32(offset)];
}

/** `i32.store` to memory 0, aligned to 4 bytes. */
export function store(offset = 0): number[] {
  return [0x36, 2, ...u32(offset)];
}

/** `memory.fill` of memory 0: address, value, byte count. */
export const FILL: readonly number[] = [0xfc, 11, 0];

/** `memory.grow` of memory 0: pages; leaves where they begin, or -1. */
export const GROW: readonly number[] = [0x40, 0];

/** `if … end` without results. */
export function when(...body: Part[]): number[] {
  return code(OP.if, VOID, ...body, OP.end);
}

/** `if … else … end`; `type` is `VOID` or a value type. */
export function either(type: number, yes: readonly number[], no: readonly number[]): number[] {
  return code(OP.if, type, yes, OP.else, no, OP.end);
}

/** Every parameter, first to last. */
export function allParams(count: number): number[] {
  return Array.from({ length: count }, (_, index) => getLocal(index)).flat();
}

/** A function body without its size: `i32Locals` locals of type i32, and code without its end. */
export function functionBody(i32Locals: number, ...parts: Part[]): number[] {
  const locals = i32Locals > 0 ? [1, ...u32(i32Locals), 0x7f] : [0];
  return code(locals, ...parts, OP.end);
}

/** A name or string: its length in bytes, and UTF-8. */
export function utf8(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...u32(bytes.length), ...bytes];
}
