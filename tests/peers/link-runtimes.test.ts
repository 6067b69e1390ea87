/**
 * Linked images under real WASI runtimes, those with one memory and without SIMD among them: the
 * same result everywhere.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { booksIn } from "../guests/allocation.js";
import { guestPath, ROOT } from "../guests/guest.js";
import { guestFamilies, guestLines, Linked, link } from "../guests/linked.js";
import { NOTHING, STEPS, traceRound, WORK } from "../guests/steps.js";
import { booksOf, eventsOf, readTrace, samplesOf, traceGuest } from "../guests/traced.js";
import { until } from "../host/until.js";
import { temporaryFolder } from "../host/wmon.js";
import { WASI_RUNTIMES } from "./wasi-runtime.js";

const ENV = {
  WMON_PUSH: "/monitor/push",
  WMON_PROMETHEUS: "/monitor/kinds.prom",
  WMON_CONTROL: "/monitor/control",
  WMON_TIMESTAMPS: "none",
  WMON_HOSTNAME: "image",
};

const TRACE = { WMON_MEMTRACE: "/monitor/t.ctf", WMON_SAMPLING_RATE: "1" };

const EXECD = join(ROOT, "build/wmon-execd.wasm");
const COMMANDS = "M*:off,guest:on\nm\nL*:loud\n";

/** As `wmon run` pushes them, by `tests/guests/README.md`. */
const LINES = [
  "kinds,vm=image,id=one flag=true,float=0.1,integer=-9007199254740993i," +
    "unsigned=9223372036854775807i,duration=1500000000i,counter=7i,gauge=3i," +
    'text="zwölf "',
  "kinds_bytes,vm=image count=1,sum=10,0.5=10.125",
  "kinds_queue,vm=image gauge=-1.5",
  "kinds_requests_total,vm=image,method=GET counter=2",
  "kinds_seconds,vm=image count=2,sum=5.1,0.1=1,1=1,+Inf=2",
];

