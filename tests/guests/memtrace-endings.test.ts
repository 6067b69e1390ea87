/**
 * However a guest ends, its trace decodes to the last event before the end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { skipWithout } from "./guest.js";
import { STACKS, type TracedRun, traceGuest } from "./traced.js";

const BYTES = 24;

/** How it ends, its exit code, and how deep in the stack. */
const ENDINGS: readonly (readonly [string, number, number])[] = [
  ["return", 0, 3],
  ["exit", 9, 3],
  ["exit", 9, 2000],
  ["trap", 134, 3],
  ["trap", 134, 2000],
];

for (const [manner, code, depth] of ENDINGS) {
  for (const stacks of STACKS) {
    test(`a guest that ends by ${manner} at depth ${depth} leaves a whole trace, ${stacks} stacks`, {
      skip: skipWithout("c-ending"),
    }, async (t) => {
      const args = [manner, "1000", `${depth}`];
      const trace = await traceGuest(t, "c-ending", { stacks, args });
      assert.equal(trace.run.code, code, trace.run.stderr);
      assert.equal(trace.run.stdout, "1000 blocks\n");
      const taken = blocksOf(trace, "take");
      assert.equal(taken.length, 1000);
      assert.ok(taken.every(({ words }) => words === BYTES / 4));
      assert.equal(taken.filter(({ collectedUs }) => collectedUs === undefined).length, 500);
      assert.equal(trace.wrongCollects, 0);
    });
  }
}

test("a stack 2,000 frames deep keeps its innermost frames", {
  skip: skipWithout("c-ending"),
}, async (t) => {
  for (const stacks of STACKS) {
    const trace = await traceGuest(t, "c-ending", { stacks, args: ["return", "10", "2000"] });
    for (const { stack } of blocksOf(trace, "take")) {
      const names = (trace.stacks[stack] ?? []).map(({ definition }) => definition);
      assert.equal(names.at(-1), "take");
      assert.ok(names.filter((name) => name === "descend").length > 100, names.join(";"));
    }
  }
});

function blocksOf(trace: TracedRun, definition: string) {
  const isOurs = trace.stacks.map((stack) => stack.at(-1)?.definition === definition);
  return trace.blocks.filter(({ stack }) => isOurs[stack]);
}
