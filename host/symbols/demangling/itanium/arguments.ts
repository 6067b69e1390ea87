/** Template arguments and parameters (Itanium C++ ABI, 5.1.5.5 and 5.1.5.6). */
import { parseExpression } from "./expressions.js";
import { parsePrimary } from "./literals.js";
import type { Mangled } from "./mangled.js";
import { parseEncoding } from "./names.js";
import { type Node, Sequence, TemplateArguments } from "./nodes.js";
import { ArgumentPack, ForwardReference, ParameterPack } from "./packs.js";
import { parseType } from "./type-grammar.js";

/** `T_`, `T0_` …: an argument of the template around. */
export function parseTemplateParameter(mangled: Mangled): Node {
  mangled.need("T");
  const level = mangled.take("L") ? mangled.index(10) + 1 : 0;
  if (level > 0 && mangled.look() === "_") mangled.need("_");
  const index = mangled.index(10);
  if (mangled.permitsForwards && level === 0) {
    const forward = new ForwardReference(index);
    mangled.forwards.push(forward);
    return forward;
  }
  const found = mangled.templateLevels[level]?.[index];
  if (found !== undefined) return found;
  // A parameter of a generic lambda that the compiler made from `auto`.
  if (mangled.lambdaLevel === level && level <= mangled.templateLevels.length) {
    return new Sequence("auto");
  }
  return mangled.fail();
}

/** `I … E`. With `isOwn` they are what `T_` means from here on. */
export function parseArguments(mangled: Mangled, isOwn = false): Node {
  mangled.need("I");
  if (!isOwn) return new TemplateArguments(mangled.until("E", () => parseArgument(mangled)));
  const own: Node[] = [];
  const list = mangled.until("E", () => {
    mangled.templateLevels = [];
    const argument = parseArgument(mangled);
    own.push(argument instanceof ArgumentPack ? new ParameterPack(argument.elements) : argument);
    return argument;
  });
  mangled.templateLevels = [own];
  return new TemplateArguments(list);
}

export function parseArgument(mangled: Mangled): Node {
  return mangled.nested(() => {
    if (mangled.take("X")) {
      const expression = parseExpression(mangled);
      mangled.need("E");
      return expression;
    }
    if (mangled.take("J")) {
      return new ArgumentPack(mangled.until("E", () => parseArgument(mangled)));
    }
    if (mangled.take("LZ")) {
      const encoding = parseEncoding(mangled);
      mangled.need("E");
      return encoding;
    }
    return mangled.look() === "L" ? parsePrimary(mangled) : parseType(mangled);
  });
}
