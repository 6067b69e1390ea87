/**
 * `wmon link`: guests that report to a monitor, linked with it, under node:wasi: the same lines and
 * the same exposition as with a host of ours; the monitor's files; its commands.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { until } from "../host/until.js";
import { QUIET, runWmon } from "../host/wmon.js";
import { guestPath, ROOT, skipWithout } from "./guest.js";
import { guestFamilies, guestLines, Linked, link } from "./linked.js";

const PUSH = { WMON_PUSH: "/monitor/push", WMON_TIMESTAMPS: "none" };
const RUN = ["run", ...QUIET, "--push", "-", "--timestamps", "none"];

interface Reporter {
  readonly name: string;
  readonly args?: readonly string[];
  readonly file?: string;
}

/** Guests that report, and end by themselves. */
const REPORTERS: readonly Reporter[] = [
  { name: "kinds" },
  { name: "hundred" },
  { name: "hostile" },
  { name: "actor", args: ["count", "12345"] },
  { name: "c-primes", args: ["1000"] },
  { name: "block", args: ["none", "info", "read:0:512", "flush"] },
];

for (const { name, args = [] } of REPORTERS) {
  test(`linked ${name}: the lines, messages and end of wmon run`, {
    skip: skipWithout(name),
  }, async (t) => {
    const [run, image] = await Promise.all([
      runWmon(t, [...RUN, guestPath(name), "--", ...args]),
      link(t, guestPath(name)),
    ]);
    const linked = new Linked(t, image, { env: PUSH, args });
    assert.equal(await linked.ended, run.code, linked.stderr);
    const printed = run.stdout.split("\n").filter((line) => !line.includes("="));
    const expected = guestLines(run.stdout).filter((line) => line.includes("="));
    assert.deepEqual(guestLines(linked.read("push")), expected);
    assert.deepEqual(linked.stdout.split("\n"), printed);
    assert.deepEqual(messages(linked.stderr), messages(run.stderr));
  });
}

