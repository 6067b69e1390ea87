/**
 * What a trace says of a guest is what the guest counted itself: exactly at sampling rate 1, and
 * within the binomial bound below it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { QUIET, runWmon } from "../host/wmon.js";
import { BOOKKEEPERS, booksIn, GROWERS, UNSEEN } from "./allocation.js";
import { guestPath, skipWithout } from "./guest.js";
import { booksOf, STACKS, samplesOf, traceGuest } from "./traced.js";

for (const { name } of [...BOOKKEEPERS, ...GROWERS]) {
  for (const stacks of STACKS) {
    test(`${name}, ${stacks} stacks: at rate 1 the trace has the guest's books`, {
      skip: skipWithout(name),
    }, async (t) => {
      const trace = await traceGuest(t, name, { stacks });
      assert.equal(trace.run.code, 0, trace.run.stderr);
      const books = booksIn(trace.run.stdout);
      assert.deepEqual(booksOf(trace), books);
      assert.equal(samplesOf(trace), books.words);
      assert.equal(trace.wrongCollects, 0);
    });
  }
}

test("allocations that cannot be seen are said: in a list of the hooks, and before a trace", async (t) => {
  const path = guestPath(UNSEEN.name);
  const list = await runWmon(t, ["instrument", "--list", path]);
  assert.match(list.stdout, /__renew was not found/);
  const run = await runWmon(t, ["run", ...QUIET, "--memtrace", "tcp:127.0.0.1:0", path]);
  assert.match(run.stderr, /__renew was not found/);
});

/** Runs at 1e-2; each draws seeds of its own. */
const RUNS = 12;
const RATE = 0.01;

/** What may happen to a correct sampler: one in a billion, for all bounds of one guest together. */
const FALSE_ALARM = 1e-9;

for (const name of ["c-allocations", "rust-allocations", "as-allocations-O3"]) {
  test(`${name}: at rate 1e-2 samples are within the binomial bound, of all and of live words`, {
    skip: skipWithout(name),
  }, async (t) => {
    let samples = 0;
    let liveSamples = 0;
    let books = { words: 0, liveWords: 0 };
    const different = new Set<number>();
    for (let run = 0; run < RUNS; run++) {
      const trace = await traceGuest(t, name, { rate: RATE, stacks: "shadow" });
      books = booksIn(trace.run.stdout);
      const ofRun = samplesOf(trace);
      assertBinomial(ofRun, books.words);
      different.add(ofRun);
      samples += ofRun;
      const live = trace.blocks.filter(({ collectedUs }) => collectedUs === undefined);
      liveSamples += live.reduce((total, block) => total + block.samples, 0);
    }
    assertBinomial(samples, RUNS * books.words);
    assertBinomial(liveSamples, RUNS * books.liveWords);
    assert.ok(different.size > 1, "every run drew the same samples");
  });
}

/**
 * Fails if a binomial number of `words` trials at `RATE` is further from its mean than Bernstein's
 * inequality allows: P(|S - np| >= t) <= 2 exp(-t² / 2(np(1-p) + t/3)). Solved for t, so that all
 * checks of a guest (one a run and two of their sums) together fail by chance with FALSE_ALARM.
 */
function assertBinomial(samples: number, words: number): void {
  const mean = words * RATE;
  const exponent = Math.log((2 * (RUNS + 2)) / FALSE_ALARM);
  const variance = mean * (1 - RATE);
  const distance = exponent / 3 + Math.sqrt((exponent / 3) ** 2 + 2 * exponent * variance);
  const said = `${samples} samples of ${words} words: not within ${mean} ± ${distance}`;
  assert.ok(Math.abs(samples - mean) <= distance, said);
}
