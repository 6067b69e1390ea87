/** Types of the v0 scheme. */
import { parseConstant } from "./rust-constant.js";
import type { RustName } from "./rust-name.js";
import { parseOpenPath, parsePath } from "./rust-path.js";

/** Types of one letter. */
const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

export function parseType(name: RustName): void {
  name.nested(() => {
    const letter = name.look();
    const compound = COMPOUND[letter];
    if (compound === undefined && /[A-Z]/.test(letter)) {
      parsePath(name, false);
      return;
    }
    name.next();
    if (compound !== undefined) compound(name);
    else name.put(BASIC_TYPES[letter] ?? name.fail());
  });
}

/** A lifetime by how many binders it is away. */
export function parseLifetime(name: RustName): void {
  const index = name.base62();
  if (index > name.boundCount) name.fail();
  if (index === 0) name.put("'_");
  else putLifetime(name, name.boundCount - index);
}

function putLifetime(name: RustName, depth: number): void {
  name.put(depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'z${depth - 25}`);
}

type Parser = (name: RustName) => void;

const pointer =
  (words: string): Parser =>
  (name) => {
    name.put(words);
    parseType(name);
  };

/** Types that begin with a capital letter; the others of those are paths. */
const COMPOUND: Readonly<Record<string, Parser>> = {
  A: (name) => parseArray(name, true),
  S: (name) => parseArray(name, false),
  T: parseTuple,
  R: (name) => parseReference(name, ""),
  Q: (name) => parseReference(name, "mut "),
  P: pointer("*const "),
  O: pointer("*mut "),
  F: (name) => withBinder(name, () => parseFunction(name)),
  D: parseDynamic,
  B: (name) => name.backReference(() => parseType(name)),
};

function parseArray(name: RustName, hasLength: boolean): void {
  name.put("[");
  parseType(name);
  if (hasLength) {
    name.put("; ");
    parseConstant(name);
  }
  name.put("]");
}

function parseTuple(name: RustName): void {
  name.put("(");
  const count = name.list(", ", () => parseType(name));
  name.put(count === 1 ? ",)" : ")");
}

function parseReference(name: RustName, word: string): void {
  name.put("&");
  if (name.take("L")) {
    const before = name.output;
    parseLifetime(name);
    if (name.output.endsWith("'_")) name.output = before;
    else name.put(" ");
  }
  name.put(word);
  parseType(name);
}

function parseFunction(name: RustName): void {
  if (name.take("U")) name.put("unsafe ");
  if (name.take("K")) {
    const abi = name.take("C") ? "C" : name.plainIdentifier().replaceAll("_", "-");
    name.put(`extern "${abi}" `);
  }
  name.put("fn(");
  name.list(", ", () => parseType(name));
  name.put(")");
  if (name.take("u")) return;
  name.put(" -> ");
  parseType(name);
}

function parseDynamic(name: RustName): void {
  name.put("dyn ");
  withBinder(name, () => name.list(" + ", () => parseDynamicTrait(name)));
  if (!name.take("L")) name.fail();
  const before = name.output;
  name.put(" + ");
  parseLifetime(name);
  if (name.output.endsWith("'_")) name.output = before;
}

/** A trait with its associated types: `Iterator<Item = u8>`. */
function parseDynamicTrait(name: RustName): void {
  let isOpen = parseOpenPath(name, false, true);
  while (name.take("p")) {
    name.put(isOpen ? ", " : "<");
    isOpen = true;
    name.put(`${name.plainIdentifier()} = `);
    parseType(name);
  }
  if (isOpen) name.put(">");
}

/** `for<'a, 'b>` before a type; the lifetimes last to the end of it. */
function withBinder(name: RustName, parse: () => void): void {
  const count = name.taggedBase62("G");
  if (count > 1_000) name.fail();
  const { boundCount } = name;
  if (count > 0) name.put("for<");
  for (let each = 0; each < count; each++) {
    if (each > 0) name.put(", ");
    putLifetime(name, name.boundCount++);
  }
  if (count > 0) name.put("> ");
  parse();
  name.boundCount = boundCount;
}