for (const { name, skip, runtime } of WASI_RUNTIMES) {
  describe(name, { skip }, () => {
    test("a guest's lines, exposition and messages", async (t) => {
      const linked = new Linked(t, await link(t, guestPath("kinds")), { runtime, env: ENV });
      assert.equal(await linked.ended, 0, linked.stderr);
      const lines = guestLines(linked.read("push"));
      assert.deepEqual(
        lines.filter((line) => line.startsWith("kinds")),
        LINES,
      );
      const reference = new Linked(t, await link(t, guestPath("kinds")), { env: ENV });
      assert.equal(await reference.ended, 0, reference.stderr);
      assert.deepEqual(lines, guestLines(reference.read("push")));
      const families = guestFamilies(linked.read("kinds.prom"));
      assert.equal(families, guestFamilies(reference.read("kinds.prom")));
      assert.match(families, /^kinds_seconds_bucket\{le="\+Inf"\} 2$/m);
      assert.deepEqual(linked.stderr.match(/ (APP|ERROR|WARN|INFO) .*/g), MESSAGES);
    });

    test("commands that were there before it started", async (t) => {
      const directory = temporaryFolder(t);
      await writeFile(join(directory, "control"), COMMANDS);
      const image = await link(t, guestPath("kinds"));
      const linked = new Linked(t, image, { runtime, env: ENV, directory });
      assert.equal(await linked.ended, 0, linked.stderr);
      const replies = 'ok\nok: *:disabled,guest:enabled\nerror: "loud": unknown log level\n';
      assert.equal(linked.read("control.reply"), replies);
      assert.match(linked.read("push"), /^guest,vm=image [^\n]+\nguest,vm=image [^\n]+\n$/);
    });

    test("commands while it runs, pushes at its interval, no end of its own", async (t) => {
      const image = await link(t, guestPath("actor"));
      const env = { ...ENV, WMON_INTERVAL: "100ms" };
      const linked = new Linked(t, image, { runtime, env, args: ["spin"] });
      const count = () =>
        linked.read("push").match(/^guest,vm=image .*running=true/gm)?.length ?? 0;
      await until(`it pushes thrice; it said ${linked.stderr}`, () => count() >= 3);
      await appendFile(join(linked.directory, "control"), "L*:debug\nl\n");
      await until("it answers", () => linked.read("control.reply") === "ok\nok: *:debug\n");
    });

    test("a guest that grows, prints and ends with a code", async (t) => {
      const grown = new Linked(t, await link(t, guestPath("as-growth-O3")), { runtime, env: ENV });
      const reference = new Linked(t, guestPath("as-growth-O3"), { env: ENV });
      assert.equal(await grown.ended, 0, grown.stderr);
      assert.equal(await reference.ended, 0, reference.stderr);
      assert.equal(grown.stdout, reference.stdout);
      assert.notEqual(grown.stdout, "");
      const image = await link(t, guestPath("actor"));
      const exits = new Linked(t, image, { runtime, env: ENV, args: ["exit", "7"] });
      assert.equal(await exits.ended, 7, exits.stderr);
      assert.match(exits.read("push"), /^guest,vm=image .*running=false/m);
    });

    test("a memory trace: the guest's books, and that of wmon run", async (t) => {
      const image = await link(t, guestPath("as-allocations-O3"), ["--memtrace"]);
      const linked = new Linked(t, image, { runtime, env: TRACE });
      assert.equal(await linked.ended, 0, linked.stderr);
      const trace = readTrace(readFileSync(join(linked.directory, "t.ctf")));
      assert.deepEqual(booksOf(trace), booksIn(linked.stdout));
      assert.equal(samplesOf(trace), booksOf(trace).words);
      const expected = await traceGuest(t, "as-allocations-O3", { stacks: "shadow" });
      assert.deepEqual(eventsOf(trace), eventsOf(expected));
    });

    test("a memory trace while its source is on", async (t) => {
      const image = await link(t, STEPS, ["--memtrace"]);
      const env = { ...TRACE, WMON_CONTROL: "/monitor/control", WMON_METRICS: "memtrace:off" };
      const linked = new Linked(t, image, { runtime, env });
      for (const setting of ["on", "off", "on"]) {
        await tell(linked, WORK);
        await command(linked, `Mmemtrace:${setting}`);
      }
      await tell(linked, WORK);
      linked.child.stdin?.end();
      assert.equal(await linked.ended, 0, linked.stderr);
      for (const [name, round] of [
        ["t.ctf", 1],
        ["t.ctf.2", 3],
      ] as const) {
        const trace = readTrace(readFileSync(join(linked.directory, name)));
        assert.deepEqual(eventsOf(trace), await traceRound(t, round));
        assert.equal(trace.wrongCollects, 0);
      }
      assert.match(linked.stderr, /memtrace: trace ended: \/monitor\/t\.ctf has \d+ bytes$/m);
    });

    test("a memory trace to a pipe that nobody reads: refused, not waited for", async (t) => {
      const image = await link(t, guestPath("as-allocations-O3"), ["--memtrace"]);
      const directory = temporaryFolder(t);
      execFileSync("mkfifo", [join(directory, "t.ctf")]);
      const env = { ...ENV, ...TRACE };
      const linked = new Linked(t, image, { runtime, env, directory });
      assert.equal(await linked.ended, 0, linked.stderr);
      assert.match(linked.stderr, /WMON_MEMTRACE: .* the trace ends here: it is no file$/m);
      assert.match(linked.read("push"), /^memtrace,.*failed_sessions=1i,.*active=0i/m);
    });

    test("the monitor alone", async (t) => {
      const env = { WMON_TIMESTAMPS: "none" };
      const linked = new Linked(t, EXECD, { runtime, env });
      linked.child.stdin?.end("M*:off,guest:on\n\nm\n");
      assert.equal(await linked.ended, 0, linked.stderr);
      assert.match(linked.stdout, /^guest uptime=\d+i,running=true,[^\n]*\n$/);
      assert.match(linked.stderr, /^ok: \*:disabled,guest:enabled$/m);
    });
  });
}

/** Has the guest of steps take a byte, and waits until it is done with it. */
async function tell(linked: Linked, byte: string): Promise<void> {
  const before = linked.stdout.length;
  linked.child.stdin?.write(byte);
  await until(`${byte} is done; it said ${linked.stderr}`, () => linked.stdout.length > before);
}

/** Gives it a command, and calls of WASI until that is obeyed. */
async function command(linked: Linked, line: string): Promise<void> {
  const before = linked.read("control.reply");
  await appendFile(join(linked.directory, "control"), `${line}\n`);
  while (linked.read("control.reply") === before) await tell(linked, NOTHING);
  assert.equal(linked.read("control.reply"), `${before}ok\n`);
  // The reply comes first.
  await tell(linked, NOTHING);
}

const MESSAGES = [
  " APP   kinds: at app",
  " ERROR kinds: at error",
  " WARN  kinds: at warning",
  " INFO  kinds: at info",
];
