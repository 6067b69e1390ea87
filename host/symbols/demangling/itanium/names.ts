/**
 * Names and function encodings (Itanium C++ ABI, 5.1.2 to 5.1.4 and 5.1.6): `<encoding>`, `<name>`,
 * `<nested-name>`, `<local-name>`, `<unqualified-name>`.
 */
import { parseArgument, parseArguments, parseTemplateParameter } from "./arguments.js";
import { isDigit, type Mangled, type NameTraits } from "./mangled.js";
import { Abbreviated, FunctionEncoding, NamedAs, type Node, Sequence } from "./nodes.js";
import { operatorAt } from "./operators.js";
import { parseSpecial } from "./special.js";
import { parseSubstitution } from "./substitution.js";
import {
  parseDecltype,
  parseQualifierWords,
  parseReferenceSign,
  parseType,
} from "./type-grammar.js";
import { parseUnnamed } from "./unnamed.js";

/** A function with its parameters, or the name of data. */
export function parseEncoding(mangled: Mangled): Node {
  return mangled.nested(() => {
    // The parameters of the template around are no business of the name inside.
    const levels = mangled.templateLevels;
    mangled.templateLevels = [];
    const encoding = parseFunctionOrData(mangled);
    mangled.templateLevels = levels;
    return encoding;
  });
}

function parseFunctionOrData(mangled: Mangled): Node {
  if (mangled.look() === "G" || mangled.look() === "T") return parseSpecial(mangled);
  const traits: NameTraits = { hasNoResult: false, endsWithArguments: false, qualifiers: "" };
  const firstForward = mangled.forwards.length;
  const name = parseName(mangled, traits);
  resolveForwards(mangled, firstForward);
  if (isEndOfEncoding(mangled)) return name;
  const suffix: (string | Node | Node[])[] = [traits.qualifiers];
  if (mangled.take("Ua9enable_ifI")) {
    suffix.push(
      " [enable_if:",
      mangled.until("E", () => parseArgument(mangled)),
      "]",
    );
  }
  const hasResult = !traits.hasNoResult && traits.endsWithArguments;
  const result = hasResult ? parseType(mangled) : undefined;
  return new FunctionEncoding(result, name, parseParameters(mangled), suffix);
}

function isEndOfEncoding(mangled: Mangled): boolean {
  return mangled.isAtEnd || /[E._]/.test(mangled.look());
}

function parseParameters(mangled: Mangled): Node[] {
  if (mangled.take("v")) return [];
  const parameters: Node[] = [];
  do parameters.push(parseType(mangled));
  while (!isEndOfEncoding(mangled));
  return parameters;
}

/** Template parameters that stood before their arguments are known now. */
function resolveForwards(mangled: Mangled, first: number): void {
  for (const forward of mangled.forwards.slice(first)) {
    forward.found = mangled.templateLevels[0]?.[forward.index] ?? mangled.fail();
  }
  mangled.forwards.length = first;
}

/** `traits` only where the name is that of an encoding, whose arguments later parts refer to. */
export function parseName(mangled: Mangled, traits?: NameTraits): Node {
  if (mangled.look() === "N") return parseNestedName(mangled, traits);
  if (mangled.look() === "Z") return parseLocalName(mangled, traits);
  const isReference = mangled.look() === "S" && mangled.look(1) !== "t";
  const name = isReference ? parseSubstitution(mangled) : parseUnscopedName(mangled, traits);
  if (mangled.look() !== "I") return isReference ? mangled.fail() : name;
  if (!isReference) mangled.remember(name);
  return withArguments(mangled, name, traits);
}

/** A template's name with the arguments that stand here. */
export function withArguments(mangled: Mangled, name: Node, traits?: NameTraits): Node {
  const list = parseArguments(mangled, traits !== undefined);
  if (traits) traits.endsWithArguments = true;
  return new NamedAs(name.baseName(), new Sequence(name, list));
}

function parseUnscopedName(mangled: Mangled, traits?: NameTraits): Node {
  const isStandard = mangled.take("St");
  mangled.take("L"); // of internal linkage
  if (!isStandard) return parseUnqualifiedName(mangled, traits);
  return new Sequence("std::", parseUnqualifiedName(mangled, traits));
}

/** A name inside a function: `Z <encoding> E <entity>`. */
function parseLocalName(mangled: Mangled, traits?: NameTraits): Node {
  mangled.need("Z");
  const encoding = parseEncoding(mangled);
  mangled.need("E");
  if (mangled.take("s")) {
    skipDiscriminator(mangled);
    return new Sequence(encoding, "::", "string literal");
  }
  if (mangled.take("d")) {
    mangled.digits();
    mangled.need("_");
    return new Sequence(encoding, "::", parseName(mangled, traits));
  }
  const entity = parseName(mangled, traits);
  skipDiscriminator(mangled);
  return new Sequence(encoding, "::", entity);
}

