/**
 * Reads what the size test needs of a wasm file (core specification 1.0, section 5.5):
 * the bytes of each function's body, and the names that a debug build gives them.
 */

const CODE_SECTION = 10;
const CUSTOM_SECTION = 0;
const FUNCTION_NAMES = 1;
const IMPORTED_FUNCTION = "function";

/** Bytes of every function body by name; functions of one name are added up. */
export async function functionBytes(wasm: Uint8Array): Promise<Record<string, number>> {
  const module = await WebAssembly.compile(wasm.slice());
  const importCount = WebAssembly.Module.imports(module).filter(
    ({ kind }) => kind === IMPORTED_FUNCTION,
  ).length;
  const names = functionNames(wasm);
  const bytes: Record<string, number> = {};
  bodyLengths(wasm).forEach((length, index) => {
    const name = names.get(importCount + index) ?? `#${importCount + index}`;
    bytes[name] = (bytes[name] ?? 0) + length;
  });
  return bytes;
}

/** Reads numbers and spans in order. */
class Cursor {
  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly until: number,
  ) {}

  get isDone(): boolean {
    return this.at >= this.until;
  }

  byte(): number {
    return this.bytes[this.at++] ?? 0;
  }

  /** An unsigned LEB128 number below 2^32. */
  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** What the next `byteCount` bytes hold; this cursor moves past them. */
  span(byteCount: number): Cursor {
    const span = new Cursor(this.bytes, this.at, this.at + byteCount);
    this.at += byteCount;
    return span;
  }

  text(): string {
    const byteCount = this.number();
    this.at += byteCount;
    return new TextDecoder().decode(this.bytes.subarray(this.at - byteCount, this.at));
  }
}

/** The sections of one kind. */
function sections(wasm: Uint8Array, id: number): Cursor[] {
  const cursor = new Cursor(wasm, 8, wasm.length);
  const found: Cursor[] = [];
  while (!cursor.isDone) {
    const sectionId = cursor.byte();
    const section = cursor.span(cursor.number());
    if (sectionId === id) found.push(section);
  }
  return found;
}

function bodyLengths(wasm: Uint8Array): number[] {
  const code = sections(wasm, CODE_SECTION)[0];
  if (code === undefined) return [];
  return Array.from({ length: code.number() }, () => {
    const length = code.number();
    code.span(length);
    return length;
  });
}

function functionNames(wasm: Uint8Array): Map<number, string> {
  const names = new Map<number, string>();
  for (const section of sections(wasm, CUSTOM_SECTION)) {
    if (section.text() !== "name") continue;
    while (!section.isDone) {
      const kind = section.byte();
      const list = section.span(section.number());
      if (kind !== FUNCTION_NAMES) continue;
      for (let left = list.number(); left > 0; left--) names.set(list.number(), list.text());
    }
  }
  return names;
}
