/**
 * What `npm start` says when what it is given cannot be read, and that it takes what can.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "./until.js";
import { temporaryFolder } from "./wmon.js";

const START = fileURLToPath(new URL("../../host/cli/start.js", import.meta.url));

function start(t: TestContext, ...paths: string[]) {
  const child = spawn(process.execPath, [START, ...paths], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, ended, said: () => said };
}

test("start: a path that does not exist is named, before anything listens", async (t) => {
  const folder = temporaryFolder(t);
  for (const path of ["no-such.txt", join(folder, "none"), join(folder, "none", "file.txt")]) {
    const { ended, said } = start(t, path);
    assert.equal(await ended, 2);
    const reason = "no such file or directory; name files or directories to count";
    assert.equal(said(), `wmon: ${path}: ${reason}\n`);
  }
});

test("start: an absolute path is counted until Ctrl-C, which exits with 130", async (t) => {
  const { child, ended, said } = start(t, START);
  await until("it has counted", () => /census: \d+ lines/.test(said()));
  assert.match(said(), /curl -s http:\/\/127\.0\.0\.1:\d+\/metrics/);
  child.kill("SIGINT");
  assert.equal(await ended, 130);
});
