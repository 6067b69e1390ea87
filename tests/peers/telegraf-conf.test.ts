/**
 * The configurations of `examples/telegraf`, read by a real Telegraf as they are but for their
 * ports, intervals and paths: real lines of a real guest arrive.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOT } from "../guests/guest.js";
import { GROWING } from "../host/guest-text.js";
import { guestFile, LISTENING, QUIET, temporaryFolder, Wmon } from "../host/wmon.js";
import { openInfluxdb } from "./influxdb.js";
import { Peer, waitUntil } from "./peer.js";
import { freePort } from "./port.js";
import { missing, needProgram } from "./program.js";

const MAIN = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

/** Longest that a Telegraf waits in its test mode; it is ended as soon as lines are there. */
const TEST_WAIT_S = "60";

const here = { skip: missing("telegraf"), timeout: 90_000 };

test("telegraf.conf: takes the push of a guest", here, async (t) => {
  const port = await freePort();
  const telegraf = await openTelegraf(t, edit("telegraf.conf", { "8094": `${port}` }), TEST);
  await waitUntil(
    () => telegraf.output().includes("Listening on"),
    () => telegraf.describe("does not listen"),
  );
  pushing(t, port);
  await printed(telegraf, /^> memory,vm=web1 .*memory\\ linear\\ bytes=262144i/m);
  await printed(telegraf, /^> guest,vm=web1 .*running=true/m);
});

test("telegraf.conf: writes the push of a guest into InfluxDB", {
  ...here,
  skip: missing("telegraf", "influxd"),
}, async (t) => {
  const influxdb = await openInfluxdb();
  t.after(() => influxdb.close());
  const port = await freePort();
  const ports = { "8094": `${port}`, "8086": `${influxdb.port}`, "10s": "200ms" };
  await openTelegraf(t, edit("telegraf.conf", ports), []);
  pushing(t, port);
  const query = "SELECT max(\"memory linear bytes\") FROM memory WHERE vm = 'web1'";
  await waitUntil(
    async () => {
      const [series] = await influxdb.query(query, "wmon");
      return series?.values[0]?.[1] === 262144;
    },
    () => "not in InfluxDB",
  );
});

test("execd.conf: starts a guest, reads its lines, and ends it", here, async (t) => {
  const folder = temporaryFolder(t);
  const pidFile = join(folder, "pid");
  const script = `#!/bin/sh\necho $$ > ${pidFile}\nexec ${process.execPath} ${MAIN} "$@"\n`;
  writeFileSync(join(folder, "wmon"), script, { mode: 0o755 });
  const telegraf = await openTelegraf(
    t,
    edit("execd.conf", {
      '"wmon"': `"${join(folder, "wmon")}"`,
      '"run"': `"run", ${QUIET.map((argument) => `"${argument}"`).join(", ")}`,
      '"10s", "--hostname"': '"500ms", "--hostname"',
      '"."': `"${ROOT}::."`,
      "build/examples/census.wasm": `${ROOT}build/examples/census.wasm`,
    }),
    TEST,
  );
  await printed(telegraf, /^> memory,vm=census /m);
  await printed(telegraf, /^> census,vm=census .*rounds=[1-9]/m);
  const pid = Number(readFileSync(pidFile, "utf8"));
  assert(isRunning(pid));
  await telegraf.stop();
  await waitUntil(
    () => !isRunning(pid),
    () => "the guest outlives its Telegraf",
  );
});

test("prometheus.conf: scrapes a guest", here, async (t) => {
  const wmon = new Wmon(t, ["run", ...LISTENING, guestFile(t, GROWING)]);
  const url = await wmon.metrics();
  await waitUntil(
    async () => (await (await fetch(url)).text()).includes("\nmemory_linear_bytes 262144"),
    () => "the guest does not grow",
  );
  const { host } = new URL(url);
  const file = join(temporaryFolder(t), "prometheus.conf");
  writeFileSync(file, edit("prometheus.conf", { "127.0.0.1:9090": host }));
  const args = ["--config", file, "--test"];
  const { status, stdout, stderr } = spawnSync(needProgram("telegraf"), args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^> prometheus,.*memory_linear_bytes=262144/m);
});

const TEST = ["--test", "--test-wait", TEST_WAIT_S];

/** One of the configurations with texts replaced; each must be there. */
function edit(file: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(`${ROOT}examples/telegraf/${file}`, "utf8");
  for (const [from, to] of Object.entries(replacements)) {
    assert(text.includes(from), `${file} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

async function openTelegraf(t: TestContext, text: string, args: readonly string[]): Promise<Peer> {
  const telegraf = new Peer({
    program: "telegraf",
    args: (folder) => ["--config", join(folder, "telegraf.conf"), ...args],
    isReady: (output) => output.includes("Loaded inputs:"),
  });
  t.after(() => telegraf.close());
  writeFileSync(join(telegraf.folder, "telegraf.conf"), text);
  await telegraf.start();
  return telegraf;
}

function pushing(t: TestContext, port: number): void {
  const push = ["--push", `tcp://127.0.0.1:${port}`, "--interval", "250ms", "--hostname", "web1"];
  new Wmon(t, ["run", ...QUIET, ...push, guestFile(t, GROWING)]);
}

function printed(telegraf: Peer, pattern: RegExp): Promise<void> {
  return waitUntil(
    () => pattern.test(telegraf.output()),
    () => telegraf.describe(`no ${pattern}`),
  );
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
