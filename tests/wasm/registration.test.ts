/**
 * Registration under fire: random and damaged definitions are refused without a trap and without a
 * trace, and whatever was accepted fits the output that registration reserved for it, at its
 * longest.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FieldType } from "../../assembly/abi.js";
import { Core, encodeSource, type SourceDefinition } from "./core.js";
import { Random, SEED } from "./random.js";

const MESSAGES = 200_000;
const SERIES_COUNT = 3000;

/** The double that takes most characters, and the integer. */
const LONGEST = -1.2345678901234568e-300;
const LONGEST_INTEGER = -(2n ** 63n);

/** What every escape makes longest. */
const ESCAPED = 'a, =\\"\n';

const TYPES = Object.values(FieldType).filter((type) => typeof type === "number");

function randomDefinition(random: Random, index: number): SourceDefinition {
  const words = ["net", "a b", "time", "le", "x,y", "", ESCAPED, "naïve", `s${index}`] as const;
  return {
    name: random.pick([`source ${index}`, `source ${index}`, random.pick(words)]),
    flags: random.below(4),
    prefix: random.pick(["", "", `p${index}`, random.pick(words)]),
    help: random.pick(words),
    ttlMs: random.pick([0, 0, 1000, -1, Number.NaN]),
    tags: Array.from({ length: random.below(3) }, () => random.pick(words)),
    fields: Array.from({ length: random.below(4) }, (_, field) => ({
      key: random.pick([`f${field}`, `f${field}`, random.pick(words)]),
      type: TYPES[random.below(TYPES.length)] ?? FieldType.Gauge,
      unit: random.pick(["", "", "bytes", "total", ESCAPED]),
      parameters: Array.from({ length: random.below(3) }, (_, at) => (at + 1) / 4),
    })),
  };
}

/** A definition with one byte changed, cut short, or replaced by noise. */
function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const kind = random.below(4);
  if (kind === 0) return bytes;
  if (kind === 1) return bytes.subarray(0, random.below(bytes.length));
  const damaged = kind === 2 ? bytes.slice() : bytes.slice(0, 64).map(() => random.word());
  damaged[random.below(damaged.length)] = random.word();
  return damaged;
}

/** Fills every cell of a series with what prints longest. */
function fill(core: Core, cells: readonly (readonly [number, FieldType])[]): void {
  const { exports, writes } = core;
  for (const [cell, type] of cells) {
    if (type === FieldType.Text) core.setText(cell, ESCAPED.repeat(10).slice(0, 64));
    else if (type === FieldType.I64) writes.setInteger(cell, LONGEST_INTEGER);
    else if (type === FieldType.Histogram || type === FieldType.Summary) {
      exports.observeCell(cell, LONGEST);
    } else writes.gaugeSet(cell, LONGEST);
  }
}

describe(`registration, seed ${SEED}`, () => {
  test(`${MESSAGES} random definitions: none traps, none that is refused leaves a trace`, (t) => {
    const random = new Random(SEED);
    let core = new Core();
    let accepted = 0;
    for (let index = 0; index < MESSAGES; index++) {
      if (index % 2000 === 0) core = new Core(random.below(32));
      const message = damage(random, encodeSource(randomDefinition(random, index)));
      const mark = core.exports.output.value;
      const source = core.exports.source(core.input(message));
      if (source < 0) assert.equal(core.exports.output.value, mark);
      else accepted++;
      if (index % 100 === 0) {
        core.influx();
        core.prometheus();
        core.prometheus(0n, true);
      }
    }
    t.diagnostic(`${accepted} accepted`);
    assert.ok(accepted > MESSAGES / 100, "the mix must do both");
  });

  test(`${SERIES_COUNT} series at their longest fit the output on both wires`, () => {
    const core = new Core(undefined, 1e6, ESCAPED);
    const fields = TYPES.map((type, index) => ({
      key: `${ESCAPED}${index}`,
      type,
      help: ESCAPED.repeat(20),
      parameters: type === FieldType.Histogram ? [LONGEST, 0, -LONGEST] : [],
    }));
    const source = core.source({ name: `x${ESCAPED.slice(2, 6)}`, tags: ["k", "l, "], fields });
    for (let index = 0; index < SERIES_COUNT; index++) {
      const series = core.series(source, ESCAPED.repeat(1 + (index % 40)), `${index}`);
      fill(
        core,
        fields.map(({ type }, at) => [core.cell(source, series, at), type]),
      );
    }
    const now = 2n ** 63n;
    assert.equal(core.influx(now).split("\n").length, SERIES_COUNT + 1);
    assert.ok(core.prometheus(now).length > 0);
    assert.match(core.prometheus(now, true), /# EOF\n$/);
  });
});
