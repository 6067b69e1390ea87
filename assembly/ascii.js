/**
 * A transform of the AssemblyScript compiler: every `ascii("…")` becomes the address of a counted
 * text in one data segment, in which equal texts stand once. Without it (specs under as-pect) the
 * function `ascii` in bytes/ascii.ts does the same at run time.
 */
import assemblyscript from "assemblyscript";
import { Transform } from "assemblyscript/transform";

const { NodeKind, Parser } = assemblyscript;
const DECLARING = "assembly/bytes/ascii.ts";

/** Collects texts and gives each its offset. */
class Blob {
  bytes = [];
  offsets = new Map();

  offsetOf(text) {
    const known = this.offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.bytes.length;
    const codes = Array.from(text, (character) => character.charCodeAt(0));
    if (codes.some((code) => code > 126)) throw new Error(`not ASCII: ${text}`);
    this.bytes.push(codes.length & 255, codes.length >> 8, ...codes);
    this.offsets.set(text, offset);
    return offset;
  }
}

/** The statements of a piece of source. */
function parse(text) {
  const parser = new Parser();
  parser.parseFile(text, DECLARING, true);
  return parser.sources[0].statements;
}

/** The text that a node asks for, or undefined; in a template a line break is a space. */
function textOf(node) {
  if (node.kind !== NodeKind.Call || node.expression.text !== "ascii") return undefined;
  const [literal] = node.args;
  return literal.value ?? literal.parts[0].replaceAll("\n", " ");
}

/** Replaces the calls below a node; nodes are plain objects with links up (`source`, `range`). */
function replaceCalls(node, blob) {
  for (const [key, value] of Object.entries(node)) {
    if (value === null || typeof value !== "object" || key === "range" || key === "source")
      continue;
    const text = textOf(value);
    if (text !== undefined) {
      node[key] = parse(`ascii + ${blob.offsetOf(text)};`)[0].expression;
    } else replaceCalls(value, blob);
  }
}

export default class AsciiTransform extends Transform {
  afterParse(parser) {
    const blob = new Blob();
    const sources = parser.sources.filter((source) => !source.internalPath.startsWith("~lib"));
    for (const source of sources) replaceCalls(source.statements, blob);
    const declaring = sources.find((source) => source.normalizedPath === DECLARING);
    if (declaring === undefined) return;
    const declaration = `export const ascii: usize = memory.data<u8>([${blob.bytes}]);`;
    const [statement] = parse(declaration);
    statement.range.source = declaring;
    declaring.statements = [statement];
  }
}
