/**
 * The functions of a wasm module: where their bodies lie in the file, and what the name section
 * (core specification, appendix), the exports and the imports call them. Each part is read when
 * it is first asked for; what is broken of a part is left out and said in `problems`.
 */
import { Cursor } from "./cursor.js";
import { findCustom, SectionId, type WasmSection } from "./sections.js";

/** Where a function lies in the file: from its declaration of locals to `until`, exclusive. */
export interface FunctionRange {
  /** Index in the function space, imports included. */
  readonly index: number;
  readonly begin: number;
  readonly until: number;
}

/** What the functions of one module are called and where they are. */
export interface Functions {
  /** How many functions are imported; the first that has a body has this index. */
  readonly importedCount: number;
  /** Every function that has a body, in order. Reads the code section's framing once. */
  ranges(): Iterable<FunctionRange>;
  /** The function whose body holds a byte offset of the file; undefined outside of all. */
  rangeAt(position: number): FunctionRange | undefined;
  /** As the name section has it, else the export, else the import; undefined without any. */
  nameOf(index: number): string | undefined;
}

const NAME_SUBSECTION_FUNCTIONS = 1;

enum ImportKind {
  Function,
  Table,
  Memory,
  Global,
  Tag,
}

/** Reads the functions of a module; `note` is told what is broken, and goes on without it. */
export function readFunctions(
  bytes: Uint8Array,
  sections: readonly WasmSection[],
  note: (problem: string) => void,
): Functions {
  const cursorOf = (id: SectionId): Cursor | undefined => {
    const found = sections.find((section) => section.id === id);
    return found && new Cursor(bytes, found.begin, found.until);
  };
  const once = <Part>(what: string, part: Part, read: (part: Part) => void): (() => Part) =>
    readOnce(part, read, () => note(`the ${what} is broken`));
  return new ModuleFunctions(
    bytes,
    once("import section", [], (found) => readImports(cursorOf(SectionId.Import), found)),
    once("code section", [], (found) => readBodies(cursorOf(SectionId.Code), found)),
    once("export section", new Map(), (found) => readExports(cursorOf(SectionId.Export), found)),
    once("name section", new Map(), (found) => readNames(bytes, sections, found)),
  );
}

/** Returns `part`, filled by `read` the first time; what was read before it broke stays. */
function readOnce<Part>(part: Part, read: (part: Part) => void, onBroken: () => void): () => Part {
  let isRead = false;
  return () => {
    if (isRead) return part;
    isRead = true;
    try {
      read(part);
    } catch {
      onBroken();
    }
    return part;
  };
}

class ModuleFunctions implements Functions {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly imports: () => readonly string[],
    /** Begin and end of each body, ascending. */
    private readonly bodies: () => readonly number[],
    private readonly exported: () => ReadonlyMap<number, string>,
    /** Where in the file the name of a function begins, with its length before it. */
    private readonly named: () => ReadonlyMap<number, number>,
  ) {}

  get importedCount(): number {
    return this.imports().length;
  }

  *ranges(): Iterable<FunctionRange> {
    const bodies = this.bodies();
    for (let each = 0; each + 1 < bodies.length; each += 2) {
      const [begin = 0, until = 0] = [bodies[each], bodies[each + 1]];
      yield { index: this.importedCount + each / 2, begin, until };
    }
  }

  rangeAt(position: number): FunctionRange | undefined {
    const bodies = this.bodies();
    let low = 0;
    let high = bodies.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bodies[2 * middle + 1] as number) <= position) low = middle + 1;
      else high = middle;
    }
    const [begin, until] = [bodies[2 * low], bodies[2 * low + 1]];
    if (begin === undefined || until === undefined || !(position >= begin)) return undefined;
    return { index: this.importedCount + low, begin, until };
  }

  nameOf(index: number): string | undefined {
    const at = this.named().get(index);
    const name = at === undefined ? "" : readText(new Cursor(this.bytes, at));
    return name || this.exported().get(index) || this.imports()[index];
  }
}

/** Adds `module.name` for each imported function. */
function readImports(cursor: Cursor | undefined, found: string[]): void {
  if (cursor === undefined) return;
  for (let left = cursor.uleb(); left > 0; left--) {
    const name = `${readText(cursor)}.${readText(cursor)}`;
    const kind = cursor.u8();
    if (kind === ImportKind.Function) {
      cursor.uleb();
      found.push(name);
    } else skipImport(cursor, kind);
  }
}

function skipImport(cursor: Cursor, kind: number): void {
  if (kind === ImportKind.Tag) {
    cursor.skip(1);
    cursor.uleb();
    return;
  }
  if (kind === ImportKind.Global || kind === ImportKind.Table) skipType(cursor);
  if (kind === ImportKind.Global) cursor.skip(1);
  else skipLimits(cursor);
}

/** A value type: one byte, or `(ref null? heaptype)` with its heap type. */
function skipType(cursor: Cursor): void {
  const code = cursor.u8();
  if (code === 0x63 || code === 0x64) cursor.sleb();
}

function skipLimits(cursor: Cursor): void {
  const flags = cursor.u8();
  cursor.uleb();
  if (flags & 1) cursor.uleb();
  if (flags & 8) cursor.uleb(); // a custom page size
}

function readBodies(cursor: Cursor | undefined, found: number[]): void {
  if (cursor === undefined) return;
  for (let left = cursor.uleb(); left > 0; left--) {
    const byteCount = cursor.uleb();
    const begin = cursor.at;
    cursor.skip(byteCount);
    found.push(begin, cursor.at);
  }
}

function readExports(cursor: Cursor | undefined, found: Map<number, string>): void {
  if (cursor === undefined) return;
  for (let left = cursor.uleb(); left > 0; left--) {
    const name = readText(cursor);
    const isFunction = cursor.u8() === 0;
    const index = cursor.uleb();
    if (isFunction && !found.has(index)) found.set(index, name);
  }
}

/** Notes where names begin; they are decoded when asked for. */
function readNames(
  bytes: Uint8Array,
  sections: readonly WasmSection[],
  found: Map<number, number>,
): void {
  const section = findCustom(bytes, sections, "name");
  if (section === undefined) return;
  const offset = section.byteOffset - bytes.byteOffset;
  const cursor = new Cursor(bytes, offset, offset + section.length);
  while (!cursor.isAtEnd) {
    const kind = cursor.u8();
    const byteCount = cursor.uleb();
    const until = cursor.at + byteCount;
    if (kind === NAME_SUBSECTION_FUNCTIONS) {
      readNameMap(new Cursor(bytes, cursor.at, Math.min(until, cursor.until)), found);
    }
    cursor.skip(byteCount);
  }
}

function readNameMap(cursor: Cursor, found: Map<number, number>): void {
  for (let left = cursor.uleb(); left > 0; left--) {
    const index = cursor.uleb();
    const at = cursor.at;
    cursor.skip(cursor.uleb());
    found.set(index, at);
  }
}

function readText(cursor: Cursor): string {
  return cursor.text(cursor.uleb());
}
