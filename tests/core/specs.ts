/**
 * Runs as-pect's specs of the core and counts what passed. as-pect tells by its exit code alone
 * whether a run failed, and dies without a summary when a spec does not compile.
 */
import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import type { Tally } from "../tally.js";

const ASPECT_ARGUMENTS = [
  "node_modules/@as-pect/cli/bin/asp.js",
  "--config",
  "tests/core/aspect.config.js",
  "--as-config",
  "tests/core/asconfig.json",
];

/** Longer lines are a minified source that Node shows with an uncaught error. */
const LINE_CHARACTERS_MAX = 400;

/** Runs the given spec files, prints their report with coverage, and resolves to the counts. */
export async function runSpecs(specPaths: readonly string[]): Promise<Tally> {
  const args = [...ASPECT_ARGUMENTS, ...specPaths];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const exitCode = await new Promise((resolve) => child.on("close", resolve));
  const report = stripVTControlCharacters(output); // as-pect colours whatever it is told
  process.stdout.write(`${readable(report)}\n`);
  return tally(report, exitCode === 0);
}

/**
 * The counts of all spec files in a report; a run that failed for another reason is one failure.
 */
function tally(report: string, succeeded: boolean): Tally {
  let passed = 0;
  let failed = 0;
  for (const [, passCount, testCount] of report.matchAll(/ Pass: (\d+) \/ (\d+) /g)) {
    passed += Number(passCount);
    failed += Number(testCount) - Number(passCount);
  }
  return { passed, failed: succeeded ? failed : Math.max(failed, 1), skipped: 0 };
}

/** Leaves out the logo, and all but the first uncovered place of a file. */
function readable(report: string): string {
  return report
    .replace(/^[\s\S]*ASC Version.*\n/, "")
    .split("\n")
    .filter((line) => !/^│ +│|^├|^\[Log\]Using|^\[Snap/.test(line))
    .map((line) => line.slice(0, LINE_CHARACTERS_MAX))
    .join("\n");
}
