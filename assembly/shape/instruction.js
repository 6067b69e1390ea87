/**
 * Instructions of a wasm function, as our build emits them: read, written, and what they take from
 * the stack and leave there. WebAssembly 2.0, 5.4; others are refused.
 */

/** Opcodes that somebody asks for by name. */
export const Op = {
  Unreachable: 0x00,
  Block: 0x02,
  Loop: 0x03,
  If: 0x04,
  Else: 0x05,
  End: 0x0b,
  Br: 0x0c,
  BrIf: 0x0d,
  BrTable: 0x0e,
  Return: 0x0f,
  Call: 0x10,
  Drop: 0x1a,
  Select: 0x1b,
  LocalGet: 0x20,
  LocalSet: 0x21,
  LocalTee: 0x22,
  GlobalGet: 0x23,
  GlobalSet: 0x24,
  MemorySize: 0x3f,
  MemoryGrow: 0x40,
  I32Const: 0x41,
  I64Const: 0x42,
  F64Const: 0x44,
  I32Eqz: 0x45,
  I64Eqz: 0x50,
  V128Const: 0xfd0c,
};

/** What follows an opcode: LEB128 numbers, or `-n` plain bytes. By ranges of opcodes. */
const IMMEDIATES = [
  [0x02, 0x04, 1],
  [0x0c, 0x0d, 1],
  [0x10, 0x10, 1],
  [0x20, 0x24, 1],
  [0x28, 0x3e, 2],
  [0x3f, 0x42, 1],
  [0x43, 0x43, -4],
  [0x44, 0x44, -8],
  [0xfc08, 0xfc08, 2],
  [0xfc09, 0xfc09, 1],
  [0xfc0a, 0xfc0a, 2],
  [0xfc0b, 0xfc0b, 1],
  [0xfd00, 0xfd0b, 2],
  [0xfd0c, 0xfd0d, -16],
  [0xfd15, 0xfd22, -1],
  [0xfd5c, 0xfd5d, 2],
];

/** How many values an instruction takes and leaves, by ranges of opcodes. */
const ARITIES = [
  [0x1a, 0x1a, 1, 0],
  [0x1b, 0x1b, 3, 1],
  [0x20, 0x20, 0, 1],
  [0x21, 0x21, 1, 0],
  [0x22, 0x22, 1, 1],
  [0x23, 0x23, 0, 1],
  [0x24, 0x24, 1, 0],
  [0x28, 0x35, 1, 1],
  [0x36, 0x3e, 2, 0],
  [0x3f, 0x3f, 0, 1],
  [0x40, 0x40, 1, 1],
  [0x41, 0x44, 0, 1],
  [0x45, 0x45, 1, 1],
  [0x46, 0x4f, 2, 1],
  [0x50, 0x50, 1, 1],
  [0x51, 0x66, 2, 1],
  [0x67, 0x69, 1, 1],
  [0x6a, 0x78, 2, 1],
  [0x79, 0x7b, 1, 1],
  [0x7c, 0x8a, 2, 1],
  [0x8b, 0x91, 1, 1],
  [0x92, 0x98, 2, 1],
  [0x99, 0x9f, 1, 1],
  [0xa0, 0xa6, 2, 1],
  [0xa7, 0xc4, 1, 1],
  [0xfc00, 0xfc07, 1, 1],
  [0xfc08, 0xfc08, 3, 0],
  [0xfc09, 0xfc09, 0, 0],
  [0xfc0a, 0xfc0b, 3, 0],
  [0xfd00, 0xfd0a, 1, 1],
  [0xfd0b, 0xfd0b, 2, 0],
  [0xfd0c, 0xfd0c, 0, 1],
  [0xfd0d, 0xfd0e, 2, 1],
  [0xfd0f, 0xfd14, 1, 1],
  [0xfd15, 0xfd16, 1, 1],
  [0xfd18, 0xfd19, 1, 1],
  [0xfd1b, 0xfd1b, 1, 1],
  [0xfd1d, 0xfd1d, 1, 1],
  [0xfd1f, 0xfd1f, 1, 1],
  [0xfd21, 0xfd21, 1, 1],
  [0xfd23, 0xfd4c, 2, 1],
  [0xfd4d, 0xfd4d, 1, 1],
  [0xfd4e, 0xfd51, 2, 1],
  [0xfd53, 0xfd53, 1, 1],
  [0xfd5c, 0xfd5d, 1, 1],
  [0xfdd1, 0xfdd1, 2, 1],
];

/** What ranges say, by opcode. */
function byOpcode(ranges) {
  const ops = new Map();
  for (const [first, last, ...what] of ranges) {
    for (let op = first; op <= last; op++) ops.set(op, what);
  }
  return ops;
}

const immediatesOf = byOpcode(IMMEDIATES);
const aritiesOf = byOpcode(ARITIES);

/** Values taken and left, without those of blocks, branches and calls, which have types. */
export function arityOf(op) {
  const arity = aritiesOf.get(op);
  if (arity === undefined) throw new Error(`shape: opcode ${op.toString(16)} is not in the table`);
  const [taken, left] = arity;
  return { taken, left };
}

/** Whether the number behind the opcode is one that shaping may change: of a local or a call. */
export function hasIndex(op) {
  return op === Op.Call || (op >= Op.LocalGet && op <= Op.GlobalSet);
}

/** Whether an instruction names a local. */
export function isLocal({ op }) {
  return op >= Op.LocalGet && op <= Op.LocalTee;
}

/** Reads one instruction: `op`, and `index` or the `bytes` behind the opcode. */
export function readInstruction(reader) {
  let op = reader.byte();
  if (op === 0xfc || op === 0xfd) op = (op << 8) | reader.number();
  if (hasIndex(op)) return { op, index: reader.number() };
  const begin = reader.at;
  let [numbers] = immediatesOf.get(op) ?? [0];
  if (op === Op.BrTable) numbers = reader.number() + 1;
  if (numbers < 0) reader.at -= numbers;
  for (; numbers > 0; numbers--) reader.number();
  return { op, bytes: reader.bytes.slice(begin, reader.at) };
}

/** Appends a number as unsigned LEB128. */
export function putNumber(out, value) {
  let rest = value;
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
}

/** Appends an instruction. */
export function putInstruction(out, { op, index, bytes }) {
  if (op > 255) {
    out.push(op >> 8);
    putNumber(out, op & 255);
  } else out.push(op);
  if (index !== undefined) putNumber(out, index);
  else for (const byte of bytes) out.push(byte);
}

/** A signed LEB128 number. */
export function readSignedNumber(bytes) {
  let value = 0n;
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte & 127) << BigInt(7 * index);
  return BigInt.asIntN(7 * bytes.length, value);
}

/** A number as signed LEB128. */
export function signedNumber(value) {
  const out = [];
  let rest = value;
  for (; rest < -64n || rest > 63n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest & 127n));
  return Uint8Array.from(out);
}
