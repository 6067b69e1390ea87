/**
 * Symbols of modules by each source: DWARF against what llvm-symbolizer said of the same files,
 * source maps of the AssemblyScript compiler, names, exports, nothing at all.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { main as asc } from "assemblyscript/asc";
import type { Location } from "../../host/symbols/location.js";
import { listSections } from "../../host/symbols/sections.js";
import { externalDwarfUrl, sourceMapUrl } from "../../host/symbols/source-map.js";
import { openSymbols } from "../../host/symbols/symbols.js";
import { type ExpectedFrame, readFrames, readModule, VECTORS } from "./symbols-vectors.js";

/** A custom section with a text of its own length: a URL. */
function custom(name: string, payload: Uint8Array): Uint8Array {
  const inside = [...leb(name.length), ...new TextEncoder().encode(name), ...payload];
  return Uint8Array.from([0, ...leb(inside.length), ...inside]);
}

function url(text: string): Uint8Array {
  return Uint8Array.from([...leb(text.length), ...new TextEncoder().encode(text)]);
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The module without its custom sections. */
function strip(bytes: Uint8Array, keeps: (name: string) => boolean): Uint8Array {
  let at = 8;
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  for (const { id, name, until } of listSections(bytes).sections) {
    if (id !== 0 || keeps(name)) kept.push(bytes.subarray(at, until));
    at = until;
  }
  return join(...kept);
}

function frameOf({ definition, file, line, firstColumn: column }: Location) {
  return { definition, file, line, column };
}

/** Names without a mangled form are qualified here and bare there. */
function asPeer(frames: readonly ExpectedFrame[]) {
  return (frame: ExpectedFrame, index: number): ExpectedFrame => {
    const bare = frames[index]?.definition ?? "";
    return frame.definition.endsWith(`::${bare}`) ? { ...frame, definition: bare } : frame;
  };
}

for (const name of VECTORS) {
  test(`DWARF: ${name}: every call is where llvm-symbolizer has it`, () => {
    const symbols = openSymbols(readModule(name));
    const calls = readFrames(name);
    assert.ok(calls.size >= 3);
    for (const [position, frames] of calls) {
      const found = symbols.locate(position).map(frameOf);
      assert.deepEqual(found.map(asPeer(frames)), frames, `at ${position}`);
    }
    assert.deepEqual(symbols.problems, []);
  });
}

test("DWARF: from a file of its own it is the same as inside", () => {
  const whole = readModule("shapes-dwarf5");
  const bare = strip(whole, () => false);
  const symbols = openSymbols(bare, { externalDwarf: whole });
  for (const [position, frames] of readFrames("shapes-dwarf5")) {
    assert.deepEqual(symbols.locate(position).map(frameOf), frames);
  }
});

test("DWARF: a file of its own without any is said, and names remain", () => {
  const named = strip(readModule("tree-dwarf5"), (name) => name === "name");
  const symbols = openSymbols(named, { externalDwarf: named });
  assert.deepEqual(symbols.locate(135), [unknown("sum")]);
  assert.match(symbols.problems.join(), /external debug information/);
});

const unknown = (definition: string) => ({
  file: "<unknown>",
  line: 1,
  firstColumn: 1,
  lastColumn: 1,
  definition,
});

/** The module with `count` bytes of `nop` in front of the first function's code. */
function insertNops(bytes: Uint8Array, count: number): Uint8Array {
  const code = listSections(bytes).sections.find(({ id }) => id === 10);
  assert.ok(code);
  const bodies = [...openSymbols(bytes).functionRanges()].map(({ begin, until }, index) => {
    const body = [...bytes.subarray(begin, until)];
    const nops = index === 0 ? new Array<number>(count).fill(1) : [];
    const inside = [body[0] ?? 0, ...nops, ...body.slice(1)];
    return [...leb(inside.length), ...inside];
  });
  const contents = [...leb(bodies.length), ...bodies.flat()];
  const before = listSections(bytes).sections.findLast(({ until }) => until <= code.begin);
  const head = bytes.subarray(0, before?.until ?? 8);
  const section = [10, ...leb(contents.length), ...contents];
  return join(head, Uint8Array.from(section), bytes.subarray(code.until));
}

test("DWARF: of code that a tool has moved since, nothing is made up", () => {
  const moved = insertNops(readModule("tree-dwarf5"), 100);
  const symbols = openSymbols(moved);
  const ranges = [...symbols.functionRanges()].slice(1);
  assert.ok(ranges.length >= 3);
  for (const { index, begin, until } of ranges) {
    for (let position = begin; position < until; position++) {
      assert.deepEqual(symbols.locate(position), [unknown(symbols.functionName(index))]);
    }
  }
  assert.match(symbols.problems.join(), /a tool has changed the code/);
});

test("without debug information the name section names the function", () => {
  const symbols = openSymbols(strip(readModule("shapes-dwarf4"), (name) => name === "name"));
  assert.deepEqual(symbols.locate(530), [unknown("shop::Square::Square(int)")]);
});

test("without names an export does, and an index without that", () => {
  const bytes = strip(readModule("tree-dwarf5"), () => false);
  const symbols = openSymbols(bytes);
  const ranges = [...symbols.functionRanges()];
  const at = ranges.map(({ begin }) => symbols.locate(begin)[0]?.definition);
  assert.ok(at.includes("run"), at.join());
  assert.ok(at.includes("wasm-function[0]"), at.join());
  assert.deepEqual(
    at,
    ranges.map(({ index }) => symbols.functionName(index)),
  );
});

test("an imported function has a name, but no place", () => {
  const bytes = strip(readModule("shapes-dwarf5"), () => false);
  const symbols = openSymbols(bytes);
  assert.equal(symbols.functionName(0), "env.note");
  assert.equal([...symbols.functionRanges()][0]?.index, 1);
});

test("a position outside of the code is unknown", () => {
  const symbols = openSymbols(readModule("tree-dwarf4"));
  for (const position of [0, 7, -1, 1e9, Number.NaN]) {
    assert.deepEqual(symbols.locate(position), [unknown("<unknown>")], String(position));
    assert.equal(symbols.functionAt(position), undefined);
  }
});

test("function ranges: each function is found by its first and last byte", () => {
  const symbols = openSymbols(readModule("shapes-dwarf4"));
  for (const { index, begin, until } of symbols.functionRanges()) {
    assert.equal(symbols.functionAt(begin), index);
    assert.equal(symbols.functionAt(until - 1), index);
  }
});

test("not a module: no symbols, one problem", () => {
  for (const bytes of [
    new Uint8Array(),
    new Uint8Array(100),
    new TextEncoder().encode("(module)"),
  ]) {
    const symbols = openSymbols(bytes);
    assert.deepEqual(symbols.locate(20), [unknown("<unknown>")]);
    assert.deepEqual(symbols.problems, ["not a wasm module"]);
  }
});

test("URLs: source map and external DWARF are read from their sections", () => {
  const header = readModule("tree-dwarf4").subarray(0, 8);
  assert.equal(sourceMapUrl(header), undefined);
  assert.equal(externalDwarfUrl(header), undefined);
  const bytes = join(
    header,
    custom("sourceMappingURL", url("./a.wasm.map")),
    custom("external_debug_info", url("a.debug.wasm")),
  );
  assert.equal(sourceMapUrl(bytes), "./a.wasm.map");
  assert.equal(externalDwarfUrl(bytes), "a.debug.wasm");
  assert.equal(sourceMapUrl(join(header, custom("sourceMappingURL", url("").fill(99)))), undefined);
});

/** Line 8 calls `mark` in a method, line 13 the method, line 17 that; columns from 1. */
const SOURCE = `
@external("host", "mark")
declare function mark(): void;

class Box<T> {
  items: Array<T> = new Array<T>();
  push(item: T): i32 {
    mark();
    return this.items.push(item);
  }
}
function fill(box: Box<i32>): i32 {
  return box.push(7) + 1;
}
export function run(): i32 {
  const box = new Box<i32>();
  return  fill(box);
}
`;

interface Compiled {
  readonly bytes: Uint8Array;
  readonly map: string;
}

let compiled: Promise<Compiled> | undefined;

/** The source above without optimization, compiled once; its map is given apart. */
function compile(): Promise<Compiled> {
  compiled ??= compileAnew();
  return compiled;
}

async function compileAnew(): Promise<Compiled> {
  const files = new Map<string, string | Uint8Array>([["box.ts", SOURCE]]);
  const { error, stderr } = await asc(
    ["box.ts", "-o", "box.wasm", "-O0", "--sourceMap", "--debug", "--use", "abort="],
    {
      readFile: (name: string) => (files.get(name) as string | undefined) ?? null,
      writeFile: (name: string, contents: string | Uint8Array) => {
        files.set(name, contents);
      },
      listFiles: () => [],
    },
  );
  assert.equal(error, null, stderr.toString());
  const bytes = Uint8Array.from(files.get("box.wasm") as Uint8Array);
  return { bytes, map: String(files.get("box.wasm.map")) };
}

/** Positions of the wasm frames when `mark` is called, innermost first, as V8 gives them. */
async function positionsAtMark(bytes: Uint8Array<ArrayBuffer>): Promise<number[]> {
  let positions: number[] = [];
  const mark = () => {
    const target: { stack?: unknown } = {};
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (_error, sites) =>
      sites
        .filter((site) => site.getFileName()?.startsWith("wasm://") ?? false)
        .map((site) => (site as unknown as { getPosition(): number }).getPosition());
    Error.captureStackTrace(target);
    positions = target.stack as number[];
    Error.prepareStackTrace = prepareStackTrace;
  };
  const { instance } = await WebAssembly.instantiate(bytes, { host: { mark } });
  (instance.exports.run as () => number)();
  return positions;
}

test("V8's position of a caller is the opcode of its call", async () => {
  const { bytes } = await compile();
  const positions = await positionsAtMark(Uint8Array.from(bytes));
  assert.equal(positions.length, 3);
  for (const position of positions) assert.equal(bytes[position], 0x10);
});

test("source map: V8's stack of a guest reads as its source", async () => {
  const { bytes, map } = await compile();
  const symbols = openSymbols(bytes, { sourceMap: map });
  const positions = await positionsAtMark(Uint8Array.from(bytes));
  const found = positions.map((position) => symbols.locate(position).map(frameOf));
  assert.deepEqual(found, [
    [{ definition: "box/Box<i32>#push", file: "box.ts", line: 8, column: 5 }],
    [{ definition: "box/fill", file: "box.ts", line: 13, column: 10 }],
    [{ definition: "box/run", file: "box.ts", line: 17, column: 11 }],
  ]);
  assert.deepEqual(symbols.problems, []);
});

test("source map: in a data: URL it is read from the module itself", async () => {
  const { bytes, map } = await compile();
  const bare = strip(bytes, (name) => name === "name");
  const [position = 0] = await positionsAtMark(Uint8Array.from(bytes));
  const encoded = Buffer.from(map).toString("base64");
  const urls = [
    `data:application/json;base64,${encoded}`,
    `data:application/json,${encodeURIComponent(map)}`,
  ];
  for (const text of urls) {
    const symbols = openSymbols(join(bare, custom("sourceMappingURL", url(text))));
    assert.equal(symbols.locate(position)[0]?.line, 8);
    assert.deepEqual(symbols.problems, []);
  }
});

test("source map: a function that it leaves out is not taken for the one before", async () => {
  const { bytes } = await compile();
  const symbols = openSymbols(bytes, {
    sourceMap: JSON.stringify({ version: 3, sources: ["a.ts"], names: [], mappings: "AAAA" }),
  });
  const [position = 0] = await positionsAtMark(Uint8Array.from(bytes));
  assert.deepEqual(symbols.locate(position), [unknown("box/Box<i32>#push")]);
});

/** Base 64 digits of one number of a mapping (ECMA-426, VLQ). */
function vlq(value: number): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let text = "";
  let left = value * 2;
  do {
    text += digits[(left & 31) | (left > 31 ? 32 : 0)] ?? "";
    left = Math.floor(left / 32);
  } while (left > 0);
  return text;
}

