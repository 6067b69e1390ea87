/**
 * Numbers the locals of a wasm module so that it compresses well: two locals of a function and a
 * type trade their numbers wherever the module deflates to less. What functions do stays, as does
 * the length of the file. Knows the instructions that our build emits, and refuses others.
 */
import { deflateRawSync } from "node:zlib";

const TYPE_SECTION = 1;
const FUNCTION_SECTION = 3;
const CODE_SECTION = 10;
const MAGIC_BYTES = 8;

/** LEB128 numbers behind an opcode, where there are any, by ranges of opcodes. */
const NUMBERS = [
  [0x02, 0x04, 1],
  [0x0c, 0x0d, 1],
  [0x10, 0x10, 1],
  [0x20, 0x24, 1],
  [0x28, 0x3e, 2],
  [0x3f, 0x42, 1],
];
/** Those of the opcodes that follow the prefix 0xfc. */
const BULK_NUMBERS = [
  [0x08, 0x08, 2],
  [0x09, 0x09, 1],
  [0x0a, 0x0a, 2],
  [0x0b, 0x0b, 1],
];
/** Those of the opcodes that follow the prefix 0xfd; lanes and shuffles are bytes, and as good. */
const SIMD_NUMBERS = [
  [0x00, 0x0b, 2],
  [0x0c, 0x0d, 16],
  [0x15, 0x22, 1],
  [0x54, 0x5b, 3],
  [0x5c, 0x5d, 2],
];

/** Reads a module from its beginning to its end. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
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
}

/** The numbers behind an opcode, none by default. */
function numbersOf(ranges, opcode) {
  return ranges.find(([first, last]) => opcode >= first && opcode <= last)?.[2] ?? 0;
}

/** Goes over an instruction; where the index of a local is, if it has one. */
function readInstruction(reader) {
  const opcode = reader.byte();
  const isLocal = opcode >= 0x20 && opcode <= 0x22;
  const at = reader.at;
  let numbers = numbersOf(NUMBERS, opcode);
  if (opcode === 0xfc) numbers = numbersOf(BULK_NUMBERS, reader.number());
  if (opcode === 0xfd) {
    const simd = reader.number();
    numbers = numbersOf(SIMD_NUMBERS, simd);
    if (numbers === 16) reader.at += numbers;
    if (numbers === 16) numbers = 0;
  }
  if (opcode === 0x0e) numbers = reader.number() + 1;
  if (opcode === 0x44) reader.at += 8;
  for (; numbers > 0; numbers--) reader.number();
  return isLocal ? at : undefined;
}

/** A function's locals that are used, its parameters left out: types, and where indices are. */
function readFunction(reader, parameterCount) {
  const end = reader.number() + reader.at;
  const runs = reader.list(() => ({ count: reader.number(), type: reader.byte() }));
  const types = runs.flatMap(({ count, type }) => Array.from({ length: count }, () => type));
  const places = types.map(() => []);
  while (reader.at < end) {
    const at = readInstruction(reader);
    const index = at === undefined ? -1 : reader.bytes[at] - parameterCount;
    if (index >= 0) places[index].push(at);
  }
  if (reader.at !== end || types.length + parameterCount > 127) throw new Error("locals: not read");
  const locals = types.map((type, index) => ({ type, places: places[index] }));
  return locals.filter((local) => local.places.length > 0);
}

function readFunctions(bytes) {
  const reader = new Reader(bytes);
  reader.at = MAGIC_BYTES;
  let parameterCounts = [];
  let functionTypes = [];
  while (reader.at < bytes.length) {
    const section = reader.byte();
    const end = reader.number() + reader.at;
    if (section === TYPE_SECTION) {
      parameterCounts = reader.list(() => {
        reader.byte();
        const parameters = reader.list(() => reader.byte());
        reader.list(() => reader.byte());
        return parameters.length;
      });
    } else if (section === FUNCTION_SECTION) functionTypes = reader.list(() => reader.number());
    else if (section === CODE_SECTION) {
      let index = 0;
      return reader.list(() => readFunction(reader, parameterCounts[functionTypes[index++]]));
    }
    reader.at = end;
  }
  throw new Error("locals: no code");
}

/** Gives two locals each other's numbers. */
function trade(bytes, left, right) {
  const [leftAt] = left.places;
  const [rightAt] = right.places;
  const [leftIndex, rightIndex] = [bytes[leftAt], bytes[rightAt]];
  for (const at of left.places) bytes[at] = rightIndex;
  for (const at of right.places) bytes[at] = leftIndex;
}

/** Renumbers the locals of a module in place. */
export function renumberLocals(bytes) {
  const deflatedBytes = () => deflateRawSync(bytes, { level: 9 }).length;
  let best = deflatedBytes();
  for (const locals of readFunctions(bytes)) {
    for (const [index, right] of locals.entries()) {
      for (const left of locals.slice(0, index)) {
        if (left.type !== right.type) continue;
        trade(bytes, left, right);
        const byteCount = deflatedBytes();
        if (byteCount < best) best = byteCount;
        else trade(bytes, left, right);
      }
    }
  }
  if (!WebAssembly.validate(bytes)) throw new Error("locals: not valid");
}
