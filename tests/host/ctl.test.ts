/**
 * `wmon ctl`: exit codes, the prompt from a pipe, completion.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { complete, listedNames, listingFor } from "../../host/cli/completion.js";
import { parseDurationMs } from "../../host/cli/duration.js";
import { SPINNING } from "./guest-text.js";
import { guestFile, LISTENING, runWmon, temporaryFolder, Wmon } from "./wmon.js";

/** Commands on one line, or as several words; what is printed; the exit code. */
const COMMANDS: readonly (readonly [readonly string[], RegExp, number])[] = [
  [["l"], /^ok: \*:info\n$/, 0],
  [["L*:debug"], /^ok\n$/, 0],
  [["m"], /^ok: \*:enabled\n$/, 0],
  [["Mguest:off", "for", "10m"], /^ok\n$/, 0],
  [["mguest,memory"], /^ok: guest:disabled for \d+s,memory:enabled\n$/, 0],
  [["m*"], /^ok: \*:enabled,.*memory:enabled/, 0],
  [["?"], /^ok: l /, 0],
  [["bogus"], /^error: unknown command\n$/, 1],
  [["Lnobody:debug"], /^error: unknown source: nobody\n$/, 1],
];

test("ctl: prints the reply; 1 for an error", async (t) => {
  const control = await start(t);
  for (const [words, printed, code] of COMMANDS) {
    const ended = await runWmon(t, ["ctl", "--to", control, ...words]);
    assert.match(ended.stdout, printed, words.join(" "));
    assert.deepEqual([ended.code, ended.stderr], [code, ""]);
  }
});

test("ctl: commands from a pipe, a reply each; the worst code of all", async (t) => {
  const control = await start(t);
  const good = await runWmon(t, ["ctl", "--to", control], { input: "l\n\n  L*:error \r\nl" });
  assert.deepEqual([good.code, good.stdout], [0, "ok: *:info\nok\nok: *:error\n"]);
  const bad = await runWmon(t, ["ctl", "--to", control], { input: "nonsense\nl\n" });
  assert.deepEqual([bad.code, bad.stdout], [1, "error: unknown command\nok: *:error\n"]);
});

test("ctl: speaks to a strict port, too", async (t) => {
  const control = await start(t, "--strict");
  const ended = await runWmon(t, ["ctl", "--to", control, "l"]);
  assert.deepEqual([ended.code, ended.stdout], [0, "ok: *:info\n"]);
});

test("ctl: speaks to a unix socket", async (t) => {
  const address = `unix:${join(temporaryFolder(t), "control.sock")}`;
  assert.equal(await start(t, "--control", address), address);
  assert.equal((await runWmon(t, ["ctl", "--to", address, "l"])).stdout, "ok: *:info\n");
});

test("ctl: 2 where nothing listens, saying so", async (t) => {
  const address = `unix:${join(temporaryFolder(t), "none.sock")}`;
  const ended = await runWmon(t, ["ctl", "--to", address, "l"]);
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /^wmon: unix:.*: nothing listens there[^\n]*\n$/);
});

test("ctl: a token is sent first", async (t) => {
  const control = await start(t, "--control-token", "s3cret");
  const ended = await runWmon(t, ["ctl", "--to", control, "--token", "s3cret", "l"]);
  assert.deepEqual([ended.code, ended.stdout], [0, "ok: *:info\n"]);
  assert.notEqual((await runWmon(t, ["ctl", "--to", control, "--token", "no", "l"])).code, 0);
});

test("completion: names are what stands before the last colon", () => {
  const reply = "ok: *:info,dns:debug for 582s,a:b:error,tag:kind:enabled";
  assert.deepEqual(listedNames(reply), ["dns", "a:b", "tag:kind"]);
  assert.deepEqual(listedNames("ok: *:info"), []);
});

test("completion: levels are set for what logs, switches for what is measured", () => {
  assert.deepEqual(["l", "Ldns:", "Lc"].map(listingFor), ["l*", "l*", "l*"]);
  assert.deepEqual(["m", "Mdns:", ""].map(listingFor), ["m*", "m*", "m*"]);
});

/** Line, candidates, what they replace. */
const COMPLETIONS: readonly (readonly [string, readonly string[], string])[] = [
  ["", ["?", "L", "L*:", "M", "M*:", "l", "l*", "m", "m*"], ""],
  ["ld", ["dns", "disk"].sort(), "d"],
  ["ldns,t", ["tcp"], "t"],
  ["Ld", ["disk:", "dns:"], "d"],
  ["Ldns:", ["app", "debug", "error", "info", "quiet", "warning"], ""],
  ["Ldns:d", ["debug"], "d"],
  ["Ldns:info,tc", ["tcp:"], "tc"],
  ["Mdns:o", ["off", "on"], "o"],
  ["M*", ["*:"], "*"],
];

for (const [line, candidates, fragment] of COMPLETIONS) {
  test(`completion: ${JSON.stringify(line)}`, () => {
    assert.deepEqual(complete(line, ["tcp", "dns", "disk"]), [[...candidates], fragment]);
  });
}

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ["500ms", 500],
  ["2s", 2000],
  ["1.5", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["0s", undefined],
  ["-1s", undefined],
  ["1d", undefined],
  ["s", undefined],
  ["", undefined],
];

for (const [given, durationMs] of DURATIONS) {
  test(`duration: ${JSON.stringify(given)} is ${durationMs} ms`, () => {
    assert.equal(parseDurationMs(given), durationMs);
  });
}

/** Runs a guest; where its control port is. */
async function start(t: TestContext, ...options: string[]): Promise<string> {
  const wmon = new Wmon(t, ["run", ...LISTENING, ...options, guestFile(t, SPINNING)]);
  return wmon.control();
}
