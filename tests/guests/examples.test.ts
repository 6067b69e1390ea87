/**
 * The examples do what their README says.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { QUIET, runWmon, temporaryFolder } from "../host/wmon.js";
import { ROOT } from "./guest.js";

const CENSUS = `${ROOT}build/examples/census.wasm`;

/** Runs one round of census over the paths given, in a folder that the guest sees as `/data`. */
function takeCensus(t: TestContext, folder: string, ...words: string[]) {
  const options = [...QUIET, "--dir", `${folder}::/data`, "--push", "-", "--timestamps", "none"];
  return runWmon(t, ["run", ...options, CENSUS, "--", "--rounds", "1", ...words]);
}

test("census counts files and all files in directories, empty and large ones too", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(`${folder}/inner/deep`, { recursive: true });
  writeFileSync(`${folder}/one.txt`, "a b c\nfoo bar a\n");
  writeFileSync(`${folder}/inner/empty`, "");
  writeFileSync(`${folder}/inner/deep/large`, "wörd ".repeat(2_000_000)); // far above one chunk
  const run = await takeCensus(t, folder, "/data");
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /^2 lines, 2000006 words, 6 distinct, 12000016 bytes, checksum/m);
  assert.match(run.stdout, /^census_files_total,result=read counter=2$/m);
  assert.match(run.stdout, /^census_files_total,result=empty counter=1$/m);
  assert.match(run.stdout, /^census_bytes_total counter=12000016$/m);
  assert.match(run.stdout, /^census_file_seconds count=3,/m);
  assert.match(run.stdout, /^census rounds=1i,lines=2i,words=2000006i,/m);
});

const REFUSALS: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ["a file that is not there", ["/data/none"], 1, /\/data\/none: no such file or directory/],
  ["a path outside of what the guest sees", ["/etc"], 1, /\/etc: not in a directory/],
  ["no path", [], 2, /name at least one file or directory/],
  ["an option that does not exist", ["--loud", "/data"], 2, /unknown option --loud/],
  ["a number that is none", ["--pause", "soon", "/data"], 2, /takes a whole number, not "soon"/],
];

for (const [what, words, code, text] of REFUSALS) {
  test(`census ends with code ${code} over ${what}`, async (t) => {
    const run = await takeCensus(t, temporaryFolder(t), ...words);
    assert.equal(run.code, code);
    assert.match(run.stderr, text);
  });
}

test("the plug-in example reports through the program's monitor", () => {
  const program = `${ROOT}examples/plugin/main.js`;
  const body = execFileSync(process.execPath, [program], { encoding: "utf8", timeout: 60_000 });
  assert.match(body, /^plugin_calls_total\{parity="even"\} 500$/m);
  assert.match(body, /^plugin_steps_count 1000$/m);
});
