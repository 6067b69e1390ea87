/**
 * Doubles print as JavaScript's `String(v)`: eleven million of them, through the built core. The
 * cells of ten thousand series are filled, the exposition is compared whole with what JavaScript
 * makes of the same values. `-0` is `0` in both.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FieldType } from "../../assembly/abi.js";
import { Core } from "./core.js";
import { Random, SEED } from "./random.js";

const BATCH = 10_000;

const core = new Core();
const source = core.source({
  name: "n",
  tags: ["i"],
  fields: [{ key: "value", type: FieldType.FloatGauge }],
});
const cellIndices = Array.from({ length: BATCH }, (_, index) =>
  core.valueIndex(core.cell(source, core.series(source, String(index)))),
);
const memory = new Float64Array(core.exports.memory.buffer);

/** What stands before each value, in the order of the exposition. */
const prefixes = core
  .prometheus()
  .split("\n")
  .filter((line) => line.startsWith("n_value{"))
  .map((line) => line.slice(0, line.indexOf(" ") + 1));
const header = core.prometheus().slice(0, core.prometheus().indexOf("n_value{"));

/** A double and its bits. */
const double = new Float64Array(1);
const bits = new Uint32Array(double.buffer);

/** Puts one batch through the core; fails with the first value that differs. */
function proveBatch(next: () => number): void {
  let expected = header;
  for (let index = 0; index < BATCH; index++) {
    let value = next();
    if (!Number.isFinite(value)) value = index / 7;
    memory[cellIndices[index] ?? 0] = value;
    expected += `${prefixes[index]}${value}\n`;
  }
  const actual = core.prometheus();
  if (actual !== expected) assert.equal(firstDifference(actual, expected), undefined);
}

function firstDifference(actual: string, expected: string): string | undefined {
  const expectedLines = expected.split("\n");
  const index = actual.split("\n").findIndex((line, at) => line !== expectedLines[at]);
  return index < 0 ? undefined : `${actual.split("\n")[index]} is not ${expectedLines[index]}`;
}

/** The double of these bits; the low word may be beyond 32 bits or negative, as a nudge. */
function fromBits(high: number, low: number): number {
  bits[1] = high;
  bits[0] = low;
  return double[0] ?? 0;
}

/** `value` moved by up to two units in its last place. */
function nudge(value: number, steps: number): number {
  double[0] = value;
  bits[0] = (bits[0] ?? 0) + steps;
  return double[0] ?? 0;
}

/** The doubles closest to half-way between two decimals of their length, found by enumeration. */
const HARDEST = [
  1.3588129002659584e-245, 1.3076622631878654e65, 7.895608971758472e-281, 3.4492932658871003e180,
  1.6619261593183327e-197, 1.5456026235604067e-104, 7.901408005942668e112, 1.0434193686463287e-286,
  2.0398802919148655e-239, 2.5041072873102316e-55, 2.9802322387695312e-8, 5.960464477539062e-7,
  0.0000010728836059570312, 0.0000015497207641601562,
] as const;

type Draw = (random: Random) => number;

const KINDS: readonly (readonly [rule: string, batches: number, draw: Draw])[] = [
  ["random bits", 500, (random) => fromBits(random.word(), random.word())],
  ["subnormals", 50, (random) => fromBits(random.word() & 0x800fffff, random.word())],
  ["the smallest subnormals", 20, (random) => fromBits(0, random.below(1 << 20))],
  [
    "powers of two, and their neighbours",
    50,
    (random) => nudge(2 ** (random.below(2098) - 1074), random.below(5) - 2),
  ],
  [
    "powers of ten, and their neighbours",
    50,
    (random) => nudge(Number(`1e${random.below(632) - 323}`), random.below(5) - 2),
  ],
  [
    "few digits with any exponent",
    80,
    (random) => Number(`${random.below(1_000_000)}e${random.below(640) - 340}`),
  ],
  ["the hardest to round", 1, (random) => random.pick(HARDEST)],
  [
    "integers near 2^53",
    50,
    (random) => 2 ** 53 + (random.below(4096) - 2048) * random.pick([1, 2, 4]),
  ],
  ["integers up to 2^64", 60, (random) => random.word() * 2 ** 32 + random.word()],
  ["integers times a thousand, up to 10^21", 40, (random) => random.word() * 2 ** 21 * 1000],
  [
    "decimals with one to seven places",
    80,
    (random) => random.below(1e8) / 10 ** (1 + random.below(7)),
  ],
  [
    "half-way between two decimals",
    60,
    (random) => (random.below(1e7) + 0.5) / 10 ** random.below(10),
  ],
  [
    "seventeen digits that end in five",
    60,
    (random) => {
      const digits = `${random.below(1e9)}${random.below(1e6)}5`;
      return Number(`${1 + random.below(9)}.${digits}e${random.below(40) - 20}`);
    },
  ],
];

describe(`numbers print as String(v), seed ${SEED}`, () => {
  const random = new Random(SEED);
  for (const [rule, batches, draw] of KINDS) {
    test(`${rule}: ${batches * BATCH}`, () => {
      for (let batch = 0; batch < batches; batch++) proveBatch(() => draw(random));
    });
  }
});
