/**
 * Backtraces of allocation guests name the right functions, files and lines: those of the marks
 * `site: NAME` in their sources.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import type { Location } from "../../host/symbols/location.js";
import { GUESTS, ROOT, skipWithout } from "./guest.js";
import { STACKS, traceGuest } from "./traced.js";

/** Guest, mark, and the functions of its backtrace from some caller to the mark, as named. */
type Site = readonly [guest: string, mark: string, functions: readonly (string | RegExp)[]];

const C_STEP = [/main/, "step"];
const AS = "tests/guests/assembly/allocations";
const AS_RUN = [`start:${AS}`, `${AS}/run`];
const RUST_MAIN = [/allocations::main/, /allocations::work/];

const SITES: readonly Site[] = [
  ["c-allocations-O0", "malloc", [...C_STEP, "take_malloc"]],
  ["c-allocations", "malloc", [/main/, "step", "take_malloc"]],
  ["c-allocations", "calloc", [/main/, "step", "take_calloc"]],
  ["c-allocations", "aligned_alloc", [/main/, "step", "take_aligned"]],
  ["c-allocations", "posix_memalign", [/main/, "step", "take_posix"]],
  ["c-allocations", "realloc", [/main/, "step", "take_realloc"]],
  ["cpp-allocations", "cat", [/main/, /zoo::Keeper::adopt/]],
  ["cpp-allocations", "days", [/main/, /zoo::Keeper::adopt/]],
  ["cpp-allocations", "weights", [/main/, /zoo::Keeper::measure/]],
  ["rust-allocations", "box", [...RUST_MAIN, /allocations::Kept::keep_box/]],
  ["rust-allocations", "name", [...RUST_MAIN, /allocations::Kept::keep_name/]],
  ["rust-allocations", "bytes", [...RUST_MAIN, /allocations::Kept::keep_bytes/]],
  ["rust-allocations", "line", [...RUST_MAIN, /allocations::Kept::keep_line/]],
  ["rust-allocations-O0", "grow", [...RUST_MAIN, /allocations::grow/]],
  ["as-allocations-O0", "point", [...AS_RUN, `${AS}/makePoint`]],
  ["as-allocations-O0", "buffer", [...AS_RUN, `${AS}/makeBuffer`]],
  ["as-allocations-O0", "codes", [...AS_RUN, `${AS}/makeNamed`]],
  ["as-allocations-O0", "digits", [...AS_RUN, `${AS}/makeNamed`, `${AS}/nameOf`]],
  ["as-allocations-O0", "push", [...AS_RUN, `${AS}/growArray`]],
  ["as-allocations-stub-O0", "point", [...AS_RUN, `${AS}/makePoint`]],
  ["as-allocations-minimal-O0", "point", [...AS_RUN, `${AS}/makePoint`]],
];

for (const [guest, mark, functions] of SITES) {
  for (const stacks of STACKS) {
    test(`${guest}, ${stacks} stacks: \`site: ${mark}\` is found`, {
      skip: skipWithout(guest),
    }, async (t) => {
      const trace = await traceGuest(t, guest, { stacks });
      const { file, line } = findMark(guest, mark);
      const isHere = (at: Location) => basename(at.file) === file && at.line === line;
      const found = trace.stacks.filter((stack) => stack.some(isHere));
      assert.ok(found.length > 0, `no backtrace goes through ${file}:${line}`);
      for (const stack of found) {
        const until = stack.findLastIndex(isHere) + 1;
        const names = stack.slice(0, until).map(({ definition }) => definition);
        assert.ok(isSubsequence(functions, names), `${names.join(";")} is not ${functions}`);
      }
    });
  }
}

for (const guest of ["c-allocations", "cpp-allocations", "rust-allocations", "as-allocations-O3"]) {
  test(`${guest}: engine and shadow stacks say the same`, {
    skip: skipWithout(guest),
  }, async (t) => {
    const [engine, shadow] = await Promise.all(
      STACKS.map(async (stacks) => {
        const trace = await traceGuest(t, guest, { stacks });
        return trace.blocks.map(({ stack }) => describe(trace.stacks[stack] ?? []));
      }),
    );
    assert.deepEqual(shadow?.length, engine?.length);
    for (const [id, stack] of (engine ?? []).entries()) assert.equal(shadow?.[id], stack, `${id}`);
  });
}

function describe(stack: readonly Location[]): string {
  return stack.map(({ definition, file, line }) => `${definition} ${file}:${line}`).join("\n");
}

/** Where a guest's source has `site: mark`. */
function findMark(guest: string, mark: string): { file: string; line: number } {
  const source = GUESTS.find(({ name }) => name === guest)?.source ?? "";
  const lines = readFileSync(`${ROOT}${source}`, "utf8").split("\n");
  const index = lines.findIndex((text) => text.includes(`site: ${mark}`));
  assert.notEqual(index, -1, `${source} has no mark ${mark}`);
  return { file: basename(source), line: index + 1 };
}

/** Whether all patterns are met, in this order, with anything between. */
function isSubsequence(patterns: readonly (string | RegExp)[], names: readonly string[]): boolean {
  let next = 0;
  for (const name of names) {
    const pattern = patterns[next];
    if (pattern === undefined) break;
    if (typeof pattern === "string" ? pattern === name : pattern.test(name)) next++;
  }
  return next === patterns.length;
}
