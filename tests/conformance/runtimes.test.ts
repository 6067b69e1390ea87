/**
 * The package in each runtime, and the README's table of it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { prepare, RUNTIMES, runIn } from "./runtimes.js";
import { type Column, formatTable, readTable } from "./table.js";

const lack = prepare();
const isCi = process.env.CI === "true";
const columns: Column[] = [];

for (const runtime of RUNTIMES) {
  const { title, row } = runtime;
  const absent = runtime.isHere() ? false : (lack ?? `${title} is not installed (npm run peers)`);
  const place = RUNTIMES.filter((other) => other.row === row).indexOf(runtime) + 1;
  test(`${row} ${place}: every behaviour holds`, { skip: isCi ? false : absent }, async (t) => {
    assert.equal(absent, false, String(absent));
    const report = await runIn(runtime);
    columns.push({ title, report });
    assert.ok(report.outcomes.length > 0, "it ran something");
    for (const { rule, failure } of report.outcomes) {
      await t.test(rule, () => assert.equal(failure, undefined, failure));
    }
  });
}

test("the README's table is what was measured: npm run conformance writes it", (t) => {
  if (columns.length < RUNTIMES.length) return t.skip("a runtime is missing");
  assert.equal(readTable(), formatTable(columns));
});
