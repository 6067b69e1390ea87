/**
 * `wmon run`: how a guest ends, and what is said before one starts.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { exiting, RECURSING, raising, SPEAKING, SPINNING, TRAPPING } from "./guest-text.js";
import { assemble, guestFile, LISTENING, QUIET, runWmon, temporaryFolder, Wmon } from "./wmon.js";

for (const code of [0, 7, 255]) {
  test(`run: exits with the guest's code ${code}`, async (t) => {
    const ended = await runWmon(t, ["run", ...QUIET, guestFile(t, exiting(code))]);
    assert.deepEqual([ended.code, ended.stderr], [code, ""]);
  });
}

/** WASI's signal, the exit code. */
const RAISED: readonly (readonly [number, number])[] = [
  [0, 3],
  [6, 134],
  [9, 137],
  [15, 143],
  [18, 3], // stop
  [-1, 3],
];

for (const [signal, code] of RAISED) {
  test(`run: signal ${signal} of a guest stays its own; exit code ${code}`, async (t) => {
    for (const backend of [[], ["--sandbox"]]) {
      const options = [...QUIET, ...backend, "--push", "-"];
      const ended = await runWmon(t, ["run", ...options, guestFile(t, raising(signal))]);
      assert.equal(ended.code, code);
      assert.match(ended.stdout, /^guest .*uptime=[1-9]/m);
    }
  });
}

test("run: a guest that returns exits with 0; its standard streams are ours", async (t) => {
  const ended = await runWmon(t, ["run", ...QUIET, guestFile(t, SPEAKING)]);
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "to stdout\n", "to stderr\n"]);
});

test("run: a trap exits with 134 and shows the stack by function name", async (t) => {
  const ended = await runWmon(t, ["run", ...QUIET, guestFile(t, TRAPPING)]);
  assert.equal(ended.code, 134);
  assert.match(ended.stderr, /^wmon: .*guest\.wasm trapped: unreachable\n/);
  assert.match(ended.stderr, /at explode .*\n +at middle .*\n +at main /);
});

test("run: endless recursion is a trap", async (t) => {
  const ended = await runWmon(t, ["run", ...QUIET, guestFile(t, RECURSING)]);
  assert.equal(ended.code, 134);
  assert.match(ended.stderr, /trapped: Maximum call stack size exceeded\n +at deeper /);
});

test("run: prints one line a listener, with the real port", async (t) => {
  const ended = await runWmon(t, ["run", ...LISTENING, guestFile(t, exiting(0))]);
  const [control, prometheus, ...rest] = ended.stderr.trimEnd().split("\n");
  assert.match(control ?? "", /^wmon: control tcp:127\.0\.0\.1:[1-9]\d*$/);
  assert.match(prometheus ?? "", /^wmon: prometheus http:\/\/127\.0\.0\.1:[1-9]\d*\/metrics$/);
  assert.deepEqual(rest, []);
});

test("run: a guest without allocators runs, and traces say that they will be empty", async (t) => {
  const file = guestFile(t, exiting(0));
  const ended = await runWmon(t, ["run", ...QUIET, "--memtrace", "tcp:127.0.0.1:0", file]);
  assert.equal(ended.code, 0);
  const lines = ended.stderr.trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^wmon: memtrace tcp:127\.0\.0\.1:[1-9]\d*$/);
  assert.match(lines[1] ?? "", /^wmon: warning: memory traces: /);
});

test("run: an explicit address in use is an error before the guest starts", async (t) => {
  const port = await takePort(t, 0);
  for (const option of ["--control", "--prometheus", "--memtrace"]) {
    const args = ["run", ...QUIET, option, `tcp:127.0.0.1:${port}`, guestFile(t, SPEAKING)];
    const ended = await runWmon(t, args);
    assert.deepEqual([ended.code, ended.stdout], [2, ""]);
    assert.match(ended.stderr, /^wmon: .* is in use already\n$/);
  }
});

test("run: a default port in use is a warning, and the guest runs", async (t) => {
  for (const port of [2323, 9090, 4242]) await claimPort(t, port);
  const ended = await runWmon(t, ["run", guestFile(t, SPEAKING)]);
  assert.deepEqual([ended.code, ended.stdout], [0, "to stdout\n"]);
  assert.match(ended.stderr, /^wmon: warning: control: tcp:127\.0\.0\.1:2323 is in use already/m);
  assert.match(ended.stderr, /^wmon: warning: [a-z]+: tcp:127\.0\.0\.1:9090 is in use already/m);
  assert.match(ended.stderr, /^wmon: warning: memtrace: tcp:127\.0\.0\.1:4242 is in use already/m);
});

/** Takes a port that other tests may have for a moment; one that stays taken is in use anyway. */
async function claimPort(t: TestContext, port: number): Promise<void> {
  for (let triesLeft = 50; triesLeft > 0; triesLeft--) {
    const isTaken = await takePort(t, port).then(
      () => true,
      () => false,
    );
    if (isTaken) return;
    await setTimeout(100);
  }
}

