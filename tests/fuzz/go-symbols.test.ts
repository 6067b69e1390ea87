/**
 * Go's tables with bytes that are anything: symbols answer and do not throw, the rewriter refuses
 * or writes a valid module, and neither takes for ever. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { instrument } from "../../host/instrument/instrument.js";
import { BrokenInput } from "../../host/symbols/cursor.js";
import { listCalls } from "../../host/symbols/go/call.js";
import { readImage } from "../../host/symbols/go/image.js";
import { findPclntab } from "../../host/symbols/go/pclntab.js";
import { listSections } from "../../host/symbols/sections.js";
import { openSymbols } from "../../host/symbols/symbols.js";
import { guestPath, skipWithout } from "../guests/guest.js";
import { Random, SEED } from "../wasm/random.js";

const GUEST = "go-allocations-s";
const TURNS = 40;
/** The first bytes of Go's table of functions. */
const MAGIC = Buffer.of(0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8);
/** Bytes of its header, and of what follows it: the tables. */
const HEADER_BYTES = 72;
const TABLE_BYTES = 600_000;
const TIMEOUT_MS = 120_000;

function mutate(random: Random, bytes: Uint8Array, table: number): Uint8Array<ArrayBuffer> {
  const mutant = Uint8Array.from(bytes);
  const isHeader = random.below(3) === 0;
  const until = Math.min(bytes.length, table + (isHeader ? HEADER_BYTES : TABLE_BYTES));
  for (let left = isHeader ? 1 : 2000; left > 0; left--) {
    const at = table + random.below(until - table);
    if (random.below(2) === 0) mutant[at] = random.pick([0, 1, 127, 128, 255]);
    else mutant[at] = (mutant[at] ?? 0) ^ (1 << random.below(8));
  }
  return mutant;
}

test(`fuzz: broken tables of Go's never throw or hang (seed ${SEED})`, {
  skip: skipWithout(GUEST),
  timeout: TIMEOUT_MS,
}, () => {
  const random = new Random(SEED);
  const bytes = readFileSync(guestPath(GUEST));
  const table = bytes.indexOf(MAGIC);
  assert.ok(table > 0, "the table is not there");
  const { begin, until } = codeOf(bytes);
  const positions = [...listCalls(bytes, { begin, until })].map(({ position }) => position);
  let otherCount = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const mutant = mutate(random, bytes, table);
    const right = openSymbols(bytes);
    const symbols = openSymbols(mutant);
    for (let left = 100; left > 0; left--) {
      const position = random.pick(positions as [number, ...number[]]);
      const found = symbols.locate(position);
      assert.ok(found.length >= 1 && found.every(({ line }) => line >= 1));
      if (JSON.stringify(found) !== JSON.stringify(right.locate(position))) otherCount++;
    }
    attempt(mutant);
  }
  // Otherwise the mutants do not reach the reader.
  assert.ok(otherCount > TURNS, `${otherCount} found otherwise`);
});

test("fuzz: tables without an end are given up, however many functions share them", {
  skip: skipWithout(GUEST),
  timeout: TIMEOUT_MS,
}, () => {
  const bytes = readFileSync(guestPath(GUEST));
  const image = readImage(bytes, listSections(bytes).sections);
  const header = Buffer.from(image.bytes.buffer).indexOf(MAGIC);
  const offset = (at: number) => new DataView(image.bytes.buffer).getUint32(header + at, true);
  // Of each table only the first byte may be 0.
  image.bytes.fill(2, header + offset(56) + 1, header + offset(64));
  const table = findPclntab(image);
  assert.ok(table);
  const numbers = [...table.functionNumbers];
  assert.throws(() => numbers.map((number) => table.frameBytesOf(number)), BrokenInput);
  assert.throws(() => numbers.map((number) => table.framesAt(number, 65_535)), BrokenInput);
});

function attempt(bytes: Uint8Array<ArrayBuffer>): void {
  try {
    const made = instrument(bytes);
    if (WebAssembly.validate(bytes)) assert.ok(WebAssembly.validate(made.bytes));
    assert.ok(made.description.hooked.length <= 1);
  } catch (error) {
    assert.ok(error instanceof MonitorError, `${error}`);
  }
}

/** Where function bodies are. */
function codeOf(bytes: Uint8Array): { begin: number; until: number } {
  const ranges = [...openSymbols(bytes).functionRanges()];
  return { begin: ranges[0]?.begin ?? 0, until: ranges.at(-1)?.until ?? 0 };
}
