/**
 * `wmon run`: what a guest gets of the machine: arguments, variables, standard input, files, time.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { COPYING, filing, listing } from "./guest-text.js";
import { until } from "./until.js";
import { guestFile, QUIET, runWmon, temporaryFolder, Wmon } from "./wmon.js";

const MODES = [
  ["real files", []],
  ["sandbox", ["--sandbox"]],
] as const;

for (const [mode, extra] of MODES) {
  test(`run (${mode}): arguments follow the guest's name`, async (t) => {
    const args = [
      "run",
      ...QUIET,
      ...extra,
      guestFile(t, listing("args")),
      "--",
      "-x",
      "zwölf",
      "",
    ];
    const ended = await runWmon(t, args);
    assert.deepEqual([ended.code, ended.stdout], [0, "guest.wasm\0-x\0zwölf\0\0"]);
  });

  test(`run (${mode}): the guest's environment is what --env says, and no more`, async (t) => {
    const env = ["--env", "A=1", "--env", "B=x=y"];
    const file = guestFile(t, listing("environ"));
    const ended = await runWmon(t, ["run", ...QUIET, ...extra, ...env, file]);
    assert.deepEqual(ended.stdout.split("\0").sort(), ["", "A=1", "B=x=y"]);
  });

  test(`run (${mode}): standard input is read to its end`, async (t) => {
    const input = "a line\n".repeat(50_000);
    const args = ["run", ...QUIET, ...extra, guestFile(t, COPYING)];
    const ended = await runWmon(t, args, { input });
    assert.equal(ended.code, 0);
    assert.equal(ended.stdout, input);
  });

  test(`run (${mode}): standard input arrives as it is written`, async (t) => {
    const wmon = new Wmon(t, ["run", ...QUIET, ...extra, guestFile(t, COPYING)]);
    for (const line of ["one\n", "two\n"]) {
      wmon.child.stdin.write(line);
      await until(`stdout ends in ${line}`, () => wmon.stdout.endsWith(line));
    }
    wmon.child.stdin.end();
    assert.equal((await wmon.ended).code, 0);
  });
}

test("run: --dir lets the guest read and write real files below it", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "in.txt"), "from the host\n");
  const file = guestFile(t, filing("in.txt", "out.txt", "from the guest"));
  const ended = await runWmon(t, ["run", ...QUIET, "--dir", `${folder}::/data`, file]);
  assert.deepEqual([ended.code, ended.stdout], [0, "from the host\n"]);
  assert.equal(readFileSync(join(folder, "out.txt"), "utf8"), "from the guest");
});

test("run: without --dir there are no files", async (t) => {
  const ended = await runWmon(t, ["run", ...QUIET, guestFile(t, filing("in.txt", "o", "x"))]);
  assert.equal(ended.code, 1);
});

test("run: --sandbox copies directories in; what is written stays in memory", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "in.txt"), "from the host\n");
  const file = guestFile(t, filing("in.txt", "out.txt", "from the guest"));
  const args = ["run", ...QUIET, "--sandbox", "--dir", `${folder}::/data`, file];
  const ended = await runWmon(t, args);
  assert.deepEqual([ended.code, ended.stdout], [0, "from the host\n"]);
  assert.match(ended.stderr, /^wmon: sandbox: copied .* to \/data: 1 file[s]?; [^\n]*\n$/);
  assert.throws(() => readFileSync(join(folder, "out.txt")), /ENOENT/);
});

test("run: in the sandbox, too, links and devices are left out and counted", async (t) => {
  const args = ["run", ...QUIET, "--sandbox", "--dir", "/dev/fd::/d", guestFile(t, COPYING)];
  const ended = await runWmon(t, args);
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /skipped \d+ that are no files/);
});
