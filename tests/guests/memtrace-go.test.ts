/**
 * Traces of programs that Go's compiler made: each backtrace is what runtime.Callers gave at the
 * same place, with all that was allocated there, and there are as many blocks as Go counted.
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { test } from "node:test";
import type { Location } from "../../host/symbols/location.js";
import { QUIET, runWmon, temporaryFolder } from "../host/wmon.js";
import { GO_GUESTS } from "./allocation.js";
import { guestPath, skipWithout } from "./guest.js";
import { samplesOf, type TraceText, traceGuest } from "./traced.js";

interface Row {
  readonly blocks: number;
  readonly words: number;
}

/** Words of the blocks between which the guest counts. */
const MARKS = [111_111, 222_222].map((bytes) => Math.ceil(bytes / 4));

for (const { name } of GO_GUESTS) {
  test(`${name}: at rate 1 each backtrace has what the guest entered there, and none is missing`, {
    skip: skipWithout(name),
  }, async (t) => {
    const trace = await traceGuest(t, name);
    assert.equal(trace.run.code, 0, trace.run.stderr);
    const traced = rowsOf(trace);
    const books = booksIn(trace.run.stdout);
    assert.ok(books.size > 90, `only ${books.size} backtraces`);
    for (const [stack, row] of books) assert.deepEqual(traced.get(stack), row, stack);
    assert.equal(
      samplesOf(trace),
      trace.blocks.reduce((sum, { words }) => sum + words, 0),
    );
    assert.ok(trace.blocks.every(({ collectedUs }) => collectedUs === undefined));
    assert.equal(betweenMarks(trace), Number(/counted (\d+) blocks/.exec(trace.run.stderr)?.[1]));
  });

  test(`${name}: does the same hooked ahead of time, and traced`, {
    skip: skipWithout(name),
  }, async (t) => {
    const plain = await runWmon(t, ["run", ...QUIET, guestPath(name)]);
    const hooked = join(temporaryFolder(t), "hooked.wasm");
    const written = await runWmon(t, ["instrument", guestPath(name), "-o", hooked]);
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stdout, /runtime\.mallocgc .* by pclntab/);
    assert.match(written.stdout, /Go's collector calls no function/);
    const trace = join(temporaryFolder(t), "t.ctf");
    for (const options of [[], ["--memtrace-file", trace]]) {
      const run = await runWmon(t, ["run", ...QUIET, ...options, hooked]);
      assert.equal(run.code, 0, run.stderr);
      assert.equal(run.stdout, plain.stdout);
    }
  });
}

test("go-allocations-l: backtraces end where the program calls the runtime, or are the runtime's", {
  skip: skipWithout("go-allocations-l"),
}, async (t) => {
  const { stacks } = await traceGuest(t, "go-allocations-l");
  const isRuntime = ({ definition }: Location) => /^(internal\/)?runtime[./]/.test(definition);
  const ends = stacks.filter((stack) => !stack.every(isRuntime)).map((stack) => stack.at(-1));
  assert.ok(ends.length > 0 && ends.length < stacks.length);
  for (const end of ends) assert.ok(end && !isRuntime(end), end?.definition);
  // Maps, strings and slices are made by functions of the runtime's.
  assert.ok(ends.some((end) => end?.definition === "main.assorted"));
});

/** How many blocks were allocated between the guest's marks. */
function betweenMarks({ blocks }: TraceText): number {
  const [first = -1, last = -1] = MARKS.map((mark) =>
    blocks.findIndex(({ words }) => words === mark),
  );
  assert.ok(first >= 0 && last > first, "the marks are not there");
  return last - first - 1;
}

/** The rows that the guest printed, by backtrace. */
function booksIn(stdout: string): Map<string, Row> {
  const rows = stdout.matchAll(/^(\d+) (\d+) (\S+ \S+:\d+.*)$/gm);
  return new Map(
    Array.from(rows, ([, blocks, words, stack]) => [
      stack as string,
      { blocks: Number(blocks), words: Number(words) },
    ]),
  );
}

/** The same of a trace. */
function rowsOf({ blocks, stacks }: TraceText): Map<string, Row> {
  const keys = stacks.map((stack) =>
    stack.map(({ definition, file, line }) => `${definition} ${basename(file)}:${line}`).join(";"),
  );
  const rows = new Map<string, Row>();
  for (const { stack, words } of blocks) {
    const key = keys[stack] as string;
    const row = rows.get(key) ?? { blocks: 0, words: 0 };
    rows.set(key, { blocks: row.blocks + 1, words: row.words + words });
  }
  return rows;
}
