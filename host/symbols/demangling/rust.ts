/**
 * Demangles Rust names of the v0 scheme (RFC 2603, and the rustc book's "Symbol Mangling"):
 * `_RNvCs1234_7mycrate3foo`. Crate hashes and the types of constants are left out, as rustc's own
 * short form does.
 */
import { RustName } from "./rust-name.js";
import { parsePath } from "./rust-path.js";
import { describeSuffix } from "./suffix.js";

/** The path as Rust has it; throws `NotMangled` for what is none, or is too much work. */
export function demangleRust(symbol: string): string {
  const begin = /^_?_?R/.exec(symbol)?.[0].length ?? 0;
  const [mangled = "", suffix = ""] = symbol.slice(begin).split(/(?=[.$])(.*)/s);
  const name = new RustName(mangled);
  parsePath(name, true);
  if (!name.isAtEnd) name.silently(() => parsePath(name, false));
  if (!name.isAtEnd) name.fail();
  return name.output + describeSuffix(suffix);
}
