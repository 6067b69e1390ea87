/** Parts that stood before, and short forms of the standard library's (Itanium C++ ABI, 5.1.10). */
import type { Mangled } from "./mangled.js";
import { withTags } from "./names.js";
import { Abbreviated, type Node, Sequence } from "./nodes.js";

const ALLOCATOR = ", std::allocator<char> >";

const STANDARD: Readonly<Record<string, () => Node>> = {
  a: () => new Sequence("std::", new Sequence("allocator")),
  b: () => new Sequence("std::", new Sequence("basic_string")),
  s: () => new Abbreviated("string", "basic_string", `<char, std::char_traits<char>${ALLOCATOR}`),
  i: () => new Abbreviated("istream", "basic_istream", "<char, std::char_traits<char> >"),
  o: () => new Abbreviated("ostream", "basic_ostream", "<char, std::char_traits<char> >"),
  d: () => new Abbreviated("iostream", "basic_iostream", "<char, std::char_traits<char> >"),
};

/** `S_`, `S0_` …: a part that stood before; `Sa`, `Ss` …: one of the standard library. */
export function parseSubstitution(mangled: Mangled): Node {
  mangled.need("S");
  const standard = STANDARD[mangled.look()];
  if (standard !== undefined && mangled.look() !== "") {
    mangled.at++;
    const name = standard();
    const tagged = withTags(mangled, name);
    return tagged === name ? name : mangled.remember(tagged);
  }
  return mangled.substitutions[mangled.index(36)] ?? mangled.fail();
}
