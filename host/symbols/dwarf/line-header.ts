/**
 * Headers of line tables (DWARF 5, 6.2.4; DWARF 4, 6.2.4): the parameters of the program and the
 * names of files, which are decoded when asked for.
 */
import { BrokenInput, Cursor } from "../cursor.js";
import { Form } from "./codes.js";
import type { DwarfSections } from "./sections.js";
import { readInitialLength } from "./unit.js";
import { type Encoding, readValue } from "./values.js";

/** What the program of a line table starts from. */
export interface LineHeader {
  readonly version: number;
  readonly addressBytes: number;
  /** Where the program begins and ends in `.debug_line`. */
  readonly begin: number;
  readonly until: number;
  readonly instructionBytesMin: number;
  /** From here on an operation is special: it moves both registers and makes a row. */
  readonly opcodeBase: number;
  /** What special operations add to address and line, by their code. */
  readonly advances: Uint16Array;
  readonly lines: Int16Array;
  /** How many operands each standard operation has, from operation 1 on. */
  readonly operandCounts: readonly number[];
  readonly folders: readonly FileEntry[];
  readonly files: readonly FileEntry[];
}

/** A folder or file: where its name stands, and the folder that the name is relative to. */
export interface FileEntry {
  readonly form: number;
  readonly value: number;
  readonly folder: number;
}

/** Kinds of content in a table of files of version 5. */
const CONTENT_PATH = 1;
const CONTENT_FOLDER = 2;

/** Reads the header at the cursor, which ends up where the program begins. */
export function readLineHeader(cursor: Cursor, unitAddressBytes: number): LineHeader {
  const { until, offsetBytes } = readInitialLength(cursor);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw new BrokenInput(`line table version ${version}`);
  let addressBytes = unitAddressBytes;
  if (version >= 5) {
    addressBytes = cursor.u8();
    cursor.skip(1);
  }
  const headerBytes = cursor.unsigned(offsetBytes);
  const begin = cursor.at + headerBytes;
  if (begin > until) throw new BrokenInput("a line table's header is longer than the table");
  const instructionBytesMin = cursor.u8();
  if (version >= 4) cursor.skip(1); // operations an instruction: 1 but on VLIW machines
  cursor.skip(1); // where statements begin: every row counts
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const opcodeBase = cursor.u8();
  const operandCounts: number[] = [];
  for (let each = 1; each < opcodeBase; each++) operandCounts.push(cursor.u8());
  const encoding = { version, offsetBytes, addressBytes };
  const names = version >= 5 ? readNames(cursor, encoding) : readOldNames(cursor);
  cursor.at = begin;
  const program = { version, addressBytes, begin, until, instructionBytesMin };
  const special = tabulate(opcodeBase, instructionBytesMin, lineBase, lineRange);
  return { ...program, ...special, opcodeBase, operandCounts, ...names };
}

/** What special operations do (DWARF 5, 6.2.5.1). */
function tabulate(
  opcodeBase: number,
  instructionBytesMin: number,
  lineBase: number,
  lineRange: number,
): Pick<LineHeader, "advances" | "lines"> {
  if (lineRange === 0) throw new BrokenInput("a line range of 0");
  const advances = new Uint16Array(256);
  const lines = new Int16Array(256);
  for (let code = opcodeBase; code < 256; code++) {
    const adjusted = code - opcodeBase;
    advances[code] = Math.floor(adjusted / lineRange) * instructionBytesMin;
    lines[code] = lineBase + (adjusted % lineRange);
  }
  return { advances, lines };
}

interface Names {
  readonly folders: readonly FileEntry[];
  readonly files: readonly FileEntry[];
}

function readNames(cursor: Cursor, encoding: Encoding): Names {
  const folders = readEntries(cursor, encoding);
  return { folders, files: readEntries(cursor, encoding) };
}

/** A table that describes its own columns (DWARF 5, 6.2.4.1). */
function readEntries(cursor: Cursor, encoding: Encoding): FileEntry[] {
  const formats: { readonly content: number; readonly form: number }[] = [];
  for (let left = cursor.u8(); left > 0; left--) {
    formats.push({ content: cursor.uleb(), form: cursor.uleb() });
  }
  const entries: FileEntry[] = [];
  for (let left = cursor.uleb(); left > 0; left--) {
    const begin = cursor.at;
    let entry: FileEntry = { form: 0, value: 0, folder: 0 };
    for (const { content, form } of formats) {
      const value = readValue(cursor, form, encoding, 0);
      if (content === CONTENT_PATH) entry = { ...entry, form, value };
      if (content === CONTENT_FOLDER) entry = { ...entry, folder: value };
    }
    if (cursor.at === begin) throw new BrokenInput("names without bytes");
    entries.push(entry);
  }
  return entries;
}

/** Names that end at an empty one; folders and files count from 1 (DWARF 4). */
function readOldNames(cursor: Cursor): Names {
  const folders: FileEntry[] = [NO_FILE];
  for (let value = cursor.at; cursor.u8() !== 0; value = cursor.at) {
    cursor.skipCstring();
    folders.push({ form: Form.String, value, folder: 0 });
  }
  const files: FileEntry[] = [NO_FILE];
  for (let value = cursor.at; cursor.u8() !== 0; value = cursor.at) {
    cursor.skipCstring();
    files.push({ form: Form.String, value, folder: cursor.uleb() });
    cursor.uleb();
    cursor.uleb();
  }
  return { folders, files };
}

const NO_FILE: FileEntry = { form: 0, value: 0, folder: 0 };

/** The path of a file, joined as llvm-symbolizer does; undefined where the table has none. */
export function findPath(
  sections: DwarfSections,
  header: LineHeader,
  index: number,
  compilationFolder: string,
): string | undefined {
  const file = header.files[index];
  const name = file && readName(sections, file);
  if (!file || !name) return undefined;
  if (isAbsolute(name)) return name;
  const entry = header.folders[file.folder];
  const folder = (entry && readName(sections, entry)) ?? "";
  return [isAbsolute(folder) ? "" : compilationFolder, folder, name].reduce(join);
}

function readName(sections: DwarfSections, entry: FileEntry): string | undefined {
  if (entry.form === Form.String) return new Cursor(sections.line, entry.value).cstring();
  if (entry.form === Form.LineStringPointer) {
    return new Cursor(sections.lineStr, entry.value).cstring();
  }
  if (entry.form === Form.StringPointer) return new Cursor(sections.str, entry.value).cstring();
  return undefined;
}

function join(folder: string, name: string): string {
  if (folder === "" || name === "") return folder + name;
  return /[/\\]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}
