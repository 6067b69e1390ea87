/**
 * A memory trace of Ruby, which nobody here wrote: its allocators are found, its functions named,
 * and it does not notice.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../guests/guest.js";
import { readTrace, samplesOf } from "../guests/traced.js";
import { QUIET, runWmon, temporaryFolder } from "../host/wmon.js";
import { makeRubyCommand } from "./ruby-command.js";

const ruby = makeRubyCommand("ruby-named");
if ("missing" in ruby && process.env.CI) throw new Error(ruby.missing);
const skip = "missing" in ruby ? ruby.missing : false;
const path = "path" in ruby ? ruby.path : "";

const SCRIPT = ["--dir", `${ROOT}tests/conformance/scripts::/scripts`];
const SAID = /^20000 names, 20000 keys, 100000 numbers, 2788890 characters$/m;
const HOOKED = ["malloc", "calloc", "realloc", "free"];

/** The functions of Ruby's that allocate what the script asks for. */
const HOT = [/^rb_str_/, /^st_/, /^(rb_)?ary_/, /^(rb_)?gc_|^heap_|objspace/];

test("wmon instrument --list finds the allocators of ruby.wasm by their names", {
  skip,
}, async (t) => {
  const run = await runWmon(t, ["instrument", "--list", path]);
  assert.equal(run.code, 0, run.stderr);
  for (const name of HOOKED) assert.match(run.stdout, new RegExp(`\\b${name}\\b`));
});

for (const stacks of ["engine", "shadow"]) {
  test(`Ruby is traced while it runs a script, with ${stacks} stacks`, { skip }, async (t) => {
    const file = join(temporaryFolder(t), "ruby.ctf");
    const options = [...QUIET, ...SCRIPT, "--memtrace-file", file, `--stacks=${stacks}`];
    options.push("--sampling-rate", "1e-3");
    const run = await runWmon(t, ["run", ...options, path, "--", "/scripts/allocate.rb"]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, SAID);

    const trace = readTrace(readFileSync(file));
    assert.ok(samplesOf(trace) > 1000, `${samplesOf(trace)} samples`);
    assert.equal(trace.wrongCollects, 0);
    assert.ok(trace.blocks.some(({ collectedUs }) => collectedUs !== undefined));
    const names = new Set(trace.stacks.flatMap((stack) => stack.map((at) => at.definition)));
    for (const hot of HOT)
      assert.ok(
        [...names].some((name) => hot.test(name)),
        `${hot}`,
      );
    for (const stack of trace.stacks) assert.equal(stack[0]?.definition.includes("_start"), true);
  });

  test(`wmon report names the hot functions of Ruby, ${stacks} stacks`, { skip }, async (t) => {
    const file = join(temporaryFolder(t), "ruby.ctf");
    const options = [...QUIET, ...SCRIPT, "--memtrace-file", file, `--stacks=${stacks}`];
    await runWmon(t, ["run", ...options, path, "--", "/scripts/allocate.rb"]);
    const report = await runWmon(t, ["report", file, "--format", "collapsed"]);
    assert.equal(report.code, 0, report.stderr);
    const lines = report.stdout.trimEnd().split("\n");
    for (const line of lines) assert.match(line, /^\S[^\n]* \d+$/);
    assert.ok(lines.some((line) => /rb_str_/.test(line)));
    assert.ok(lines.every((line) => !/;(malloc|dlmalloc|calloc|realloc) \d+$/.test(line)));
  });
}