test("source map: a call without a place takes the one before it in its function", () => {
  const bytes = strip(readModule("tree-dwarf5"), (name) => name === "name");
  const [first, second] = [...openSymbols(bytes).functionRanges()];
  assert.ok(first && second);
  // A place at the first function's begin, none three bytes behind; nothing of the second.
  const mappings = `${vlq(first.begin)}AEE,${vlq(3)}`;
  const sourceMap = JSON.stringify({ version: 3, sources: ["a.ts"], names: [], mappings });
  const symbols = openSymbols(bytes, { sourceMap });
  const place = { file: "a.ts", line: 3, firstColumn: 3, lastColumn: 3 };
  const definition = symbols.functionName(first.index);
  assert.deepEqual(symbols.locate(first.begin + 5), [{ ...place, definition }]);
  assert.deepEqual(symbols.locate(second.begin + 1), [unknown(symbols.functionName(second.index))]);
});

const BROKEN_MAPS: readonly (readonly [string, string])[] = [
  ["not JSON", "{"],
  ["null", "null"],
  ["no mappings", '{"version":3,"sources":["a"]}'],
  ["mappings of another type", '{"version":3,"sources":["a"],"names":[],"mappings":7}'],
  ["too many places", JSON.stringify({ version: 3, sources: [], mappings: ";".repeat(4 << 20) })],
];

