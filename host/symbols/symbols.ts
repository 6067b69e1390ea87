/**
 * Where a module's code comes from: asks its DWARF, then Go's own table, then its source map, then
 * its names. Opening
 * lists the sections; everything else is read when it is first needed, and what is broken is left
 * out, said in `problems`, and the next source asked.
 */
import { demangle } from "./demangling/demangle.js";
import { Dwarf, type DwarfFrame } from "./dwarf/dwarf.js";
import { findDwarf } from "./dwarf/sections.js";
import { type FunctionRange, type Functions, readFunctions } from "./functions.js";
import { GoSymbols, openPclntab } from "./go/go.js";
import type { GoFrame } from "./go/pclntab.js";
import type { Location, Symboliser } from "./location.js";
import { listSections, SectionId, type WasmSection } from "./sections.js";
import { decodeDataUrl, openSourceMap, type SourceFinder, sourceMapUrl } from "./source-map.js";

export interface SymbolOptions {
  /** The source map's text, from where `sourceMapUrl` points; not for one inside the module. */
  readonly sourceMap?: string;
  /** The wasm file that holds the DWARF, from where `externalDwarfUrl` points. */
  readonly externalDwarf?: Uint8Array;
}

/** The symbols of one module. */
export interface Symbols extends Symboliser {
  /** A function's name, demangled, by its index, imports included; else `wasm-function[N]`. */
  functionName(index: number): string;
  /** The function whose body holds a byte offset of the file; undefined outside of all. */
  functionAt(position: number): number | undefined;
  /** Every function that has a body, in order. */
  functionRanges(): Iterable<FunctionRange>;
  /** What was found broken so far, a sentence each; at most 100, then that there are more. */
  readonly problems: readonly string[];
}

const PROBLEMS_MAX = 100;

type Place = Omit<Location, "definition">;

const UNKNOWN: Place = { file: "<unknown>", line: 1, firstColumn: 1, lastColumn: 1 };

/**
 * Opens the symbols of a wasm file. Never throws, whatever the bytes are; keeps them. A position is
 * that of the call instruction itself, which is what V8's `CallSite.getPosition()` gives for every
 * frame of a wasm function (not the return address: nothing is subtracted).
 */
export function openSymbols(bytes: Uint8Array, options: SymbolOptions = {}): Symbols {
  return new ModuleSymbols(bytes, options);
}

class ModuleSymbols implements Symbols {
  readonly problems: string[] = [];
  private readonly sections: readonly WasmSection[];
  private readonly functions: Functions;
  /** Where the code section's contents begin: what DWARF counts from. */
  private readonly codeBegin: number;
  private dwarf: Dwarf | undefined | null = null;
  private go: GoSymbols | undefined | null = null;
  private findSource: SourceFinder | undefined | null = null;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly options: SymbolOptions,
  ) {
    const { sections, problem } = listSections(bytes);
    if (problem !== undefined) this.note(problem);
    this.sections = sections;
    this.codeBegin = sections.find(({ id }) => id === SectionId.Code)?.begin ?? 0;
    this.functions = readFunctions(bytes, sections, (text) => this.note(text));
  }

  locate(position: number): readonly Location[] {
    const range = this.functions.rangeAt(position);
    if (range === undefined) return [{ ...UNKNOWN, definition: "<unknown>" }];
    const definition = () => this.functionName(range.index);
    const begin = range.begin - this.codeBegin;
    const frames = this.openDwarf()?.locate(position - this.codeBegin, begin) ?? [];
    if (frames.length > 0) return frames.map((frame) => locationOfFrame(frame, definition));
    const goFrames = this.openGo()?.locate(position, range.index) ?? [];
    if (goFrames.length > 0) return goFrames.map(locationOfGo);
    return [{ ...(this.placeInMap(position, range) ?? UNKNOWN), definition: definition() }];
  }

  functionName(index: number): string {
    const goName = this.openGo()?.nameOf(index);
    if (goName) return goName;
    const name = this.functions.nameOf(index);
    return name ? demangle(name) : `wasm-function[${index}]`;
  }

  functionAt(position: number): number | undefined {
    return this.functions.rangeAt(position)?.index;
  }

  functionRanges(): Iterable<FunctionRange> {
    return this.functions.ranges();
  }

  private openDwarf(): Dwarf | undefined {
    if (this.dwarf !== null) return this.dwarf;
    const { externalDwarf } = this.options;
    const inside = findDwarf(this.bytes, this.sections);
    const outside = externalDwarf && findDwarf(externalDwarf, listSections(externalDwarf).sections);
    const found = inside ?? outside;
    if (externalDwarf && !found) this.note("the external debug information has no .debug_info");
    this.dwarf = found && new Dwarf(found, (problem) => this.note(problem));
    return this.dwarf;
  }

  private openGo(): GoSymbols | undefined {
    if (this.go !== null) return this.go;
    const table = openPclntab(this.bytes, this.sections);
    const { importedCount } = this.functions;
    this.go = table && new GoSymbols(this.bytes, table, importedCount);
    return this.go;
  }

  private placeInMap(position: number, { begin }: FunctionRange): Place | undefined {
    if (this.findSource === null) this.findSource = this.attemptMap(() => this.openMap());
    const { findSource } = this;
    const place = this.attemptMap(() => findSource?.(position, begin));
    if (place === undefined) return undefined;
    const { file, line, column } = place;
    return { file, line, firstColumn: column, lastColumn: column };
  }

  private openMap(): SourceFinder | undefined {
    const text = this.options.sourceMap ?? decodeDataUrl(sourceMapUrl(this.bytes) ?? "");
    return text === undefined ? undefined : openSourceMap(text);
  }

  /** A map decodes its mappings when they are first asked for: that may fail as well. */
  private attemptMap<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      this.findSource = undefined;
      this.note(`the source map is broken: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  private note(problem: string): void {
    const { problems } = this;
    if (problems.length >= PROBLEMS_MAX || problems.includes(problem)) return;
    problems.push(problems.length === PROBLEMS_MAX - 1 ? "… and more" : problem);
  }
}

/** Go knows no columns. */
function locationOfGo({ name, file, line }: GoFrame): Location {
  const place = { ...UNKNOWN, line: Math.max(1, line), definition: name };
  return file === undefined ? place : { ...place, file };
}

/** A frame in the shape of traces; what the compiler left out is 1, or the module's own name. */
function locationOfFrame(frame: DwarfFrame, definition: () => string): Location {
  const { file, line, column, name, isMangled } = frame;
  return {
    file: file ?? UNKNOWN.file,
    line: Math.max(1, line),
    firstColumn: Math.max(1, column),
    lastColumn: Math.max(1, column),
    definition: name === undefined ? definition() : isMangled ? demangle(name) : name,
  };
}
