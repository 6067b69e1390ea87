/**
 * Debug information that is anything: whatever the bytes are, `locate` answers and does not throw.
 * Vectors with bytes flipped, cut and repeated; names and maps likewise. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { demangle } from "../../host/symbols/demangling/demangle.js";
import { listSections } from "../../host/symbols/sections.js";
import { openSymbols } from "../../host/symbols/symbols.js";
import { Random, SEED } from "../wasm/random.js";
import { readFrames, readModule, VECTORS } from "./symbols-vectors.js";

const TURNS = 250;

function mutate(random: Random, bytes: Uint8Array, from: number): Uint8Array {
  const mutant = Uint8Array.from(bytes);
  for (let left = 1 + random.below(8); left > 0; left--) {
    const at = from + random.below(mutant.length - from);
    const kind = random.below(4);
    if (kind === 0) mutant[at] = random.below(256);
    else if (kind === 1) mutant[at] = random.pick([0, 1, 127, 128, 255]);
    else if (kind === 2) mutant[at] = (mutant[at] ?? 0) ^ (1 << random.below(8));
    else mutant.copyWithin(at, from + random.below(mutant.length - from), mutant.length);
  }
  return random.below(8) === 0
    ? mutant.subarray(0, from + random.below(mutant.length - from))
    : mutant;
}

/** Where the first section begins that debug information may stand in. */
function customBegin(bytes: Uint8Array): number {
  return listSections(bytes).sections.find(({ id }) => id === 0)?.begin ?? 8;
}

for (const name of VECTORS) {
  test(`fuzz: ${name}: broken debug information never throws (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const bytes = readModule(name);
    const positions = [...readFrames(name).keys()];
    let brokenCount = 0;
    for (let turn = 0; turn < TURNS; turn++) {
      const from = turn % 4 === 0 ? 8 : customBegin(bytes);
      const symbols = openSymbols(mutate(random, bytes, from));
      for (const position of [...positions, random.below(2 * bytes.length)]) {
        const locations = symbols.locate(position);
        assert.ok(locations.length >= 1);
        for (const { file, line, firstColumn, lastColumn, definition } of locations) {
          assert.ok(line >= 1 && firstColumn >= 1 && lastColumn >= firstColumn);
          assert.equal(typeof file + typeof definition, "stringstring");
        }
      }
      for (const { index } of symbols.functionRanges()) symbols.functionName(index);
      if (symbols.problems.length > 0) brokenCount++;
    }
    // Otherwise the mutants do not reach the readers.
    assert.ok(brokenCount > TURNS / 20, `${brokenCount} of ${TURNS} said to be broken`);
  });
}

const NAMES = [
  "_ZNSt3__16vectorINS_4pairIiPKcEENS_9allocatorIS4_EEE12emplace_backIJiRA3_S2_EEERS4_DpOT_",
  "_ZZN4shop5shelfIiE3putEOiENKUlRKT_E_clIdEEDaS4_",
  "_Z1fIiEDTplcvT_Li5Elsfp_Lj3EES0_PFvMS1_KFivEE",
  "_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE",
  "_RINvNtC1a3boxNCINvB2_4eachDG_INtB4_2FnTRL0_hEEp6OutputAhj3_EL_E0RSTlbEFUKCuEuE",
];

test(`fuzz: broken names never throw (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const letters = [...new Set(NAMES.join(""))] as [string, ...string[]];
  for (let turn = 0; turn < 10_000; turn++) {
    let name = random.pick(NAMES as [string, ...string[]]);
    for (let left = 1 + random.below(4); left > 0; left--) {
      const at = 2 + random.below(name.length - 2);
      const until = at + random.below(3);
      const inserted = random.below(2) === 0 ? random.pick(letters) : name.slice(at, until + 4);
      name = name.slice(0, at) + inserted + name.slice(until);
    }
    assert.equal(typeof demangle(name), "string");
  }
});

test(`fuzz: broken source maps never throw (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const bytes = readModule("tree-dwarf5").subarray(0, customBegin(readModule("tree-dwarf5")));
  const whole = JSON.stringify({
    version: 3,
    sources: ["a.ts", "b.ts"],
    names: ["a"],
    mappings: "AAAA,gIACAA,EAEC,kBCFAA;,ggBAAA",
  });
  for (let turn = 0; turn < 2_000; turn++) {
    const at = random.below(whole.length);
    const letter = random.pick(["A", ",", '"', "}", "g", "9", "\u0000", "[", "-"]);
    const sourceMap = whole.slice(0, at) + letter + whole.slice(at + random.below(3));
    assert.equal(openSymbols(bytes, { sourceMap }).locate(random.below(400)).length, 1);
  }
});
