/**
 * Names as their language has them: Rust (both schemes) and C++. Names of other languages, and what
 * only looks like a mangled name, stay as they are.
 */
import { demangleItanium } from "./itanium/demangler.js";
import { demangleRust } from "./rust.js";
import { demangleRustLegacy, demangleRustLinked } from "./rust-legacy.js";

/** Longer names stay mangled: the work is bounded by the name's length. */
const CHARACTERS_MAX = 16_384;

/** The readable form of a symbol; the symbol itself where it has none. Never throws. */
export function demangle(symbol: string): string {
  if (symbol.length > CHARACTERS_MAX) return symbol;
  try {
    if (/^_?_?R[A-Z]/.test(symbol)) return demangleRust(symbol);
    if (!/^_?_?Z/.test(symbol)) return demangleRustLinked(symbol) ?? symbol;
    return demangleRustLegacy(symbol) ?? demangleItanium(symbol);
  } catch {
    return symbol;
  }
}
