/** Types without a name (Itanium C++ ABI, 5.1.8): unnamed classes, lambdas, blocks. */
import type { Mangled } from "./mangled.js";
import { type Node, Sequence } from "./nodes.js";
import { Expansion } from "./packs.js";
import { parseType } from "./type-grammar.js";

export function parseUnnamed(mangled: Mangled): Node {
  if (mangled.take("Ut")) {
    const count = mangled.digits();
    mangled.need("_");
    return new Sequence("'unnamed", count, "'");
  }
  if (mangled.take("Ul")) return parseLambda(mangled);
  mangled.need("Ub");
  mangled.digits();
  mangled.need("_");
  return new Sequence("'block-literal'");
}

/** A lambda is known by its parameters and a number. */
function parseLambda(mangled: Mangled): Node {
  const { lambdaLevel } = mangled;
  const level = mangled.templateLevels.length;
  mangled.lambdaLevel = level;
  const own: Node[] = [];
  mangled.templateLevels.push(own);
  const counts = new Map<string, number>();
  const declared: Node[] = [];
  while (mangled.look() === "T" && "yptn".includes(mangled.look(1))) {
    declared.push(parseDeclaration(mangled, own, counts));
  }
  if (declared.length === 0) mangled.templateLevels.length = level;
  const parameters = mangled.take("vE") ? [] : mangled.until("E", () => parseType(mangled));
  mangled.templateLevels.length = Math.min(mangled.templateLevels.length, level);
  mangled.lambdaLevel = lambdaLevel;
  const count = mangled.digits();
  mangled.need("_");
  const template = declared.length > 0 ? ["<", declared, ">"] : [];
  return new Sequence(`'lambda${count}'`, ...template, "(", parameters, ")");
}

/** A template parameter that a lambda declares: its name is made up, `$T`, `$T0`, `$N` … */
function parseDeclaration(mangled: Mangled, own: Node[], counts: Map<string, number>): Node {
  const invent = (letters: string): Node => {
    const count = counts.get(letters) ?? 0;
    counts.set(letters, count + 1);
    const name = new Sequence(count === 0 ? letters : `${letters}${count - 1}`);
    own.push(name);
    return name;
  };
  if (mangled.take("Ty")) return new Sequence("typename ", invent("$T"));
  if (mangled.take("Tn")) {
    const name = invent("$N");
    return new Sequence(parseType(mangled), " ", name);
  }
  if (mangled.take("Tt")) {
    const name = invent("$TT");
    const inner = mangled.until("E", () => parseDeclaration(mangled, [], counts));
    return new Sequence("template<", inner, "> typename ", name);
  }
  mangled.need("Tp");
  const declaration = parseDeclaration(mangled, own, counts);
  const pack = own.pop();
  if (pack !== undefined) own.push(new Expansion(pack));
  return new Sequence(declaration, "...");
}
