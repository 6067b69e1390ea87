/** Constants of the v0 scheme, without their types. */
import type { RustName } from "./rust-name.js";
import { parsePath } from "./rust-path.js";

type Parser = (name: RustName) => void;

export function parseConstant(name: RustName): void {
  name.nested(() => {
    const letter = name.next();
    const parse = CONSTANTS[letter];
    if (parse !== undefined) parse(name);
    else if ("ahijlmnostxy".includes(letter)) parseInteger(name);
    else name.fail();
  });
}

/** Constants other than integers. */
const CONSTANTS: Readonly<Record<string, Parser>> = {
  B: (name) => name.backReference(() => parseConstant(name)),
  p: (name) => name.put("_"),
  b: (name) => name.put(pick(name, { "0": "false", "1": "true" }, name.hexadecimal())),
  c: (name) => name.put(quoteCharacter(name)),
  e: (name) => name.put(`*${quoteText(name)}`),
  R: (name) => {
    if (name.take("e")) name.put(quoteText(name));
    else parseBorrowed(name, "&");
  },
  Q: (name) => parseBorrowed(name, "&mut "),
  A: (name) => parseFields(name, "[", "]"),
  T: parseTuple,
  V: parseVariant,
};

function parseBorrowed(name: RustName, words: string): void {
  name.put(words);
  parseConstant(name);
}

function parseInteger(name: RustName): void {
  if (name.take("n")) name.put("-");
  const digits = name.hexadecimal() || "0";
  name.put(digits.length > 16 ? `0x${digits}` : BigInt(`0x${digits}`).toString());
}

function pick(name: RustName, choices: Readonly<Record<string, string>>, key: string): string {
  return choices[key === "" ? "0" : key] ?? name.fail();
}

function quoteCharacter(name: RustName): string {
  const point = Number.parseInt(name.hexadecimal() || "0", 16);
  if (point > 0x10_ffff) name.fail();
  const character = String.fromCodePoint(point);
  if (character === "'") return "'\\''";
  const inside = JSON.stringify(character).slice(1, -1);
  return `'${inside === '\\"' ? '"' : inside}'`;
}

/** Bytes of UTF-8 in hexadecimal. */
function quoteText(name: RustName): string {
  const digits = name.hexadecimal(true);
  if (digits.length % 2 !== 0) name.fail();
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return JSON.stringify(new TextDecoder().decode(bytes));
}

function parseFields(name: RustName, open: string, close: string): void {
  name.put(open);
  name.list(", ", () => parseConstant(name));
  name.put(close);
}

function parseTuple(name: RustName): void {
  name.put("(");
  const count = name.list(", ", () => parseConstant(name));
  name.put(count === 1 ? ",)" : ")");
}

/** A struct or an enum's variant: by name alone, like a function, or with fields. */
function parseVariant(name: RustName): void {
  const kind = name.next();
  parsePath(name, true);
  if (kind === "T") parseFields(name, "(", ")");
  else if (kind === "S") parseNamedFields(name);
  else if (kind !== "U") name.fail();
}

function parseNamedFields(name: RustName): void {
  name.put(" { ");
  name.list(", ", () => {
    name.put(`${name.identifier().name}: `);
    parseConstant(name);
  });
  name.put(" }");
}
