/**
 * Demangles Rust names of the legacy scheme, which borrows the Itanium ABI's nested names:
 * `_ZN4core3ptr13drop_in_place17h0123456789abcdefE`. The last part is a hash and is dropped. The
 * escapes are those of rustc's `legacy.rs`.
 */
import { describeSuffix } from "./suffix.js";

const HASH = /^h[0-9a-f]{16}$/;

const ESCAPES: Readonly<Record<string, string>> = {
  SP: "@",
  BP: "*",
  RF: "&",
  LT: "<",
  GT: ">",
  LP: "(",
  RP: ")",
  C: ",",
};

/** The path as Rust has it; undefined for a name of another scheme. */
export function demangleRustLegacy(name: string): string | undefined {
  const begin = /^_?_?ZN/.exec(name);
  if (begin === null) return undefined;
  const parts: string[] = [];
  let at = begin[0].length;
  while (name[at] !== "E") {
    const digits = /^[1-9][0-9]{0,4}/.exec(name.slice(at, at + 5))?.[0];
    if (digits === undefined) return undefined;
    at += digits.length + Number(digits);
    parts.push(name.slice(at - Number(digits), at));
  }
  const path = joinPath(parts);
  return path && path + describeSuffix(name.slice(at + 1));
}

/**
 * The path in a name that wasm-ld has taken for one of C++ and written out: hash and escapes are
 * still there. Undefined for other names.
 */
export function demangleRustLinked(name: string): string | undefined {
  return /::h[0-9a-f]{16}$/.test(name) ? joinPath(name.split("::")) : undefined;
}

/** Undefined unless the last part is a hash. */
function joinPath(parts: readonly string[]): string | undefined {
  if (parts.length < 2 || !HASH.test(parts.at(-1) ?? "")) return undefined;
  return parts.slice(0, -1).map(withoutEscapes).join("::");
}

function withoutEscapes(part: string): string {
  const text = part.startsWith("_$") ? part.slice(1) : part;
  return text
    .replace(/\$([A-Z]+|u[0-9a-f]{1,6})\$/g, (whole, code: string) => {
      if (!code.startsWith("u")) return ESCAPES[code] ?? whole;
      const point = Number.parseInt(code.slice(1), 16);
      return point <= 0x10_ffff ? String.fromCodePoint(point) : whole;
    })
    .replaceAll("..", "::");
}
