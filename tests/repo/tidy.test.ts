/**
 * The few limits of our style that are enforced. Each rule lists every offence at once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  functionsOf,
  importsOf,
  readSources,
  resolveImport,
  type Source,
  stem,
} from "./sources.js";

const LINES_MAX = 300;
/** A test is a table: its rows may take as much again. */
const TEST_LINES_MAX = 600;
const FUNCTION_LINES_MAX = 50;
const COLUMNS_MAX = 100;

/** A noun, or two with a hyphen; then endings such as `.test.ts`. */
const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)?(\.[a-z]+)+$/;
const BANNED_NAME = /^(utils?|helpers?|common|manager|types?|misc|lib|stuff)\./;

/** Layers of the core: a file imports from its own folder and from lower layers only. */
const LAYERS: readonly (readonly string[])[] = [
  ["abi"],
  ["bytes"],
  ["metrics"],
  ["command", "encode"],
  ["index"],
];

/** Where the host may name its runtime: adapters, what exists for Node alone, its entry. */
const RUNTIME_ALLOWED =
  /^host\/((platforms|cli|wasi|process)\/|index\.ts$|(edge|report\/page)\/build\.js$)/;
const RUNTIME_NAMES = /"node:|\bprocess\.|\bBuffer\b|\bDeno\.|\bBun\./;

/** All that an adapter may know of the host. */
const PLATFORM_IMPORTS = [
  "host/platform",
  "host/address",
  "host/errors",
  "host/block/device",
  "host/block/image-file",
];

/** Files that somebody starts, not imports. */
const ENTRIES: readonly RegExp[] = [
  /^assembly\/build\.js$/,
  /^assembly\/((guest\/|link\/|(link\/)?memtrace\/)?index)\.ts$/,
  /^host\/(index|cli\/(main|start))\.ts$/,
  /^host\/edge\/(build\.js|(collector|counter-source|guest|index|memtrace)\.ts)$/,
  /^host\/edge\/(page|push|sandbox|serve|tcp)\.ts$/,
  /^host\/report\/page\/(build\.js|client\/main\.ts)$/,
  /^tests\/(run|bench\/main|conformance\/main)\.ts$/,
  /^tests\/conformance\/fixtures\//,
  /\.(test|spec)\.ts$/,
  /\.config\.js$/,
  /^examples\//,
  /^tests\/(guests|bench\/assembly)\//,
];

/** A path of somebody's machine. */
const MACHINE_PATH = /(^|["'`\s])\/(work|root|home)\//;

const code = readSources([".ts", ".js", ".mjs"]);

function check(rule: string, offences: (source: Source) => readonly string[]): void {
  test(`tidy: ${rule}`, () => {
    const found = code.flatMap((source) =>
      offences(source).map((what) => `${source.path}: ${what}`),
    );
    assert.ok(found.length === 0, found.join("\n"));
  });
}

check("a file has at most 300 lines, a test 600", ({ path, lines }) => {
  const most = path.endsWith(".test.ts") ? TEST_LINES_MAX : LINES_MAX;
  return lines.length - 1 > most ? [`${lines.length - 1} lines`] : [];
});

check("a function has at most 50 lines", (source) =>
  functionsOf(source)
    .filter(({ lineCount }) => lineCount > FUNCTION_LINES_MAX)
    .map(({ firstLine, lineCount }) => `line ${firstLine}: ${lineCount} lines`),
);

check("a line has at most 100 columns", ({ lines }) =>
  lines.flatMap((line, index) =>
    line.length > COLUMNS_MAX ? [`line ${index + 1}: ${line.length} columns`] : [],
  ),
);

check("a file is a lower-case noun, and says which", ({ path }) => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  // asc names an import's module after the file that declares it.
  const isModule = name === "wasi_snapshot_preview1.ts";
  const isName = isModule || (FILE_NAME.test(name) && !BANNED_NAME.test(name));
  return isName ? [] : [`not a name: ${name}`];
});

check("a file begins by saying what it is", ({ text }) =>
  /^(#!.*\n)?(\/\*\*|\/\/)/.test(text) ? [] : ["no header comment"],
);

check("imports in the core point down", (source) => {
  const layer = layerOf(source.path);
  if (layer === undefined) return [];
  return resolved(source).filter((target) => {
    if (folderOf(target) === folderOf(source.path)) return false;
    const below = layerOf(target);
    return below === undefined || below >= layer;
  });
});

check("a guest's library takes nothing from the core but its numbers", (source) =>
  source.path.startsWith("assembly/guest/")
    ? resolved(source).filter(
        (target) => !target.startsWith("assembly/guest/") && target !== "assembly/abi",
      )
    : [],
);

check("a platform knows the contract and its runtime, nothing else", (source) =>
  source.path.startsWith("host/platforms/")
    ? resolved(source).filter(
        (target) => !target.startsWith("host/platforms/") && !PLATFORM_IMPORTS.includes(target),
      )
    : [],
);

check("the host imports itself and the core's numbers", (source) =>
  source.path.startsWith("host/")
    ? resolved(source).filter(
        (target) => !target.startsWith("host/") && !/^assembly\/(memtrace\/)?abi$/.test(target),
      )
    : [],
);

check("a runtime is named in its adapter only", ({ path, lines }) => {
  if (!path.startsWith("host/") || RUNTIME_ALLOWED.test(path)) return [];
  return lines.flatMap((line, index) =>
    RUNTIME_NAMES.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line)
      ? [`line ${index + 1}: ${line.trim()}`]
      : [],
  );
});

check("no path of a machine", ({ lines }) =>
  lines.flatMap((line, index) => (MACHINE_PATH.test(line) ? [`line ${index + 1}`] : [])),
);

test("tidy: every file is imported by another, or is started", () => {
  const imported = new Set(code.flatMap((source) => resolved(source)));
  const orphans = code
    .map(({ path }) => path)
    .filter((path) => !imported.has(stem(path)) && !ENTRIES.some((entry) => entry.test(path)));
  assert.ok(orphans.length === 0, orphans.join("\n"));
});

/** The files of ours that a file imports, without endings. */
function resolved(source: Source): string[] {
  return importsOf(source).flatMap((specifier) => resolveImport(source, specifier) ?? []);
}

/** The folder of a core file; `abi` and `index` stand for themselves. */
function folderOf(path: string): string {
  return stem(path).split("/")[1] ?? "";
}

/** Undefined outside the core. */
function layerOf(path: string): number | undefined {
  if (!path.startsWith("assembly/")) return undefined;
  const layer = LAYERS.findIndex((folders) => folders.includes(folderOf(path)));
  return layer < 0 ? undefined : layer;
}
