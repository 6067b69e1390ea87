/**
 * Debug information that lies beside a guest: its source map and the file with its DWARF, from
 * where the module says. Local files only: a monitor fetches nothing. The module is not trusted:
 * what it names may be a device without end, a pipe that nobody writes to, or no name at all.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { externalDwarfUrl, sourceMapUrl } from "../symbols/source-map.js";
import type { SymbolOptions } from "../symbols/symbols.js";

/** Bytes of a file that is read. Of source maps less is used, and a string has its limit. */
const FILE_BYTES_MAX = 256 << 20;

/** Reads what there is; what is no file, or too large, is left out. */
export async function findDebugFiles(file: string, guest: Uint8Array): Promise<SymbolOptions> {
  const mapUrl = sourceMapUrl(guest);
  const dwarfUrl = externalDwarfUrl(guest);
  // A guest that was renamed still has its map beside it.
  const maps = mapUrl === undefined ? [] : [pathOf(file, mapUrl), `${file}.map`];
  const sourceMap = await readFirst(maps);
  const externalDwarf = await readFirst([dwarfUrl && pathOf(file, dwarfUrl)]);
  return {
    ...(sourceMap && { sourceMap: sourceMap.toString("utf8") }),
    ...(externalDwarf && { externalDwarf }),
  };
}

/** Undefined for what is no local file. */
function pathOf(file: string, url: string): string | undefined {
  try {
    if (url.startsWith("file://")) return fileURLToPath(url);
    if (/^[a-z][a-z0-9+.-]+:/i.test(url)) return undefined;
    return resolve(dirname(file), decodeURIComponent(url));
  } catch {
    return undefined;
  }
}

async function readFirst(paths: readonly (string | undefined)[]): Promise<Buffer | undefined> {
  for (const path of paths) {
    const found = path === undefined ? undefined : await read(path).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

async function read(path: string): Promise<Buffer | undefined> {
  const found = await stat(path);
  return found.isFile() && found.size <= FILE_BYTES_MAX ? readFile(path) : undefined;
}
