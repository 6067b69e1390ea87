/**
 * The order of hotspots where figures do not decide: that of OCaml's hash tables. What is expected
 * was printed by a program in OCaml with tables of the same hashes and sizes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeavyHitters } from "../../host/report/heavy-hitters.js";
import { Hotspots } from "../../host/report/hotspots.js";
import { CodeTable } from "../../host/trace/code-table.js";
import type { TraceInfo } from "../../host/trace/visitor.js";
import { Random, SEED } from "../wasm/random.js";

const FUNCTIONS = 24;
const PAIRS_MAX = 10_000;

/** Each function and its callers, all equally hot. */
const ORDER = `
8 13 19 1
20 1 7 13
1 0 18 12
15 2 14 20
19 6 0 18
6 11 23 5
5 16 4 22
14 7 13 19
10 3 15 9
12 17 23 5
21 14 8 20
7 12 6 18
23 4 22 10
11 22 16 10
4 21 15 9
18 17 11 23
16 3 21 9
3 2 14 8
13 6 0 12
17 4 16 10
9 20 2 8
2 19 1 7
22 3 21 15
0 17 11 5
`;

test("hotspots: equals stand in the order of OCaml's hash tables", () => {
  const codes = new CodeTable();
  const numbers = Array.from({ length: FUNCTIONS }, (_, of) => {
    const number = codes.number(BigInt(of + 1)) ?? 0;
    const place = { line: of, firstColumn: 1, lastColumn: 2 };
    codes.describe(number, [{ file: `f${of % 7}.ts`, definition: `${of}`, ...place }]);
    return number;
  });
  const hotspots = new Hotspots();
  hotspots.begin({ program: "p", pid: 1n, samplingRate: 1 } as TraceInfo, codes);
  for (let leaf = 0; leaf < FUNCTIONS; leaf++) {
    for (const step of [5, 11, 17]) {
      const frames = [(leaf * 7 + step) % FUNCTIONS, leaf].map((of) => numbers[of] as number);
      hotspots.allocate({ samples: 1, frames, frameCount: 2 });
    }
  }
  const { text, unlistedSamples } = hotspots.print();
  assert.equal(unlistedSamples, 0);
  const order = [...text.matchAll(/(?: at|via) (\d+)/g)].map(([, name]) => name);
  assert.deepEqual(order, ORDER.trim().split(/\s/));
});

test("hotspots: four positions are three and dots, hottest first, then latest", () => {
  const codes = new CodeTable();
  const hotspots = new Hotspots();
  hotspots.begin({ program: "p", pid: 1n, samplingRate: 1 } as TraceInfo, codes);
  const root = codes.number(99n) ?? 0;
  for (const [line, samples] of [
    [1, 5],
    [2, 5],
    [3, 9],
    [4, 1],
  ] as const) {
    const leaf = codes.number(BigInt(line)) ?? 0;
    const place = { file: "a.ts", definition: "f", firstColumn: 1, lastColumn: 2 };
    codes.describe(leaf, [{ ...place, line }]);
    hotspots.allocate({ samples, frames: [root, leaf], frameCount: 2 });
  }
  assert.match(hotspots.print().text, / at f \(a\.ts:3:1-2, 2:1-2, 1:1-2\.\.\.\)\n/);
});

test("hotspots: a code without locations goes by its callers', else by its number", () => {
  const codes = new CodeTable();
  const hotspots = new Hotspots();
  hotspots.begin({ program: "p", pid: 1n, samplingRate: 1 } as TraceInfo, codes);
  const [known = 0, ...unknown] = [0xabn, 1n, 2n, 0xcn].map((code) => codes.number(code) ?? 0);
  const place = { file: "a.ts", line: 7, firstColumn: 1, lastColumn: 2 };
  codes.describe(known, [{ ...place, definition: "f" }]);
  hotspots.allocate({ samples: 1, frames: [known, ...unknown], frameCount: 4 });
  assert.match(hotspots.print().text, / at #1 \(\?\?:0:0-0\)\n/);
  const other = new Hotspots();
  other.begin({ program: "p", pid: 1n, samplingRate: 1 } as TraceInfo, codes);
  other.allocate({ samples: 1, frames: [known, ...unknown.slice(0, 2)], frameCount: 3 });
  assert.match(other.print().text, / at f \(a\.ts:7:1-2\)\n/);
});

test(`heavy hitters: as when every miss visits every pair; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  const [hitters, plain] = [new HeavyHitters(), new PlainHitters()];
  for (let run = 0; run < 25_000; run++) {
    // Most pairs are new and come some times at once; few come back later.
    const first = random.below(random.below(4) === 0 ? 20 : 4000);
    const second = random.below(random.below(4) === 0 ? 5 : 300);
    for (let times = random.below(40); times >= 0; times--) {
      hitters.add(first, second);
      plain.add(`${first} ${second}`);
    }
  }
  const found = hitters.list().map(({ first, second, hits }) => `${first} ${second}: ${hits}`);
  assert.deepEqual(found.sort(), plain.list());
  assert.ok(plain.missCount > 20, `${plain.missCount} misses`);
});

/** The same summary, literally. */
class PlainHitters {
  missCount = 0;
  readonly #pairs = new Map<string, { hits: number; misses: number }>();

  add(pair: string): void {
    const known = this.#pairs.get(pair);
    if (known) known.hits++;
    else if (this.#pairs.size < PAIRS_MAX) this.#pairs.set(pair, { hits: 1, misses: 0 });
    else this.#miss();
  }

  list(): string[] {
    return [...this.#pairs].map(([pair, { hits }]) => `${pair}: ${hits}`).sort();
  }

  #miss(): void {
    this.missCount++;
    for (const [pair, counter] of this.#pairs) {
      counter.misses++;
      if (counter.hits <= counter.misses) this.#pairs.delete(pair);
    }
  }
}
