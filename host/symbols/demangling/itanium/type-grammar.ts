/** Types (Itanium C++ ABI, 5.1.5): `<type>` and what it is made of. */
import { parseArguments, parseTemplateParameter } from "./arguments.js";
import { parseExpression } from "./expressions.js";
import { isDigit, type Mangled } from "./mangled.js";
import { parseName, parseSourceName, withArguments } from "./names.js";
import {
  ArrayType,
  FunctionType,
  MemberPointer,
  type Node,
  type Part,
  Pointer,
  Qualified,
  Sequence,
} from "./nodes.js";
import { Expansion } from "./packs.js";
import { parseSubstitution } from "./substitution.js";

/** Types of one letter. */
const BUILT_IN: Readonly<Record<string, string>> = {
  v: "void",
  w: "wchar_t",
  b: "bool",
  c: "char",
  a: "signed char",
  h: "unsigned char",
  s: "short",
  t: "unsigned short",
  i: "int",
  j: "unsigned int",
  l: "long",
  m: "unsigned long",
  x: "long long",
  y: "unsigned long long",
  n: "__int128",
  o: "unsigned __int128",
  f: "float",
  d: "double",
  e: "long double",
  g: "__float128",
  z: "...",
};

/** Types of a `D` and one letter. */
const BUILT_IN_D: Readonly<Record<string, string>> = {
  d: "decimal64",
  e: "decimal128",
  f: "decimal32",
  h: "half",
  i: "char32_t",
  s: "char16_t",
  u: "char8_t",
  a: "auto",
  c: "decltype(auto)",
  n: "std::nullptr_t",
};

export function parseType(mangled: Mangled): Node {
  return mangled.nested(() => {
    const letter = mangled.look();
    const builtIn = BUILT_IN[letter];
    if (builtIn !== undefined && letter !== "") {
      mangled.at++;
      return new Sequence(builtIn);
    }
    if (letter === "D") {
      const builtInD = BUILT_IN_D[mangled.look(1)];
      if (builtInD === undefined) return mangled.remember(parseTypeD(mangled));
      mangled.at += 2;
      return new Sequence(builtInD);
    }
    if (letter === "S" && mangled.look(1) !== "t") {
      const found = parseSubstitution(mangled);
      const isTemplate = mangled.takesArguments && mangled.look() === "I";
      return isTemplate ? mangled.remember(withArguments(mangled, found)) : found;
    }
    return mangled.remember(parseCompound(mangled, letter));
  });
}

function parseCompound(mangled: Mangled, letter: string): Node {
  switch (letter) {
    case "r":
    case "V":
    case "K":
      return parseQualified(mangled);
    case "U":
      return parseVendorQualified(mangled);
    case "F":
      return parseFunctionType(mangled);
    case "T":
      return parseParameterType(mangled);
    default:
  }
  if (!"uAMPROCG".includes(letter)) return parseName(mangled);
  mangled.at++;
  switch (letter) {
    case "u":
      return parseVendorType(mangled);
    case "A":
      return parseArrayType(mangled);
    case "M": {
      const owner = parseType(mangled);
      return new MemberPointer(owner, parseType(mangled));
    }
    case "C":
      return new Qualified(parseType(mangled), " complex");
    case "G":
      return new Qualified(parseType(mangled), " imaginary");
    default:
      return new Pointer(parseType(mangled), letter === "P" ? "*" : letter === "R" ? "&" : "&&");
  }
}

/** `D` and a letter that begins a longer type. */
function parseTypeD(mangled: Mangled): Node {
  if (mangled.take("Dp")) return new Expansion(parseType(mangled));
  if (mangled.take("Dv")) return parseVectorType(mangled);
  if (mangled.take("DF")) {
    const bits = mangled.digits() || mangled.fail();
    mangled.need("_");
    return new Sequence(`_Float${bits}`);
  }
  if (/[tT]/.test(mangled.look(1))) return parseDecltype(mangled);
  return parseFunctionType(mangled);
}

