/**
 * Modules with debug information and what llvm-symbolizer says of their calls: see
 * `tests/vectors/symbols/README.md`.
 */
import { readFileSync } from "node:fs";
import { ROOT } from "../guests/guest.js";

export const VECTORS = [
  "tree-dwarf4",
  "tree-dwarf5",
  "shapes-dwarf4",
  "shapes-dwarf5",
  "shelf-dwarf4",
] as const;

/** One function at a call: as a line of the vector has it. */
export interface ExpectedFrame {
  readonly definition: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The module of a vector. */
export function readModule(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${ROOT}tests/vectors/symbols/${name}.wasm`));
}

/** The frames at each call of a vector, innermost first. */
export function readFrames(name: string): ReadonlyMap<number, readonly ExpectedFrame[]> {
  const text = readFileSync(`${ROOT}tests/vectors/symbols/${name}.frames.txt`, "utf8");
  const calls = new Map<number, ExpectedFrame[]>();
  for (const row of text.trimEnd().split("\n")) {
    const [position = "", definition = "", file = "", line = "", column = ""] = row.split("\t");
    const frames = calls.get(Number(position)) ?? [];
    frames.push({ definition, file, line: Number(line), column: Number(column) });
    calls.set(Number(position), frames);
  }
  return calls;
}
