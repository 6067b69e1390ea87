/** Paths of the v0 scheme: crates, modules, functions, implementations, generic arguments. */
import { parseConstant } from "./rust-constant.js";
import type { Identifier, RustName } from "./rust-name.js";
import { parseLifetime, parseType } from "./rust-type.js";

/** `isValue` puts `::` before generic arguments, as expressions need it. */
export function parsePath(name: RustName, isValue: boolean): void {
  parseOpenPath(name, isValue, false);
}

/**
 * With `leavesOpen` the brackets of generic arguments are not closed: more may follow. True if
 * there is one to close.
 */
export function parseOpenPath(name: RustName, isValue: boolean, leavesOpen: boolean): boolean {
  let isOpen = false;
  name.nested(() => {
    isOpen = parseTagged(name, isValue, leavesOpen);
  });
  return isOpen;
}

function parseTagged(name: RustName, isValue: boolean, leavesOpen: boolean): boolean {
  switch (name.next()) {
    case "C":
      name.put(name.identifier().name);
      return false;
    case "M":
      skipImplementation(name);
      parseImplementation(name, false);
      return false;
    case "X":
      skipImplementation(name);
      parseImplementation(name, true);
      return false;
    case "Y":
      parseImplementation(name, true);
      return false;
    case "N":
      parseNested(name, isValue);
      return false;
    case "I":
      parseGeneric(name, isValue, leavesOpen);
      return leavesOpen;
    case "B": {
      let isOpen = false;
      name.backReference(() => {
        isOpen = parseOpenPath(name, isValue, leavesOpen);
      });
      return isOpen;
    }
    default:
      return name.fail();
  }
}

/** Where the implementation stands says nothing to the reader. */
function skipImplementation(name: RustName): void {
  name.taggedBase62("s");
  name.silently(() => parsePath(name, false));
}

function parseImplementation(name: RustName, ofTrait: boolean): void {
  name.put("<");
  parseType(name);
  if (ofTrait) {
    name.put(" as ");
    parsePath(name, false);
  }
  name.put(">");
}

function parseNested(name: RustName, isValue: boolean): void {
  const namespace = name.next();
  if (!/[a-zA-Z]/.test(namespace)) name.fail();
  parsePath(name, isValue);
  const identifier = name.identifier();
  if (/[A-Z]/.test(namespace)) name.put(`::${describeSpecial(namespace, identifier)}`);
  else if (identifier.name !== "") name.put(`::${identifier.name}`);
}

/** What the compiler made: `{closure#0}`, `{shim:vtable#0}`. */
function describeSpecial(namespace: string, { name, disambiguator }: Identifier): string {
  const kind = { C: "closure", S: "shim" }[namespace] ?? namespace;
  return `{${kind}${name === "" ? "" : `:${name}`}#${disambiguator}}`;
}

function parseGeneric(name: RustName, isValue: boolean, leavesOpen: boolean): void {
  parsePath(name, isValue);
  if (isValue) name.put("::");
  name.put("<");
  name.list(", ", () => parseArgument(name));
  if (!leavesOpen) name.put(">");
}

function parseArgument(name: RustName): void {
  if (name.take("L")) parseLifetime(name);
  else if (name.take("K")) parseConstant(name);
  else parseType(name);
}
