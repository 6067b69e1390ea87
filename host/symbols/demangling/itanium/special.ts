/**
 * Names of what the compiler makes itself (Itanium C++ ABI, 5.1.4): virtual tables, type
 * information, thunks, guards.
 */
import { parseArgument } from "./arguments.js";
import type { Mangled } from "./mangled.js";
import { parseEncoding, parseName } from "./names.js";
import { type Node, Sequence } from "./nodes.js";
import { parseType } from "./type-grammar.js";

const TYPES: Readonly<Record<string, string>> = {
  TV: "vtable for ",
  TT: "VTT for ",
  TI: "typeinfo for ",
  TS: "typeinfo name for ",
};

const NAMES: Readonly<Record<string, string>> = {
  TW: "thread-local wrapper routine for ",
  TH: "thread-local initialization routine for ",
  GV: "guard variable for ",
};

export function parseSpecial(mangled: Mangled): Node {
  const code = mangled.read(2);
  const ofType = TYPES[code];
  if (ofType !== undefined) return new Sequence(ofType, parseType(mangled));
  const ofName = NAMES[code];
  if (ofName !== undefined) return new Sequence(ofName, parseName(mangled));
  switch (code) {
    case "TA":
      return new Sequence("template parameter object for ", parseArgument(mangled));
    case "TC": {
      const derived = parseType(mangled);
      mangled.digits(true);
      mangled.need("_");
      return new Sequence("construction vtable for ", parseType(mangled), "-in-", derived);
    }
    case "Tc":
      skipCallOffset(mangled, mangled.read(1));
      skipCallOffset(mangled, mangled.read(1));
      return new Sequence("covariant return thunk to ", parseEncoding(mangled));
    case "GR": {
      const name = parseName(mangled);
      if (!mangled.take("_") && !mangled.isAtEnd) mangled.index(36);
      return new Sequence("reference temporary for ", name);
    }
    case "Th":
      skipCallOffset(mangled, "h");
      return new Sequence("non-virtual thunk to ", parseEncoding(mangled));
    case "Tv":
      skipCallOffset(mangled, "v");
      return new Sequence("virtual thunk to ", parseEncoding(mangled));
    default:
      return mangled.fail();
  }
}

/** How a thunk moves `this`; not printed. */
function skipCallOffset(mangled: Mangled, kind: string): void {
  if (kind !== "h" && kind !== "v") mangled.fail();
  for (let left = kind === "v" ? 2 : 1; left > 0; left--) {
    if (mangled.digits(true) === "") mangled.fail();
    mangled.need("_");
  }
}
