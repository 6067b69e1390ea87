/**
 * Expressions in template arguments and types (Itanium C++ ABI, 5.1.6.3). Every operand is put in
 * parentheses, as LLVM up to version 14 does.
 */
import { parseArgument, parseTemplateParameter } from "./arguments.js";
import { parsePrimary } from "./literals.js";
import { isDigit, type Mangled } from "./mangled.js";

import { type Node, type Part, Sequence } from "./nodes.js";
import { Fix, operatorAt } from "./operators.js";
import { ArgumentPack, Expansion } from "./packs.js";
import { parseType } from "./type-grammar.js";
import { parseUnresolvedName } from "./unresolved.js";

export function parseExpression(mangled: Mangled): Node {
  return mangled.nested(() => {
    const global = mangled.take("gs") ? "::" : "";
    const letter = mangled.look();
    if (letter === "L") return parsePrimary(mangled);
    if (letter === "T") return parseTemplateParameter(mangled);
    if (letter === "f") return parseParameterOrFold(mangled);
    if (isDigit(letter)) return parseUnresolvedName(mangled, global);
    const letters = letter + mangled.look(1);
    const special = SPECIAL[letters];
    if (special !== undefined) {
      mangled.at += 2;
      return new Sequence(...special(mangled, global));
    }
    if (UNRESOLVED.has(letters)) return parseUnresolvedName(mangled, global);
    return parseOperation(mangled);
  });
}

const UNRESOLVED: ReadonlySet<string> = new Set(["sr", "dn", "on"]);

function parseOperation(mangled: Mangled): Node {
  const { sign, fix } = operatorAt(mangled) ?? mangled.fail();
  mangled.at += 2;
  switch (fix) {
    case Fix.Infix: {
      const parts = ["(", parseExpression(mangled), `) ${sign} (`, parseExpression(mangled), ")"];
      // A bare `>` would end the template's arguments.
      return sign === ">" ? new Sequence("(", ...parts, ")") : new Sequence(...parts);
    }
    case Fix.Prefix:
      return new Sequence(sign, "(", parseExpression(mangled), ")");
    case Fix.Either: {
      const isPrefix = mangled.take("_");
      const operand = parseExpression(mangled);
      return isPrefix
        ? new Sequence(sign, "(", operand, ")")
        : new Sequence("(", operand, ")", sign);
    }
    case Fix.Member:
      return new Sequence(parseExpression(mangled), sign, parseExpression(mangled));
    default:
      return mangled.fail();
  }
}

type Special = (mangled: Mangled, global: string) => readonly Part[];

const around =
  (before: string, parse: (mangled: Mangled) => Node, after: string): Special =>
  (mangled) => [before, parse(mangled), after];

const cast =
  (word: string): Special =>
  (mangled) => [`${word}<`, parseType(mangled), ">(", parseExpression(mangled), ")"];

const allocation =
  (word: string): Special =>
  (mangled, global) => {
    const placement = mangled.until("_", () => parseExpression(mangled));
    const where: Part[] = placement.length > 0 ? ["(", placement, ")"] : [];
    const parts: Part[] = [global, word, ...where, " ", parseType(mangled)];
    if (mangled.take("E")) return parts;
    mangled.need("pi");
    return [...parts, "(", mangled.until("E", () => parseExpression(mangled)), ")"];
  };

const release =
  (word: string): Special =>
  (mangled, global) => [`${global}${word} `, parseExpression(mangled)];

