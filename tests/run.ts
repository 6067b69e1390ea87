/**
 * Runs the tests: the core's specs by as-pect, then everything else by node's runner on the
 * compiled output, and prints the counts of both last.
 *
 *   npm test                     everything
 *   npm test -- push core/       the files whose path contains one of these
 *   npm run golden               the files that compare with golden files, rewriting those
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { runSpecs } from "./core/specs.js";
import { add, closingLine, type Tally } from "./tally.js";

/** One file at a time: a fault test and its peers keep a small machine busy enough. */
const CONCURRENCY = 1;

/** A test that hangs is stopped: the longest one takes a minute on an idle machine. */
const TEST_TIMEOUT_MS = 600_000;

const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };

/** The source files below `tests/` that the arguments select. */
function select(suffix: string, accepts: (path: string) => boolean): string[] {
  return readdirSync("tests", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(suffix) && !path.includes("node_modules"))
    .map((path) => `tests/${path}`)
    .filter(accepts)
    .sort();
}

/** Runs compiled tests by node's runner, passing its output through and reading its counts. */
async function runTests(sourcePaths: readonly string[], golden: boolean): Promise<Tally> {
  const compiled = sourcePaths.map((path) => `build/${path.replace(/\.ts$/, ".js")}`);
  const args = ["--test", "--test-reporter=spec", `--test-concurrency=${CONCURRENCY}`];
  args.push(`--test-timeout=${TEST_TIMEOUT_MS}`, "--expose-gc");
  const child = spawn(process.execPath, [...args, ...compiled], {
    env: golden ? { ...process.env, GOLDEN: "1" } : process.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let tail = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    process.stdout.write(chunk);
    // The counts precede the list of failures, so all of it is kept.
    tail += chunk;
  });
  const exitCode = await new Promise((resolve) => child.on("close", resolve));
  const counts = (name: string) => Number(new RegExp(`^ℹ ${name} (\\d+)$`, "m").exec(tail)?.[1]);
  const failed = (counts("fail") || 0) + (counts("cancelled") || 0);
  return {
    passed: counts("pass") || 0,
    failed: exitCode === 0 ? failed : Math.max(failed, 1),
    skipped: (counts("skipped") || 0) + (counts("todo") || 0),
  };
}

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const golden = process.argv.includes("--golden");
const isNamed = (path: string) => names.length === 0 || names.some((name) => path.includes(name));
const comparesGolden = (path: string) => readFileSync(path, "utf8").includes("matchGolden");

const specPaths = golden ? [] : select(".spec.ts", isNamed);
const testPaths = select(".test.ts", (path) => isNamed(path) && (!golden || comparesGolden(path)));

let total = NOTHING;
if (specPaths.length > 0) {
  const core = await runSpecs(specPaths);
  console.log(`core specs: ${closingLine(core)}\n`);
  total = add(total, core);
}
if (testPaths.length > 0) total = add(total, await runTests(testPaths, golden));

console.log(`\n${closingLine(total)}`);
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
