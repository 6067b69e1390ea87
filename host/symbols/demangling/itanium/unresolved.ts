/** Names in expressions that only an instantiation can find (Itanium C++ ABI, 5.1.6.3). */
import { parseArguments, parseTemplateParameter } from "./arguments.js";
import { isDigit, type Mangled } from "./mangled.js";
import { parseOperatorName, parseSourceName } from "./names.js";
import { type Node, Sequence } from "./nodes.js";
import { parseSubstitution } from "./substitution.js";
import { parseDecltype } from "./type-grammar.js";

/** `global` is `::` where the name begins at the outermost namespace. */
export function parseUnresolvedName(mangled: Mangled, global: string): Node {
  if (mangled.take("srN")) {
    const type = withOwnArguments(mangled, parseUnresolvedType(mangled));
    const levels = mangled.until("E", () => parseSimpleName(mangled));
    return qualify([type, ...levels], parseBaseName(mangled));
  }
  if (!mangled.take("sr")) return new Sequence(global, parseBaseName(mangled));
  if (isDigit(mangled.look())) {
    const levels = mangled.until("E", () => parseSimpleName(mangled));
    return new Sequence(global, qualify(levels, parseBaseName(mangled)));
  }
  const type = withOwnArguments(mangled, parseUnresolvedType(mangled));
  return qualify([type], parseBaseName(mangled));
}

function qualify(levels: readonly Node[], name: Node): Node {
  return new Sequence(...levels.flatMap((level) => [level, "::"]), name);
}

function parseUnresolvedType(mangled: Mangled): Node {
  if (mangled.look() === "T") return mangled.remember(parseTemplateParameter(mangled));
  if (mangled.look() === "D") return mangled.remember(parseDecltype(mangled));
  return parseSubstitution(mangled);
}

function parseSimpleName(mangled: Mangled): Node {
  return withOwnArguments(mangled, parseSourceName(mangled));
}

function parseBaseName(mangled: Mangled): Node {
  if (isDigit(mangled.look())) return parseSimpleName(mangled);
  if (mangled.take("dn")) {
    const isName = isDigit(mangled.look());
    return new Sequence("~", isName ? parseSimpleName(mangled) : parseUnresolvedType(mangled));
  }
  mangled.take("on");
  return withOwnArguments(mangled, parseOperatorName(mangled));
}

function withOwnArguments(mangled: Mangled, name: Node): Node {
  return mangled.look() === "I" ? new Sequence(name, parseArguments(mangled)) : name;
}