/** cv-qualifiers belong to a function type itself. */
function parseQualified(mangled: Mangled): Node {
  const [begin, words] = [mangled.at, parseQualifierWords(mangled)];
  if (mangled.look() === "F" || /^D[oOwx]/.test(mangled.look() + mangled.look(1))) {
    mangled.at = begin;
    return parseFunctionType(mangled);
  }
  return new Qualified(
    mangled.look() === "U" ? parseVendorQualified(mangled) : parseType(mangled),
    words,
  );
}

function parseVendorQualified(mangled: Mangled): Node {
  mangled.need("U");
  const qualifier = parseSourceName(mangled);
  const list = mangled.look() === "I" ? parseArguments(mangled) : new Sequence();
  const inner = /[rVKU]/.test(mangled.look()) ? parseCompound(mangled, mangled.look()) : undefined;
  return new Sequence(inner ?? parseType(mangled), " ", qualifier, list);
}

function parseVendorType(mangled: Mangled): Node {
  const name = parseSourceName(mangled);
  return mangled.look() === "I" ? withArguments(mangled, name) : name;
}

/** A template parameter, or a template template parameter with arguments. */
function parseParameterType(mangled: Mangled): Node {
  if (/[sue]/.test(mangled.look(1))) {
    const kind = { s: "struct ", u: "union ", e: "enum " }[mangled.look(1) as "s" | "u" | "e"];
    mangled.at += 2;
    return new Sequence(kind, parseName(mangled));
  }
  const parameter = parseTemplateParameter(mangled);
  if (!mangled.takesArguments || mangled.look() !== "I") return parameter;
  return withArguments(mangled, mangled.remember(parameter));
}

function parseFunctionType(mangled: Mangled): Node {
  const words = parseQualifierWords(mangled);
  const exception = parseException(mangled);
  mangled.take("Dx");
  mangled.need("F");
  mangled.take("Y");
  const result = parseType(mangled);
  const parameters: Node[] = [];
  let sign = "";
  while (!mangled.take("E")) {
    if (mangled.take("v")) continue;
    if (mangled.take("RE")) sign = " &";
    else if (mangled.take("OE")) sign = " &&";
    else {
      parameters.push(parseType(mangled));
      continue;
    }
    break;
  }
  return new FunctionType(result, parameters, [words, sign, ...exception]);
}

function parseException(mangled: Mangled): Part[] {
  if (mangled.take("Do")) return [" noexcept"];
  if (mangled.take("DO")) {
    const condition = parseExpression(mangled);
    mangled.need("E");
    return [" noexcept(", condition, ")"];
  }
  if (!mangled.take("Dw")) return [];
  return [" throw(", mangled.until("E", () => parseType(mangled)), ")"];
}

function parseArrayType(mangled: Mangled): Node {
  let dimension: Node;
  if (isDigit(mangled.look())) dimension = new Sequence(mangled.digits());
  else if (mangled.look() === "_") dimension = new Sequence();
  else dimension = parseExpression(mangled);
  mangled.need("_");
  return new ArrayType(parseType(mangled), dimension);
}

function parseVectorType(mangled: Mangled): Node {
  let dimension: Node = new Sequence();
  if (isDigit(mangled.look())) {
    dimension = new Sequence(mangled.digits());
    mangled.need("_");
    if (mangled.take("p")) return new Sequence("pixel vector[", dimension, "]");
  } else if (!mangled.take("_")) {
    dimension = parseExpression(mangled);
    mangled.need("_");
  }
  return new Sequence(parseType(mangled), " vector[", dimension, "]");
}

export function parseDecltype(mangled: Mangled): Node {
  if (!mangled.take("Dt")) mangled.need("DT");
  const expression = parseExpression(mangled);
  mangled.need("E");
  return new Sequence("decltype(", expression, ")");
}

/** ` &` or ` &&` of a member function. */
export function parseReferenceSign(mangled: Mangled): string {
  if (mangled.take("O")) return " &&";
  return mangled.take("R") ? " &" : "";
}

/** `restrict`, `volatile` and `const`, as they follow a type. */
export function parseQualifierWords(mangled: Mangled): string {
  const isRestrict = mangled.take("r");
  const isVolatile = mangled.take("V");
  const words = mangled.take("K") ? " const" : "";
  return words + (isVolatile ? " volatile" : "") + (isRestrict ? " restrict" : "");
}
