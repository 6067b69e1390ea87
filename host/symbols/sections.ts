/**
 * The sections of a wasm binary (core specification, 5.5): where each begins and ends. Reads the
 * framing only, a few bytes a section, and stops at the first one that does not fit the file.
 */
import { Cursor } from "./cursor.js";

/** Ids of the sections that are read here. */
export enum SectionId {
  Custom = 0,
  Import = 2,
  Function = 3,
  Global = 6,
  Export = 7,
  Code = 10,
  Data = 11,
}

/** A section's contents: byte offsets in the file, `until` exclusive. */
export interface WasmSection {
  readonly id: number;
  /** Of a custom section; otherwise empty. */
  readonly name: string;
  /** After the id and size and, in a custom section, after the name. */
  readonly begin: number;
  readonly until: number;
}

export interface SectionList {
  readonly sections: readonly WasmSection[];
  /** What ended the list before the end of the file; undefined when nothing did. */
  readonly problem: string | undefined;
}

const HEADER_BYTES = 8;

/** Lists the sections of a module in order; never throws. */
export function listSections(bytes: Uint8Array): SectionList {
  const sections: WasmSection[] = [];
  if (!isModule(bytes)) return { sections, problem: "not a wasm module" };
  const cursor = new Cursor(bytes, HEADER_BYTES);
  while (!cursor.isAtEnd) {
    const at = cursor.at;
    try {
      sections.push(readSection(cursor));
    } catch {
      return { sections, problem: `the section at byte ${at} does not fit the file` };
    }
  }
  return { sections, problem: undefined };
}

/** The contents of the first custom section of this name, as a view on the file. */
export function findCustom(
  bytes: Uint8Array,
  sections: readonly WasmSection[],
  name: string,
): Uint8Array | undefined {
  const found = sections.find(
    (section) => section.id === SectionId.Custom && section.name === name,
  );
  return found && bytes.subarray(found.begin, found.until);
}

/** True for a core module of version 1; false for a component. */
function isModule(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  const cursor = new Cursor(bytes);
  return cursor.u32() === 0x6d736100 && cursor.u32() === 1;
}

function readSection(cursor: Cursor): WasmSection {
  const id = cursor.u8();
  const byteCount = cursor.uleb();
  const until = cursor.at + byteCount;
  const inside = new Cursor(cursor.bytes, cursor.at, until);
  const name = id === SectionId.Custom ? inside.text(inside.uleb()) : "";
  cursor.skip(byteCount);
  return { id, name, begin: inside.at, until };
}
