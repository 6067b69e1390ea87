/**
 * Ruby 3.4, which nobody here wrote, under `wmon run`.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ROOT } from "../guests/guest.js";
import { QUIET, runWmon, temporaryFolder } from "../host/wmon.js";
import { makeRubyCommand } from "./ruby-command.js";

const ruby = makeRubyCommand();
if ("missing" in ruby && process.env.CI) throw new Error(ruby.missing);
const skip = "missing" in ruby ? ruby.missing : false;
const path = "path" in ruby ? ruby.path : "";

test("ruby.wasm reads and writes files, and its WASI calls are counted", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/in.txt`, "hello wide world\n");
  const directories = ["--dir", `${folder}::/data`];
  directories.push("--dir", `${ROOT}tests/conformance/scripts::/scripts`);
  const options = [...QUIET, "--push", "-", "--env", "GREETING=hi there", ...directories];
  const run = await runWmon(t, ["run", ...options, path, "--", "/scripts/files.rb", "/data"]);

  assert.equal(run.code, 7, run.stderr);
  assert.match(run.stdout, /^ruby 3\.4\.\d+: 3 words, 79000 bytes, hi there$/m);
  assert.match(run.stderr, /^Errno::ENOENT$/m);
  assert.equal(readFileSync(`${folder}/out.txt`, "utf8"), "HELLO WIDE WORLD\n");
  assert.ok(lastCalls(run.stdout, "path_open") >= 104, run.stdout);
  assert.ok(lastCalls(run.stdout, "path_unlink_file") >= 100);
  assert.equal(lastCalls(run.stdout, "path_remove_directory"), 1);
});

test("an exception of Ruby's ends the run with code 1 and its text", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/bad.rb`, 'raise ArgumentError, "not like this"\n');
  const options = [...QUIET, "--dir", `${folder}::/data`];
  const run = await runWmon(t, ["run", ...options, path, "--", "/data/bad.rb"]);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /not like this \(ArgumentError\)/);
});

/** How often a WASI function was called, as the last push says. */
function lastCalls(pushed: string, name: string): number {
  const line = pushed.split("\n").findLast((text) => text.includes(`call=${name} `)) ?? "";
  return Number(/calls=(\d+)i/.exec(line)?.[1] ?? 0);
}