/** Which of several entities of the same name: `_3`, `__12_`; not printed. */
function skipDiscriminator(mangled: Mangled): void {
  const found = /^(_\d|__\d+_|\d+$)/.exec(mangled.text.slice(mangled.at, mangled.at + 16));
  if (found) mangled.at += found[0].length;
}

function parseNestedName(mangled: Mangled, traits?: NameTraits): Node {
  return mangled.nested(() => {
    mangled.need("N");
    const words = parseQualifierWords(mangled);
    const qualifiers = words + parseReferenceSign(mangled);
    if (traits) traits.qualifiers = qualifiers;
    let soFar: Node | undefined = mangled.take("St") ? new Sequence("std") : undefined;
    while (!mangled.take("E")) {
      mangled.take("L");
      if (mangled.take("M")) {
        if (soFar === undefined) mangled.fail();
      } else soFar = parseComponent(mangled, soFar, traits);
    }
    if (soFar === undefined || mangled.substitutions.length === 0) mangled.fail();
    mangled.substitutions.pop();
    return soFar as Node;
  });
}

/** The next part of a nested name, with what stands before it. */
function parseComponent(mangled: Mangled, soFar: Node | undefined, traits?: NameTraits): Node {
  const [letter, next] = [mangled.look(), mangled.look(1)];
  if (letter === "I") {
    return mangled.remember(withArguments(mangled, soFar ?? mangled.fail(), traits));
  }
  if (traits) traits.endsWithArguments = false;
  if (letter === "S" && next !== "t") {
    const found = parseSubstitution(mangled);
    return soFar === undefined ? found : mangled.remember(new Sequence(soFar, "::", found));
  }
  let prefix = soFar;
  let part: Node;
  if (letter === "T") part = parseTemplateParameter(mangled);
  else if (letter === "D" && (next === "t" || next === "T")) part = parseDecltype(mangled);
  else if (letter === "C" || (letter === "D" && next !== "C")) {
    if (prefix instanceof Abbreviated) prefix = prefix.expanded();
    part = parseConstructor(mangled, prefix ?? mangled.fail(), traits);
  } else part = parseUnqualifiedName(mangled, traits);
  return mangled.remember(prefix === undefined ? part : new Sequence(prefix, "::", part));
}

function parseConstructor(mangled: Mangled, owner: Node, traits?: NameTraits): Node {
  const isConstructor = mangled.read(1) === "C";
  const inherits = isConstructor && mangled.take("I");
  const variant = mangled.read(1);
  if (!(isConstructor ? /[1-5]/ : /[01245]/).test(variant)) mangled.fail();
  if (inherits) parseName(mangled, traits);
  if (traits) traits.hasNoResult = true;
  return withTags(mangled, new Sequence(isConstructor ? "" : "~", owner.baseName()));
}

export function parseUnqualifiedName(mangled: Mangled, traits?: NameTraits): Node {
  const letter = mangled.look();
  if (letter === "U") return withTags(mangled, parseUnnamed(mangled));
  if (isDigit(letter)) return withTags(mangled, parseSourceName(mangled));
  if (mangled.take("DC")) {
    const names = mangled.until("E", () => parseSourceName(mangled));
    return withTags(mangled, new Sequence("[", names, "]"));
  }
  return withTags(mangled, parseOperatorName(mangled, traits));
}

/** An identifier preceded by its length. */
export function parseSourceName(mangled: Mangled): Node {
  if (mangled.look() === "0") mangled.fail();
  const name = mangled.read(Number(mangled.digits() || mangled.fail()));
  return new Sequence(name.startsWith("_GLOBAL__N") ? "(anonymous namespace)" : name);
}

export function parseOperatorName(mangled: Mangled, traits?: NameTraits): Node {
  if (mangled.take("li")) return new Sequence('operator"" ', parseSourceName(mangled));
  if (mangled.take("cv")) {
    const { takesArguments, permitsForwards } = mangled;
    mangled.takesArguments = false;
    mangled.permitsForwards = permitsForwards || traits !== undefined;
    const type = parseType(mangled);
    mangled.takesArguments = takesArguments;
    mangled.permitsForwards = permitsForwards;
    if (traits) traits.hasNoResult = true;
    return new Sequence("operator ", type);
  }
  if (mangled.look() === "v" && isDigit(mangled.look(1))) {
    mangled.at += 2;
    return new Sequence("operator ", parseSourceName(mangled));
  }
  const { sign } = operatorAt(mangled) ?? mangled.fail();
  mangled.at += 2;
  return new Sequence(/^[a-z]/.test(sign) ? `operator ${sign}` : `operator${sign}`);
}

/** `[abi:…]` for each tag that stands here. */
export function withTags(mangled: Mangled, name: Node): Node {
  let tagged = name;
  while (mangled.take("B")) {
    tagged = new NamedAs(
      name.baseName(),
      new Sequence(tagged, "[abi:", parseSourceName(mangled), "]"),
    );
  }
  return tagged;
}
