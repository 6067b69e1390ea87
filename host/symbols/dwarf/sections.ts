/**
 * The custom sections that hold DWARF in a wasm module (tool-conventions, Debugging.md): each as a
 * view on the file, empty where it is missing.
 */
import { findCustom, type WasmSection } from "../sections.js";

export interface DwarfSections {
  readonly info: Uint8Array;
  readonly abbrev: Uint8Array;
  readonly line: Uint8Array;
  readonly str: Uint8Array;
  readonly lineStr: Uint8Array;
  readonly strOffsets: Uint8Array;
  readonly addr: Uint8Array;
  readonly ranges: Uint8Array;
  readonly rnglists: Uint8Array;
}

const EMPTY = new Uint8Array();

/** Finds the DWARF of a module; undefined when it has none. */
export function findDwarf(
  bytes: Uint8Array,
  sections: readonly WasmSection[],
): DwarfSections | undefined {
  const part = (name: string) => findCustom(bytes, sections, `.debug_${name}`) ?? EMPTY;
  const info = part("info");
  if (info.length === 0) return undefined;
  return {
    info,
    abbrev: part("abbrev"),
    line: part("line"),
    str: part("str"),
    lineStr: part("line_str"),
    strOffsets: part("str_offsets"),
    addr: part("addr"),
    ranges: part("ranges"),
    rnglists: part("rnglists"),
  };
}
