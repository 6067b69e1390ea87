/**
 * The geometric sampler, driven as an instrumented guest drives it: a countdown in words, and a
 * call when a block takes it to zero or below.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { Sampler } from "../../host/memtrace/sampler.js";
import { Random, SEED } from "./random.js";

const module = new WebAssembly.Module(readFileSync("build/memtrace.wasm"));

/** A guest's countdown over a sampler: the samples of one block after the other. */
class Guest {
  readonly sampler: Sampler;
  #countdown: number;

  constructor(rate: number, seed: number) {
    this.sampler = new Sampler(module, rate, BigInt(seed));
    this.#countdown = this.sampler.countdown;
  }

  allocate(words: number): number {
    this.#countdown -= words;
    if (this.#countdown > 0) return 0;
    const samples = this.sampler.countSamples(-this.#countdown);
    this.#countdown = this.sampler.countdown;
    return samples;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

describe("sampler", () => {
  test("rate 1 samples every word of every block, of any size", () => {
    const guest = new Guest(1, 7);
    const random = new Random(7);
    const sizes = [1, 2, 3, 65_535, 65_536, 65_537, 2 ** 30, 2 ** 32] as const;
    for (let round = 0; round < 3000; round++) {
      const words = round < 100 ? random.pick([...sizes]) : 1 + random.below(3000);
      assert.equal(guest.allocate(words), words);
    }
  });

  test("each word is sampled with the rate's probability, whatever the blocks", (t) => {
    t.diagnostic(`SEED=${SEED}`);
    const random = new Random(SEED);
    for (const rate of [0.5, 0.1, 1e-2, 1e-4]) {
      const guest = new Guest(rate, random.word());
      let words = 0;
      let samples = 0;
      while (words * rate < 200_000) {
        const block = 1 + random.below(random.pick([1, 10, 1000, Math.ceil(3 / rate)]));
        words += block;
        samples += guest.allocate(block);
      }
      // Six standard deviations of a binomial: one run in 500 million fails for no reason.
      const bound = 6 * Math.sqrt(words * rate * (1 - rate));
      assert.ok(Math.abs(samples - words * rate) < bound, `rate ${rate}: ${samples} of ${words}`);
    }
  });

  test("the words that are sampled do not depend on where blocks end", () => {
    const [whole, pieces] = [new Guest(0.01, 11), new Guest(0.01, 11)];
    const random = new Random(11);
    for (let round = 0; round < 300; round++) {
      const words = 1 + random.below(5000);
      let left = words;
      let samples = 0;
      while (left > 0) {
        const piece = 1 + random.below(left);
        samples += pieces.allocate(piece);
        left -= piece;
      }
      assert.equal(whole.allocate(words), samples);
    }
  });

  test("gaps are geometric: a gap of one word is as likely as a sample", () => {
    const rate = 0.25;
    const { sampler } = new Guest(rate, 5);
    const gaps = Array.from({ length: 40_000 }, () => {
      sampler.countSamples(0);
      return sampler.countdown;
    });
    for (const words of [1, 2, 3, 5]) {
      const expected = gaps.length * rate * (1 - rate) ** (words - 1);
      const found = gaps.filter((gap) => gap === words).length;
      assert.ok(Math.abs(found - expected) < 6 * Math.sqrt(expected), `${words}: ${found}`);
    }
    assert.ok(gaps.every((gap) => Number.isInteger(gap) && gap >= 1));
  });

  test("a huge block's samples are drawn at once, with the mean and spread of a binomial", () => {
    const [rate, words] = [0.25, 2 ** 30];
    const guest = new Guest(rate, 3);
    const counts = Array.from({ length: 400 }, () => guest.allocate(words));
    const mean = words * rate;
    const variance = mean * (1 - rate);
    const errors = counts.map((samples) => samples - mean);
    assert.ok(Math.abs(sum(errors)) < 6 * Math.sqrt(400 * variance));
    const spread = sum(errors.map((error) => error * error)) / 400 / variance;
    assert.ok(spread > 0.6 && spread < 1.5, `${spread} times a binomial's variance`);
  });

  test("a gap longer than a countdown goes on after it, without a sample", () => {
    const guest = new Guest(1e-11, 9);
    assert.equal(guest.sampler.countdown, 2 ** 30);
    let words = 0;
    let samples = 0;
    while (samples === 0) {
      samples += guest.allocate(2 ** 29);
      words += 2 ** 29;
    }
    assert.ok(words > 2 ** 30, `the first sample came after ${words} words`);
  });

  test("the same seed draws the same, another one other gaps", () => {
    const gaps = (seed: number) => {
      const { sampler } = new Guest(1e-4, seed);
      return Array.from({ length: 50 }, () => {
        sampler.restart();
        return sampler.countdown;
      });
    };
    assert.deepEqual(gaps(1), gaps(1));
    assert.notDeepEqual(gaps(1), gaps(2));
  });

  for (const overshoot of [Number.NaN, -1, Number.NEGATIVE_INFINITY]) {
    test(`an overshoot of ${overshoot} counts as none`, () => {
      const { sampler } = new Guest(0.5, 1);
      assert.equal(sampler.countSamples(overshoot), 1);
      assert.ok(sampler.countdown >= 1);
    });
  }

  test("an endless block has a number of samples, and the next countdown is right", () => {
    const { sampler } = new Guest(1e-4, 1);
    const samples = sampler.countSamples(Number.POSITIVE_INFINITY);
    assert.ok(Number.isSafeInteger(samples));
    assert.ok(sampler.countdown >= 1 && sampler.countdown <= 2 ** 30);
  });

  for (const rate of [1e-300, Number.MIN_VALUE]) {
    test(`rate ${rate} has countdowns, and no sample in a million of them`, () => {
      const { sampler } = new Guest(rate, 1);
      for (let round = 0; round < 1e6; round++) assert.equal(sampler.countSamples(0), 0);
      assert.equal(sampler.countdown, 2 ** 30);
    });
  }

  for (const rate of [0, -0.1, 1.5, Number.NaN]) {
    test(`rate ${rate} is refused`, () => {
      const isWanted = (error: unknown) =>
        error instanceof MonitorError && error.code === "OPTION_INVALID";
      assert.throws(() => new Sampler(module, rate, 1n), isWanted);
    });
  }
});
