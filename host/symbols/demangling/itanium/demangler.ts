/** Demangles C++ names of the Itanium ABI, which is what compilers to wasm use. */
import { describeSuffix } from "../suffix.js";
import { Mangled } from "./mangled.js";
import { parseEncoding } from "./names.js";
import { Output } from "./output.js";

/** The name as C++ has it; throws `NotMangled` for what is none, or is too much work. */
export function demangleItanium(name: string): string {
  const mangled = new Mangled(name);
  if (!mangled.take("__Z")) mangled.need("_Z");
  const encoding = parseEncoding(mangled);
  if (!mangled.isAtEnd && mangled.look() !== ".") mangled.fail();
  const output = new Output();
  output.putNode(encoding);
  return output.text + describeSuffix(mangled.text.slice(mangled.at));
}
