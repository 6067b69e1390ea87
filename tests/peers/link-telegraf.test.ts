/**
 * Telegraf reads linked images: the file that one writes (inputs.tail), what one prints, and the
 * monitor alone as Telegraf asks it (inputs.execd).
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { guestPath, ROOT } from "../guests/guest.js";
import { Linked, link, node } from "../guests/linked.js";
import { temporaryFolder } from "../host/wmon.js";
import { Peer, waitUntil } from "./peer.js";
import { missing } from "./program.js";

const LINES_MS_MAX = 30_000;

/** Starts a Telegraf with one input; what it has read so far. */
async function openInput(t: TestContext, input: string): Promise<() => string> {
  const peer = new Peer({
    program: "telegraf",
    args: (folder) => ["--config", join(folder, "telegraf.conf")],
    isReady: (output) => output.includes("Loaded inputs:"),
  });
  t.after(() => peer.close());
  const file = join(peer.folder, "lines");
  const configuration = `
[agent]
  interval = "500ms"
  flush_interval = "100ms"
  omit_hostname = true
${input}
[[outputs.file]]
  files = [${JSON.stringify(file)}]
  data_format = "influx"
`;
  writeFileSync(join(peer.folder, "telegraf.conf"), configuration);
  await peer.start();
  return () => {
    assert.doesNotMatch(peer.output(), / E! /);
    return readText(file);
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function execd(command: readonly string[], signal: string): string {
  return `[[inputs.execd]]
  command = ${JSON.stringify(command)}
  signal = "${signal}"
  data_format = "influx"`;
}

/** Waits until every pattern is found. */
async function waitFor(read: () => string, ...patterns: readonly RegExp[]): Promise<void> {
  const isThere = () => patterns.every((pattern) => pattern.test(read()));
  await waitUntil(isThere, () => `not all of ${patterns} in\n${read()}`, LINES_MS_MAX);
}

test("inputs.tail reads the file that a linked guest appends to", {
  skip: missing("telegraf"),
}, async (t) => {
  const image = await link(t, guestPath("kinds"));
  const env = { WMON_PUSH: "/monitor/push", WMON_HOSTNAME: "image" };
  const directory = temporaryFolder(t);
  const tail = `[[inputs.tail]]
  files = [${JSON.stringify(join(directory, "push"))}]
  initial_read_offset = "beginning"
  watch_method = "poll"
  data_format = "influx"`;
  writeFileSync(join(directory, "push"), "");
  const read = await openInput(t, tail);
  const linked = new Linked(t, image, { env, directory });
  assert.equal(await linked.ended, 0, linked.stderr);
  await waitFor(
    read,
    /^kinds_requests_total,.*method=GET.* counter=2 \d{19}$/m,
    /^kinds,.*id=one.*text="zwölf "/m,
    /^guest,.*vm=image.*running=false/m,
  );
});

test("inputs.execd reads what a linked guest prints", { skip: missing("telegraf") }, async (t) => {
  const image = await link(t, guestPath("actor"));
  const directory = temporaryFolder(t);
  const env = { WMON_PUSH: "fd:1", WMON_INTERVAL: "200ms", WMON_HOSTNAME: "image" };
  const { program, args } = node({ image, directory, env, args: ["spin"] });
  const read = await openInput(t, execd([program, ...args], "none"));
  await waitFor(read, /^wasi,.*call=clock_time_get.* calls=[1-9]\d*i,/m, /^memory,.*vm=image/m);
});

test("inputs.execd asks the monitor alone at each interval", {
  skip: missing("telegraf"),
}, async (t) => {
  const image = join(ROOT, "build/wmon-execd.wasm");
  const { program, args } = node({ image, directory: temporaryFolder(t), env: {}, args: [] });
  const read = await openInput(t, execd([program, ...args], "STDIN"));
  const gathers = () => read().match(/^guest .*running=true/gm)?.length ?? 0;
  await waitUntil(
    () => gathers() >= 3,
    () => `${gathers()} gathers`,
    LINES_MS_MAX,
  );
});