const SPECIAL: Readonly<Record<string, Special>> = {
  at: around("alignof (", parseType, ")"),
  az: around("alignof (", parseExpression, ")"),
  cc: cast("const_cast"),
  cl: (mangled) => {
    const callee = parseExpression(mangled);
    return [callee, "(", mangled.until("E", () => parseExpression(mangled)), ")"];
  },
  cv: parseConversion,
  da: release("delete[]"),
  dc: cast("dynamic_cast"),
  dl: release("delete"),
  il: (mangled) => ["{", mangled.until("E", () => parseBraced(mangled)), "}"],
  ix: (mangled) => ["(", parseExpression(mangled), ")[", parseExpression(mangled), "]"],
  na: allocation("new[]"),
  nw: allocation("new"),
  nx: around("noexcept (", parseExpression, ")"),
  qu: (mangled) => {
    const [condition, yes] = [parseExpression(mangled), parseExpression(mangled)];
    return ["(", condition, ") ? (", yes, ") : (", parseExpression(mangled), ")"];
  },
  rc: cast("reinterpret_cast"),
  sc: cast("static_cast"),
  sp: (mangled) => [new Expansion(parseExpression(mangled))],
  sP: (mangled) => {
    const list = mangled.until("E", () => parseArgument(mangled));
    return ["sizeof...(", new ArgumentPack(list), ")"];
  },
  st: around("sizeof (", parseType, ")"),
  sz: around("sizeof (", parseExpression, ")"),
  sZ: (mangled) => ["sizeof...(", new Expansion(parseExpression(mangled)), ")"],
  te: around("typeid (", parseExpression, ")"),
  ti: around("typeid (", parseType, ")"),
  tl: (mangled) => [parseType(mangled), "{", mangled.until("E", () => parseBraced(mangled)), "}"],
  tr: () => ["throw"],
  tw: around("throw ", parseExpression, ""),
};

/** `(type)(value)`, or with several values between `_` and `E`. */
function parseConversion(mangled: Mangled): readonly Part[] {
  const { takesArguments } = mangled;
  mangled.takesArguments = false;
  const type = parseType(mangled);
  mangled.takesArguments = takesArguments;
  const values = mangled.take("_")
    ? mangled.until("E", () => parseExpression(mangled))
    : [parseExpression(mangled)];
  return ["(", type, ")(", values, ")"];
}

/** A designated or plain initializer. */
function parseBraced(mangled: Mangled): Node {
  return mangled.nested(() => {
    if (mangled.take("di")) {
      const field = parseUnresolvedName(mangled, "");
      return withEquals(new Sequence(".", field), mangled);
    }
    if (mangled.take("dx")) {
      return withEquals(new Sequence("[", parseExpression(mangled), "]"), mangled);
    }
    if (!mangled.take("dX")) return parseExpression(mangled);
    const [first, last] = [parseExpression(mangled), parseExpression(mangled)];
    return withEquals(new Sequence("[", first, " ... ", last, "]"), mangled);
  });
}

function withEquals(target: Node, mangled: Mangled): Node {
  const isChain = /^d[ixX]/.test(mangled.look() + mangled.look(1));
  return new Sequence(target, isChain ? "" : " = ", parseBraced(mangled));
}

/** `fp0_`, `fL1p_`: a parameter of the function around; `fl`, `fr`, `fL`, `fR`: a fold. */
function parseParameterOrFold(mangled: Mangled): Node {
  mangled.need("f");
  if (mangled.take("pT")) return new Sequence("this");
  const isOuter = mangled.look() === "L" && isDigit(mangled.look(1));
  if (mangled.look() === "p" || isOuter) {
    if (mangled.take("L")) mangled.digits();
    mangled.need("p");
    while (/[rVK]/.test(mangled.look())) mangled.at++;
    const number = mangled.digits();
    mangled.need("_");
    return new Sequence(`fp${number}`);
  }
  const kind = mangled.read(1);
  if (!"lrLR".includes(kind)) mangled.fail();
  const { sign } = operatorAt(mangled) ?? mangled.fail();
  mangled.at += 2;
  return parseFold(mangled, kind, sign);
}

function parseFold(mangled: Mangled, kind: string, sign: string): Node {
  const isLeft = kind === "l" || kind === "L";
  const first = parseExpression(mangled);
  const second = kind === "L" || kind === "R" ? parseExpression(mangled) : undefined;
  // With an initial value, a left fold has it first.
  const pack = kind === "L" ? (second as Node) : first;
  const initial = kind === "L" ? first : second;
  const packed = new Sequence("(", new Expansion(pack), ")");
  if (isLeft) {
    const before: Part[] = initial ? [initial, ` ${sign} `] : [];
    return new Sequence("(", ...before, `... ${sign} `, packed, ")");
  }
  const after: Part[] = initial ? [` ${sign} `, initial] : [];
  return new Sequence("(", packed, ` ${sign} ...`, ...after, ")");
}
