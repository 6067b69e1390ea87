/**
 * `npm run conformance`: the same behaviours in every runtime; a row each, a closing line last, and
 * the table of the README. Fails if a runtime is missing, or a behaviour does not hold.
 */
import { closingLine } from "../tally.js";
import { installChromium } from "./installation.js";
import { prepare, RUNTIMES, type Runtime, runIn } from "./runtimes.js";
import { type Column, formatTable, writeTable } from "./table.js";
import type { Report } from "./world.js";

interface Row {
  readonly name: string;
  readonly versions: string[];
  passed: number;
  readonly failures: string[];
}

const NAME_WIDTH = 14;

/** Each takes some seconds; one that hangs must not take the rows of the others with it. */
const PATIENCE_MS = 180_000;

for (const lack of [prepare(), installChromium()]) if (lack !== undefined) console.error(lack);

const rows = new Map<string, Row>();
const columns: Column[] = [];
for (const runtime of RUNTIMES) {
  const { row: name, title } = runtime;
  const row = rows.get(name) ?? { name, versions: [], passed: 0, failures: [] };
  rows.set(name, row);
  const report = await reportOf(runtime);
  if (typeof report === "string") {
    row.failures.push(report);
    continue;
  }
  columns.push({ title, report });
  count(row, report);
}
for (const row of rows.values()) print(row);
if (columns.length === RUNTIMES.length && writeTable(formatTable(columns))) {
  console.log("\nREADME.md has a new table");
}
const all = [...rows.values()];
const passed = all.reduce((sum, row) => sum + row.passed, 0);
const failed = all.reduce((sum, row) => sum + row.failures.length, 0);
console.log(`\n${closingLine({ passed, failed, skipped: 0 })}`);
process.exit(failed > 0 ? 1 : 0);

/** What a runtime reported, or why it did not. */
async function reportOf(runtime: Runtime): Promise<Report | string> {
  if (!runtime.isHere()) return `${runtime.title} is not installed`;
  try {
    return await Promise.race([runIn(runtime), late()]);
  } catch (error) {
    return String(error);
  }
}

async function late(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  throw new Error(`no report within ${PATIENCE_MS} ms`);
}

function count(row: Row, { version, outcomes }: Report): void {
  row.versions.push(version);
  for (const { rule, failure } of outcomes) {
    if (failure === undefined) row.passed++;
    else row.failures.push(`${version}: ${rule}: ${failure}`);
  }
}

function print({ name, versions, passed, failures }: Row): void {
  const mark = failures.length === 0 ? "✔" : "✖";
  const counts = `${passed} passed, ${failures.length} failed`;
  console.log(`${mark} ${name.padEnd(NAME_WIDTH)} ${counts}  (${versions.join(", ")})`);
  for (const failure of failures) console.log(`    ${failure.replaceAll("\n", "\n    ")}`);
}