for (const [what, sourceMap] of BROKEN_MAPS) {
  test(`source map: ${what}: said once, and names remain`, () => {
    const named = strip(readModule("tree-dwarf5"), (name) => name === "name");
    const symbols = openSymbols(named, { sourceMap });
    for (let turn = 0; turn < 3; turn++) assert.deepEqual(symbols.locate(135), [unknown("sum")]);
    assert.equal(symbols.problems.length, 1);
    assert.match(symbols.problems[0] ?? "", /source map is broken/);
  });
}

test("DWARF: units beyond the limit are not read; said once, and names remain", () => {
  // DWARF 4: length, version, abbreviations, bytes of an address; one entry of code 1.
  const unit = [8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 1];
  const units = Uint8Array.from({ length: 140_000 * unit.length }, (_, at) => unit[at % 12] ?? 0);
  const named = strip(readModule("tree-dwarf5"), (name) => name === "name");
  const abbreviations = custom(".debug_abbrev", Uint8Array.of(1, 0x11, 0, 0, 0, 0));
  const symbols = openSymbols(join(named, abbreviations, custom(".debug_info", units)));
  assert.deepEqual(symbols.locate(135), [unknown("sum")]);
  assert.deepEqual(symbols.problems, ["DWARF: .debug_info is broken: over 131072 units"]);
});