/** Args, and what is said. `GUEST` stands for a guest that would run. */
const REFUSALS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["an unknown option", ["--bogus", "GUEST"], /unknown option '--bogus'/],
  ["no guest", [], /missing required argument 'guest\.wasm'/],
  ["a file that is not there", ["nowhere.wasm"], /nowhere\.wasm: no such file/],
  ["a directory", ["."], /\.: is a directory, not a wasm file/],
  ["an interval without sense", ["--interval", "soon", "GUEST"], /500ms, 2s, 1m/],
  ["an interval of nothing", ["--interval", "0", "GUEST"], /500ms, 2s, 1m/],
  ["an address without sense", ["--control", "tpc:1", "GUEST"], /'--control.*is no address/],
  ["a port past 65535", ["--prometheus", "70000", "GUEST"], /0 to 65535/],
  ["a remote control port", ["--control", "tcp:0.0.0.0:0", "GUEST"], /--allow-remote/],
  ["a remote memory trace", ["--memtrace", "tcp:0.0.0.0:0", "GUEST"], /--allow-remote/],
  ["a rate of nothing", ["--sampling-rate", "0", "GUEST"], /above 0 and at most 1/],
  ["a rate above one", ["--sampling-rate", "1.5", "GUEST"], /above 0 and at most 1/],
  ["a rate without sense", ["--sampling-rate", "often", "GUEST"], /above 0 and at most 1/],
  ["a cap without sense", ["--max-samples", "-1", "GUEST"], /whole number/],
  ["stacks of nobody", ["--stacks", "both", "GUEST"], /choices are engine, shadow/],
  ["a trace in no folder", ["--memtrace-file", "/no/such/t.ctf", "GUEST"], /folder does not exist/],
  ["a push to nowhere", ["--push", "ftp://h", "GUEST"], /ftp/],
  ["a directory that is not there", ["--dir", "/no/such", "GUEST"], /--dir \/no\/such: does not/],
  ["a directory without a name", ["--dir", "::/x", "GUEST"], /HOST or HOST::GUEST/],
  ["a variable without =", ["--env", "X", "GUEST"], /NAME=VALUE/],
  ["timestamps of another unit", ["--timestamps", "ms", "GUEST"], /choices are ns, none/],
  ["a log level without sense", ["-l", "*:loud", "GUEST"], /--log-level '\*:loud'.*loud/],
  ["a setting without sense", ["--metrics", "*:up", "GUEST"], /--metrics '\*:up'.*: up/],
  ["logs to nowhere", ["--log-to", "nowhere", "GUEST"], /"nowhere"/],
];

for (const [what, args, said] of REFUSALS) {
  test(`run: refuses ${what} with exit code 2 and one line`, async (t) => {
    const guest = guestFile(t, SPEAKING);
    const given = args.map((arg) => (arg === "GUEST" ? guest : arg));
    const ended = await runWmon(t, ["run", ...QUIET, ...given]);
    assert.deepEqual([ended.code, ended.stdout], [2, ""]);
    assert.match(ended.stderr, said);
    assert.match(ended.stderr, /^wmon: [^\n]*\n$/);
  });
}

const MEMORY = '(memory (export "memory") 1)';
const START = '(func (export "_start"))';

/** Bytes that are no command, and what is said. */
const FORMATS: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
  ["text", () => Buffer.from("(module)"), /is not a wasm file; .*assemble it/],
  ["a component", () => Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0), /is a component.*preview1/],
  ["a broken module", () => Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 9), /does not compile/],
  ["a module without _start", () => assemble(`(module ${MEMORY})`), /exports no function _start/],
  [
    "a reactor",
    () => assemble(`(module ${MEMORY} (func (export "_initialize")))`),
    /_start.*reactor.*monitor\.imports/,
  ],
  [
    "unknown imports",
    () =>
      assemble(`(module (import "env" "abort" (func)) (import "js" "g" (global i32))
        (import "wasi_snapshot_preview1" "fd_dance" (func)) ${MEMORY} ${START})`),
    /js\.g \(global\), env\.abort \(function\), wasi_snapshot_preview1\.fd_dance \(function\)/,
  ],
  [
    "imports of WASI's first draft",
    () => assemble(`(module (import "wasi_unstable" "fd_write" (func)) ${MEMORY} ${START})`),
    /wasi_unstable is older/,
  ],
  [
    "a guest of which WASI could not see the memory",
    () => assemble(`(module (import "wasi_snapshot_preview1" "sched_yield" (func)) ${START})`),
    /exports no memory/,
  ],
  [
    "an import of another signature",
    () => assemble(`(module (import "monitor" "counter_add" (func)) ${MEMORY} ${START})`),
    /counter_add/,
  ],
];

for (const [what, bytes, said] of FORMATS) {
  test(`run: refuses ${what}`, async (t) => {
    const file = join(temporaryFolder(t), "guest.wasm");
    writeFileSync(file, bytes());
    const ended = await runWmon(t, ["run", ...QUIET, file]);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, said);
  });
}

test("run: --help and --version exit with 0 and write to standard output", async (t) => {
  const pages = [["--help"], ["run", "--help"], ["ctl", "--help"], ["--version"]];
  for (const args of pages) {
    const ended = await runWmon(t, args);
    assert.deepEqual([ended.code, ended.stderr], [0, ""]);
    assert.notEqual(ended.stdout, "");
  }
});

test("run: an option meant for the guest goes after --", async (t) => {
  const file = guestFile(t, exiting(3));
  const wrong = await runWmon(t, ["run", ...QUIET, file, "--verbose"]);
  assert.equal(wrong.code, 2);
  const right = await runWmon(t, ["run", ...QUIET, file, "--", "--verbose"]);
  assert.equal(right.code, 3);
});

test("run: the control token may come from the environment", async (t) => {
  const args = ["run", ...LISTENING, guestFile(t, SPINNING)];
  const wmon = new Wmon(t, args, { WMON_CONTROL_TOKEN: "s3cret" });
  const control = await wmon.control();
  const refused = await runWmon(t, ["ctl", "--to", control, "l"]);
  assert.notEqual(refused.code, 0);
  const args2 = ["ctl", "--to", control, "l"];
  const admitted = await runWmon(t, args2, { env: { WMON_CONTROL_TOKEN: "s3cret" } });
  assert.deepEqual([admitted.code, admitted.stdout], [0, "ok: *:info\n"]);
});

/** Listens on a port until the test ends; the port. Rejects if it is taken. */
async function takePort(t: TestContext, port: number): Promise<number> {
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
