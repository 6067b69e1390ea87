/**
 * Reads the repository's own source: files, what they import, how long their functions are.
 * Everything is formatted by Biome, so a function ends at the first closing brace that is
 * indented like its first line: no parser is needed, and both languages are read alike.
 */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

/** The folders that hold our code. */
const FOLDERS = ["assembly", "host", "tests", "examples"];

const NOT_OURS = /(^|\/)(node_modules|build|target|vectors)\//;

/** A call or a control statement that looks like a method. */
const NOT_METHODS = /^\s*(if|for|while|switch|catch|return|await|do|else|try|throw|new|test)\b/;

const FUNCTION_STARTS = [
  /^\s*(export )?(default )?(async )?function\b/,
  /^\s*((public|private|protected|static|async|override|get|set|readonly) )*[#\w]+(<.*>)?\(.*\{$/,
  /^\s*((public|private|protected|static|async|override|get|set) )*[#\w]+\($/,
  /=> \{$/,
];

/** A list of tests is as long as it needs to be. */
const LISTS = /^\s*(describe|suite)\(/;

export interface Source {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

export interface FunctionSpan {
  readonly firstLine: number;
  readonly lineCount: number;
}

/** Every file of ours with one of these endings. */
export function readSources(endings: readonly string[]): Source[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
  )
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !NOT_OURS.test(path) && endings.some((ending) => path.endsWith(ending)))
    .sort()
    .map(readSource);
}

function readSource(path: string): Source {
  const text = readFileSync(path, "utf8");
  return { path, text, lines: text.split("\n") };
}

/** What a file imports, re-exports, loads or starts by URL, as written. */
export function importsOf(source: Source): string[] {
  const statements = /^(?:import|export)\b[^;"]*?from "([^"]+)"|^import "([^"]+)"/gm;
  const calls = /(?:\bimport\(|new URL\()"([^"]+)"/g;
  return [...source.text.matchAll(statements), ...source.text.matchAll(calls)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

/** Where a relative import of a file points, without its ending; undefined for a package. */
export function resolveImport(source: Source, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return stem(posix.join(posix.dirname(source.path), specifier));
}

/** A path without the ending of its language. */
export function stem(path: string): string {
  return path.replace(/\.(ts|js|mjs)$/, "");
}

/** The functions of a file, outer ones included, with their first line (from 1) and length. */
export function functionsOf(source: Source): FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  source.lines.forEach((line, index) => {
    if (!isFunctionStart(line)) return;
    const indent = line.length - line.trimStart().length;
    const until = source.lines.findIndex(
      (other, otherIndex) => otherIndex > index && isClosing(other, indent),
    );
    if (until > index) spans.push({ firstLine: index + 1, lineCount: until - index + 1 });
  });
  return spans;
}

function isFunctionStart(line: string): boolean {
  if (NOT_METHODS.test(line) || LISTS.test(line)) return false;
  return FUNCTION_STARTS.some((start) => start.test(line)) && !line.endsWith("}");
}

/** A destructured parameter closes with a brace too, but opens the body on the same line. */
function isClosing(line: string, indent: number): boolean {
  return line.startsWith(`${" ".repeat(indent)}}`) && !line.endsWith("{");
}
