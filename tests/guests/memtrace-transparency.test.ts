/**
 * A guest does the same with hooks, with hooks and shadow stacks, and while every word of it is
 * traced: what it prints, what it leaves on the wire, how it ends.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { QUIET, runWmon, temporaryFolder } from "../host/wmon.js";
import { ALLOCATION_GUESTS } from "./allocation.js";
import { guestPath, skipWithout } from "./guest.js";
import { STACKS } from "./traced.js";

const PRINTERS = ALLOCATION_GUESTS.filter(({ name }) => !/endless|churn|ending/.test(name));

/** Guests and arguments; `FOLDER` is a directory with a file `in`. */
const RUNS: readonly (readonly [string, ...string[]])[] = [
  ...PRINTERS.map(({ name }) => [name] as const),
  ["kinds"],
  ["hundred"],
  ["hostile"],
  ["trap"],
  ["actor", "print", "one", "zwölf"],
  ["actor", "exit", "7"],
  ["actor", "trap"],
  ["actor", "allocate", "1000000"],
  ["actor", "count", "1000"],
  ["c-primes", "5000"],
  ["c-ending", "return", "1000", "12"],
  ["c-ending", "exit", "1000", "2000"],
  ["c-ending", "trap", "1000", "2000"],
  ...["c-actor", "rust-actor"].flatMap(
    (name) =>
      [
        [name, "print", "one", "zwölf"],
        [name, "copy", "/data/in", "/data/out"],
        [name, "list", "/data"],
        [name, "env", "NAME"],
        [name, "allocate", "5000000"],
        [name, "exit", "3"],
        [name, "trap", "unreachable"],
        [name, "trap", "memory"],
        [name, "trap", "stack"],
        [name, "no", "such", "command"],
      ] as const,
  ),
];

for (const [name, ...args] of RUNS) {
  test(`${[name, ...args].join(" ")}: does the same hooked and traced`, {
    skip: skipWithout(name),
  }, async (t) => {
    const plain = await observe(t, guestPath(name), args, ["--memtrace", "off"]);
    for (const stacks of STACKS) {
      const hooked = join(temporaryFolder(t), `${name}.wasm`);
      const written = await runWmon(t, [
        "instrument",
        guestPath(name),
        "-o",
        hooked,
        `--stacks=${stacks}`,
      ]);
      const isHookable = /^(c|cpp|rust|as-(?!nameless))/.test(name);
      if (isHookable) assert.equal(written.code, 0, written.stderr);
      if (written.code === 0) {
        assert.deepEqual(await observe(t, hooked, args, ["--memtrace", "off"]), plain, stacks);
      }
      const trace = join(temporaryFolder(t), "t.ctf");
      const options = ["--memtrace-file", trace, "--sampling-rate", "1", `--stacks=${stacks}`];
      assert.deepEqual(await observe(t, guestPath(name), args, options), plain, stacks);
    }
  });
}

/** What can be seen of a run; byte offsets, our own numbers and times left out. */
async function observe(
  t: TestContext,
  file: string,
  args: readonly string[],
  options: readonly string[],
) {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "in"), "hello wide world\n".repeat(2000));
  const given = [...QUIET, "--push", "-", "--timestamps", "none", "--env", "NAME=value"];
  given.push("--dir", `${folder}::/data`, ...options);
  const { code, signal, stdout, stderr } = await runWmon(t, ["run", ...given, file, "--", ...args]);
  return { code, signal, stdout: withoutOurs(stdout), stderr: withoutPlaces(stderr) };
}

/** Sources that tell of the process, and not of what the guest does. */
const OURS =
  /^(resource_usage|process|nodejs|monitor|memory|memtrace|logs|prometheus_logs|guest|wasi|run)/;

/** How long a file's calls took: the sum, and each bucket. */
const TIMES = /,(read|write|flush)_duration_(sum|[\d.]+|\+Inf)=[^, ]*/g;

function withoutOurs(stdout: string): string[] {
  const lines = stdout.split("\n").filter((line) => !OURS.test(line));
  return lines.map((line) => line.replace(TIMES, ""));
}

/** Of a trap only what it was, and of the log only what the guest wrote. */
function withoutPlaces(stderr: string): string[] {
  return stderr
    .split("\n")
    .filter((line) => !/^ +at |memory traces|memtrace/.test(line))
    .map((line) => line.replace(/^wmon: \S+ /, "wmon: ").replace(/^\S*\d\d:\d\d\S*/, ""));
}
