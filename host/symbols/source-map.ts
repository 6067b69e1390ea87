/**
 * Source maps of wasm modules (ECMA-426; tool-conventions, Debugging.md): one generated line, whose
 * columns are byte offsets in the file. AssemblyScript and Emscripten write them.
 */
import { TraceMap, traceSegment } from "@jridgewell/trace-mapping";
import { Cursor } from "./cursor.js";
import { findCustom, listSections } from "./sections.js";

/** A place in a source file: line and column from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * A source map, opened: finds the source of a byte offset; undefined where it has none. A place
 * that the map gives for something before `begin` is that of another function.
 */
export type SourceFinder = (position: number, begin: number) => SourcePlace | undefined;

/** Larger maps are refused: they would hold up the main thread for seconds. */
const MAP_CHARACTERS_MAX = 64 << 20;

/** Places in a map: each takes 80 bytes of memory. */
const PLACES_MAX = 4 << 20;

const COMMA = 0x2c;
const SEMICOLON = 0x3b;

/** How many instructions without a place are passed on the way to one. */
const PLACES_BEFORE_MAX = 64;

/**
 * Where a module says that its source map is: the URL of its custom section `sourceMappingURL`, as
 * it stands there; undefined without one. A `data:` URL is the map itself: `openSymbols` reads it.
 */
export function sourceMapUrl(bytes: Uint8Array): string | undefined {
  return readUrl(bytes, "sourceMappingURL");
}

/** Where a module says that its DWARF is: the URL of its custom section `external_debug_info`. */
export function externalDwarfUrl(bytes: Uint8Array): string | undefined {
  return readUrl(bytes, "external_debug_info");
}

/** Opens a source map; throws where it does not parse. */
export function openSourceMap(text: string): SourceFinder {
  if (text.length > MAP_CHARACTERS_MAX) throw new Error("larger than 64 Mi characters");
  const parsed = JSON.parse(text);
  checkPlaces(parsed?.mappings);
  const map = new TraceMap(parsed);
  return (position, begin) => findPlace(map, position, begin);
}

/** Places stand between commas and semicolons. */
function checkPlaces(mappings: unknown): void {
  if (typeof mappings !== "string") return;
  let count = 1;
  for (let at = 0; at < mappings.length; at++) {
    const character = mappings.charCodeAt(at);
    if (character === COMMA || character === SEMICOLON) count++;
  }
  if (count > PLACES_MAX) throw new Error("more than 4 Mi places");
}

/**
 * Optimizers leave out where an instruction comes from, above all the calls that `new` became. The
 * last place before it in the function is then the nearest that is known.
 */
function findPlace(map: TraceMap, position: number, begin: number): SourcePlace | undefined {
  let at = position;
  for (let left = PLACES_BEFORE_MAX; at >= begin && left > 0; left--) {
    const segment = traceSegment(map, 0, at);
    if (segment === null || segment[0] < begin) return undefined;
    const [column, source, line = 0, sourceColumn = 0] = segment;
    const file = source === undefined ? undefined : map.sources[source];
    if (file) return { file, line: line + 1, column: sourceColumn + 1 };
    at = column - 1;
  }
  return undefined;
}

/** The source map in a `data:` URL (RFC 2397); undefined for other URLs. Throws if broken. */
export function decodeDataUrl(url: string): string | undefined {
  const parts = /^data:([^,]*),(.*)$/s.exec(url);
  if (parts === null) return undefined;
  const [, type = "", data = ""] = parts;
  if (!/;\s*base64\s*$/i.test(type)) return decodeURIComponent(data);
  const binary = atob(decodeURIComponent(data));
  return new TextDecoder().decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0)));
}

function readUrl(bytes: Uint8Array, name: string): string | undefined {
  const section = findCustom(bytes, listSections(bytes).sections, name);
  if (section === undefined) return undefined;
  try {
    const cursor = new Cursor(section);
    const byteCount = cursor.uleb();
    const begin = cursor.at;
    cursor.skip(byteCount);
    return new TextDecoder().decode(section.subarray(begin, cursor.at));
  } catch {
    return undefined;
  }
}
