/**
 * C and Rust programs that know nothing of a monitor, under `wmon run`: they must not notice it.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { guestPath, skipWithout } from "../guests/guest.js";
import { QUIET, runWmon, temporaryFolder } from "../host/wmon.js";

/** What a trap's report must say, by kind. */
const TRAPS: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  "c-actor": {
    unreachable: /unreachable/,
    memory: /memory access out of bounds/,
    divide: /divide by zero/,
    stack: /call stack/,
  },
  "rust-actor": {
    panic: /panicked at/,
    unreachable: /unreachable/,
    memory: /memory access out of bounds/,
    stack: /memory access out of bounds/,
  },
};

for (const [name, traps] of Object.entries(TRAPS)) {
  const skip = skipWithout(name);
  const act = (t: TestContext, words: readonly string[], options: readonly string[] = []) =>
    runWmon(t, ["run", ...QUIET, ...options, guestPath(name), "--", ...words], { input: "in\n" });

  test(`${name}: a file is copied, and its bytes and calls are counted`, { skip }, async (t) => {
    const folder = temporaryFolder(t);
    const bytes = randomBytes(1_000_000);
    writeFileSync(`${folder}/from`, bytes);
    const options = ["--dir", `${folder}::/data`, "--push", "-"];
    const run = await act(t, ["copy", "/data/from", "/data/to"], options);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^copied 1000000 bytes$/m);
    assert.deepEqual(readFileSync(`${folder}/to`), bytes);
    assert.match(run.stdout, /^wasi_io\b.* read=1000000i/m);
    assert.match(run.stdout, /^wasi,.*call=path_open calls=2i/m);
  });

  test(`${name}: arguments, input and output pass through`, { skip }, async (t) => {
    assert.equal((await act(t, ["print", "a", "b c", "--d"])).stdout, "a\nb c\n--d\n");
    assert.equal((await act(t, ["echo"])).stdout, "in\n");
    assert.equal((await act(t, ["env", "X"], ["--env", "X=y z"])).stdout, "y z\n");
    assert.equal((await act(t, ["sleep", "10"])).stdout, "awake\n");
  });

  test(`${name}: the exit code is the program's`, { skip }, async (t) => {
    for (const code of [0, 1, 42]) assert.equal((await act(t, ["exit", `${code}`])).code, code);
    const options = ["--dir", `${temporaryFolder(t)}::/data`];
    const missing = await act(t, ["list", "/data/none"], options);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /no such file or directory/i);
  });

  for (const [kind, text] of Object.entries(traps)) {
    test(`${name}: trap ${kind} ends with code 134 and says why`, { skip }, async (t) => {
      const run = await act(t, ["trap", kind]);
      assert.equal(run.code, 134, run.stderr);
      assert.match(run.stderr, text);
    });
  }
}
