/** Literals in template arguments (Itanium C++ ABI, 5.1.6.2): `L … E`. */
import type { Mangled } from "./mangled.js";
import { parseEncoding } from "./names.js";
import { type Node, Sequence } from "./nodes.js";
import { parseType } from "./type-grammar.js";
import { parseUnnamed } from "./unnamed.js";

/** Integers: what stands before the number, and behind it. */
const INTEGERS: Readonly<Record<string, readonly [string, string]>> = {
  w: ["(wchar_t)", ""],
  c: ["(char)", ""],
  a: ["(signed char)", ""],
  h: ["(unsigned char)", ""],
  s: ["(short)", ""],
  t: ["(unsigned short)", ""],
  i: ["", ""],
  j: ["", "u"],
  l: ["", "l"],
  m: ["", "ul"],
  x: ["", "ll"],
  y: ["", "ull"],
  n: ["(__int128)", ""],
  o: ["(unsigned __int128)", ""],
};

/** Floating-point numbers: hexadecimal digits and what stands behind the number. */
const FLOATS: Readonly<Record<string, readonly [number, string]>> = {
  f: [8, "f"],
  d: [16, ""],
  e: [32, "L"],
};

export function parsePrimary(mangled: Mangled): Node {
  mangled.need("L");
  const node = parseLiteral(mangled);
  mangled.need("E");
  return node;
}

function parseLiteral(mangled: Mangled): Node {
  const letter = mangled.look();
  const integer = INTEGERS[letter];
  if (integer !== undefined && letter !== "") {
    mangled.at++;
    return new Sequence(integer[0], parseInteger(mangled), integer[1]);
  }
  const float = FLOATS[letter];
  if (float !== undefined && letter !== "") {
    mangled.at++;
    return parseFloatLiteral(mangled, float[0], float[1]);
  }
  if (mangled.take("b0")) return new Sequence("false");
  if (mangled.take("b1")) return new Sequence("true");
  if (mangled.take("_Z")) return parseEncoding(mangled);
  if (mangled.take("Dn")) {
    mangled.take("0");
    return new Sequence("nullptr");
  }
  if (letter === "A") return new Sequence('"<', parseType(mangled), '>"');
  if (letter === "U") return new Sequence("[]", parseUnnamed(mangled), "{...}");
  if (letter === "T") mangled.fail();
  const type = parseType(mangled);
  return new Sequence("(", type, ")", parseInteger(mangled));
}

function parseInteger(mangled: Mangled): string {
  const digits = mangled.digits(true);
  if (digits === "" || digits === "n") mangled.fail();
  return digits.replace(/^n/, "-");
}

/** Printed as the C library's `%a` would. */
function parseFloatLiteral(mangled: Mangled, digitCount: number, suffix: string): Node {
  const digits = mangled.read(digitCount);
  if (!/^[0-9a-f]+$/.test(digits) || digitCount > 16) return new Sequence(digits);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${digits}`) << BigInt(64 - 4 * digitCount));
  const value = digitCount === 8 ? view.getFloat32(0) : view.getFloat64(0);
  return new Sequence(hexadecimal(value) + suffix);
}

function hexadecimal(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) return sign + (Number.isNaN(value) ? "nan" : "inf");
  if (magnitude === 0) return `${sign}0x0p+0`;
  let exponent = Math.max(Math.floor(Math.log2(magnitude)), -1022);
  if (2 ** exponent > magnitude) exponent--;
  const fraction = (magnitude / 2 ** exponent).toString(16);
  return `${sign}0x${fraction}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}