/** Log records without their time. */
function messages(stderr: string): string[] {
  const records = stderr.split("\n").filter((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z /.test(line));
  return records.map((line) => line.slice(line.indexOf(" ")));
}

test("the exposition of a linked guest is that of a plug-in", async (t) => {
  const env = { WMON_PROMETHEUS: "/monitor/kinds.prom" };
  const linked = new Linked(t, await link(t, guestPath("kinds")), { env });
  assert.equal(await linked.ended, 0, linked.stderr);
  const monitor = await createMonitor({ defaultSources: false, logLevels: "*:quiet" });
  t.after(() => monitor.close());
  let memory: WebAssembly.Memory | undefined;
  const bytes = await readFile(guestPath("kinds"));
  const { instance } = await WebAssembly.instantiate(bytes, monitor.imports(() => memory) as never);
  memory = instance.exports.memory as WebAssembly.Memory;
  (instance.exports._start as () => void)();
  const expected = guestFamilies(new TextDecoder().decode(monitor.prometheus()));
  assert.match(expected, /^kinds_seconds_bucket\{le="0\.1"\} 1$/m);
  assert.equal(guestFamilies(linked.read("kinds.prom")), expected);
  assert.equal(linked.read("kinds.prom.tmp"), "");
});

test("what a guest counted before it trapped was pushed at the last look, no later", async (t) => {
  const linked = new Linked(t, await link(t, guestPath("trap")), { env: PUSH });
  assert.notEqual(await linked.ended, 0);
  assert.match(linked.stderr, /ERROR trap: about to trap/);
  assert.match(linked.read("push"), /^guest .*running=true/m);
  assert.doesNotMatch(linked.read("push"), /running=false/);
});

/** A guest that reads a clock for ever: it calls WASI. */
async function spin(t: TestContext, env: Record<string, string>): Promise<Linked> {
  return new Linked(t, await link(t, guestPath("actor")), { env, args: ["spin"] });
}

test("a running guest obeys lines appended to a file, and answers beside it", async (t) => {
  const linked = await spin(t, {
    ...PUSH,
    WMON_CONTROL: "/monitor/control",
    WMON_INTERVAL: "100ms",
  });
  const control = join(linked.directory, "control");
  await until("it pushes", () => linked.read("push").includes("wasi,call=clock_time_get"));
  await writeFile(control, "M*:off,guest:on\nm\n");
  await until("there are two replies", () => linked.read("control.reply").split("\n").length > 2);
  await appendFile(control, "bogus\n\nL*:debug for 1h");
  await until("an error is answered", () => linked.read("control.reply").includes("error"));
  await appendFile(control, "\nl\n");
  await until("five lines are answered", () => linked.read("control.reply").split("\n").length > 5);
  const replies = linked.read("control.reply");
  assert.match(
    replies,
    /^ok\nok: \*:disabled,guest:enabled\nerror: unknown command\nok\nok: \*:debug for \d+s\n$/,
  );
  assert.match(linked.stderr, /APP {3}control: \/monitor\/control: changed: "M\*:off,guest:on"\n/);
  const before = linked.read("push").length;
  await until("it pushes on", () => linked.read("push").length > before + 200);
  const later = linked.read("push").slice(before);
  assert.doesNotMatch(later.slice(later.indexOf("\n") + 1), /^(wasi|memory)/m);
});

test("a file of commands that is written anew is read again, from its beginning", async (t) => {
  const linked = await spin(t, { WMON_CONTROL: "/monitor/control" });
  const control = join(linked.directory, "control");
  await writeFile(control, "L*:debug\nl\n");
  await until("both are answered", () => linked.read("control.reply") === "ok\nok: *:debug\n");
  await writeFile(control, "L*:info\n");
  await until("it is answered", () => linked.read("control.reply") === "ok\nok: *:debug\nok\n");
});

test("a timed setting reverts by itself", async (t) => {
  const env = { WMON_CONTROL: "/monitor/control", WMON_LOG_LEVEL: "*:error" };
  const linked = await spin(t, env);
  const control = join(linked.directory, "control");
  await writeFile(control, "L*:debug for 1s\n");
  await until("it is answered", () => linked.read("control.reply") !== "");
  await until("it has reverted", () => {
    execFileSync("sh", ["-c", 'echo l >> "$0"', control]);
    return linked.read("control.reply").endsWith("\nok: *:error\n");
  });
});

test("commands come from a pipe, and lines go to a pipe", async (t) => {
  const linked = new Linked(t, await link(t, guestPath("actor")), {
    env: { WMON_PUSH: "/monitor/out", WMON_CONTROL: "/monitor/in", WMON_INTERVAL: "100ms" },
    args: ["spin"],
    directory: pipes(t),
  });
  const lines: string[] = [];
  const output = createReadStream(join(linked.directory, "out"), "utf8");
  output.on("data", (text) => lines.push(String(text)));
  t.after(() => output.destroy());
  const input = join(linked.directory, "in");
  await until("it pushes", () => lines.join("").includes("\nmemory "));
  await appendFile(input, "M*:off,guest:on\nm\n");
  const replies = "ok\nok: *:disabled,guest:enabled\n";
  await until("it answers", () => linked.read("in.reply") === replies);
  linked.child.kill("SIGKILL");
  await linked.ended;
  await until("the pipe is read to its end", () => output.readableEnded || output.destroyed);
  for (const line of lines.join("").split("\n").slice(0, -2)) assert.match(line, /^\w+[ ,].* \d+$/);
});

function pipes(t: TestContext): string {
  const folder = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  t.after(() => execFileSync("rm", ["-rf", folder]));
  for (const name of ["in", "out"]) execFileSync("mkfifo", [join(folder, name)]);
  return folder;
}

test("a file that cannot be written is said once and counted, and the guest goes on", async (t) => {
  const env = { WMON_PUSH: "/monitor/none/push", WMON_PROMETHEUS: "/monitor/prom" };
  const linked = new Linked(t, await link(t, guestPath("kinds")), { env });
  assert.equal(await linked.ended, 0);
  assert.equal(linked.stderr.match(/^wmon: WMON_PUSH: cannot be written now/gm)?.length, 1);
  assert.match(linked.read("prom"), /^monitor_push_failures_total 2$/m);
  assert.match(linked.read("prom"), /^monitor_push_dropped_lines_total \d\d$/m);
});

test("commands that cannot be opened are counted, and the guest goes on", async (t) => {
  const directory = pipes(t);
  const server = createServer().listen(join(directory, "socket"));
  t.after(() => server.close());
  const env = { ...PUSH, WMON_CONTROL: "/monitor/socket" };
  const linked = new Linked(t, await link(t, guestPath("kinds")), { env, directory });
  assert.equal(await linked.ended, 0, linked.stderr);
  assert.match(linked.read("push"), /^monitor_control commands=0i,.*unreadable=[1-9]\d*i/m);
});

const WRONG: readonly (readonly [string, Record<string, string>, RegExp])[] = [
  ["interval", { WMON_INTERVAL: "soon" }, /^wmon: WMON_INTERVAL: write a time from 10ms to 24h/],
  ["path", { WMON_PUSH: "/elsewhere/x" }, /^wmon: WMON_PUSH: \/elsewhere\/x is in no directory/],
  ["level", { WMON_LOG_LEVEL: "loud" }, /^wmon: WMON_LOG_LEVEL: "loud": unknown log level\n/],
  ["metrics", { WMON_METRICS: "a:b:on,c" }, /^wmon: WMON_METRICS: couldn't decode/],
  ["timestamps", { WMON_TIMESTAMPS: "s" }, /^wmon: WMON_TIMESTAMPS: write ns or none\n/],
  ["hostname", { WMON_HOSTNAME: "x".repeat(1025) }, /^wmon: WMON_HOSTNAME: at most 1024 bytes\n/],
];

test("what is wrong with a variable is said before the guest starts, with code 2", async (t) => {
  const image = await link(t, guestPath("actor"));
  for (const [what, env, message] of WRONG) {
    const linked = new Linked(t, image, { env, args: ["print", "started"] });
    assert.equal(await linked.ended, 2, what);
    assert.match(linked.stderr, message, what);
    assert.equal(linked.stdout, "", what);
  }
});

test("variables: levels, switches and a name from the start", async (t) => {
  const linked = new Linked(t, await link(t, guestPath("kinds")), {
    env: {
      ...PUSH,
      WMON_HOSTNAME: "web 1",
      WMON_LOG_LEVEL: "kinds:error",
      WMON_METRICS: "*:off,kinds:on",
    },
  });
  assert.equal(await linked.ended, 0, linked.stderr);
  assert.deepEqual(messages(linked.stderr), [" APP   kinds: at app", " ERROR kinds: at error"]);
  assert.match(linked.read("push"), /^kinds,vm=web\\ 1,id=one flag=true,[^\n]+\n$/);
});

test("the monitor alone: an empty line asks for a gather, others are commands", async (t) => {
  const image = join(ROOT, "build/wmon-execd.wasm");
  const linked = new Linked(t, image, { env: { WMON_TIMESTAMPS: "none" } });
  linked.child.stdin?.end("M*:off,monitor_control:on\n\nm\nbogus\n\nl");
  assert.equal(await linked.ended, 0, linked.stderr);
  const rest = "oversized=0i,unanswered=0i,unreadable=0i";
  assert.equal(
    linked.stdout,
    `monitor_control commands=1i,failed=0i,changed=1i,${rest}\n` +
      `monitor_control commands=3i,failed=1i,changed=1i,${rest}\n`,
  );
  const replies = linked.stderr.split("\n").filter((line) => /^(ok|error)/.test(line));
  const list = "ok: *:disabled,monitor_control:enabled";
  assert.deepEqual(replies, ["ok", list, "error: unknown command", "ok: *:info"]);
});

test("the monitor alone runs under @wasmer/wasi, whose input is there from the start", async () => {
  const { init, WASI } = await import("@wasmer/wasi");
  await init();
  const wasi = new WASI({ env: { WMON_TIMESTAMPS: "none" }, args: ["wmon"] });
  const bytes = await readFile(join(ROOT, "build/wmon-execd.wasm"));
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(bytes), {
    ...(wasi.getImports(await WebAssembly.compile(bytes)) as WebAssembly.Imports),
  });
  wasi.setStdinString("M*:off,guest:on\n\n");
  assert.equal(wasi.start(instance), 0);
  assert.match(wasi.getStdoutString(), /^guest uptime=\d+i,running=true,/);
  assert.match(wasi.getStderrString(), /^ok$/m);
});
