/**
 * `wmon encode-trace`: scripts that are not what they should be are refused with the number of the
 * line, and the command writes what memtrace writes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { MonitorError } from "../../host/errors.js";
import { ScriptEncoder } from "../../host/memtrace/script.js";

const module = new WebAssembly.Module(readFileSync("build/memtrace.wasm"));
const VECTORS = "tests/vectors/memtrace";

const INFO = "I\t0.01\t32\tapp\thost\t\t-1\t1000\t";
const LOCATIONS = "L\t5\ta.ts\t1\t2\t3\tf";
const ALLOCATION = "A\t1000\t1\t1\t2\t5";

/** Encodes a script in pieces of a few bytes; the number of bytes that came out. */
function encode(script: string, pieceBytes = 7): number {
  let byteCount = 0;
  const encoder = new ScriptEncoder(module, (bytes) => {
    byteCount += bytes.length;
  });
  const bytes = Buffer.from(script);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    encoder.push(bytes.subarray(at, at + pieceBytes));
  }
  encoder.end();
  return byteCount;
}

/** Lines before the wrong one, the wrong one, and what is said of it. */
const WRONG: readonly (readonly [before: readonly string[], line: string, said: string])[] = [
  [[], ALLOCATION, "line 1: an event before the line I, which comes first"],
  [[], "C\t1\t0", "line 1: an event before the line I, which comes first"],
  [[], "F", "line 1: an event before the line I, which comes first"],
  [[], "I\tx\t32\ta\tb\tc\t1\t0\t", 'line 1: sampling rate "x" is not a number'],
  [[], "I\t2\t32\ta\tb\tc\t1\t0\t", "line 1: samplingRate 2, wordBits 32"],
  [[], "I\t1\t0\ta\tb\tc\t1\t0\t", "line 1: samplingRate 1, wordBits 0"],
  [[], "I\t1\t32\ta\tb\tc\t1", "line 1: the start time is missing"],
  [[], "I\t1\t32\ta\tb\tc\t1\t0\t\t", "line 1: more fields than a line of this kind has"],
  [[], "I\t1\t32\ta\tb\tc\t9223372036854775808\t0\t", 'line 1: pid "9223372036854775808" is not'],
  [[], `I\t1\t32\t${"x".repeat(40_000)}\tb\tc\t1\t0\t`, "line 1: the texts of the line I are over"],
  [[INFO], INFO, "line 2: a second line I"],
  [[INFO], "", "line 2: a line begins with I, L, A, P, C or F and a tab"],
  [[INFO], "X\t1", "line 2: a line begins with I, L, A, P, C or F and a tab"],
  [[INFO], "AA\t1", "line 2: a line begins with I, L, A, P, C or F and a tab"],
  [[INFO], "L", "line 2: the location code is missing"],
  [[INFO], "L\t0", 'line 2: location code "0" is not an integer from 1 to 2^64 - 1'],
  [[INFO], "L\t18446744073709551616", 'line 2: location code "18446744073709551616" is not'],
  [[INFO], "L\t99999999999999999999999", 'line 2: location code "99999999999999999999999" is not'],
  [[INFO], "L\t-5", 'line 2: location code "-5" is not'],
  [[INFO], "L\t5\ta.ts\t1\t2\t3", "line 2: the definition name is missing"],
  [[INFO], "L\t5\ta.ts\t1\t2\tx\tf", 'line 2: last column "x" is not an integer'],
  [[INFO], ALLOCATION, "line 2: location code 5 has no line L before this one"],
  [[INFO, LOCATIONS], "A\t1000\t1\t1\t2\t", 'line 3: location code "" is not'],
  [[INFO, LOCATIONS], "A\t1000\t1\t1\t2", "line 3: the location code is missing"],
  [[INFO, LOCATIONS], "A\t1000\t1\t1\t2\t5  5", 'line 3: location code " 5" is not'],
  [[INFO, LOCATIONS], "A\t1000\t1\t1\t2\t5 ", 'line 3: location code "" is not'],
  [[INFO, LOCATIONS], "A\t1000\t1\t1\t2\t5,5", 'line 3: location code "5,5" is not'],
  [[INFO, LOCATIONS], `${ALLOCATION}\r`, 'line 3: location code "5\\r" is not'],
  [[INFO, LOCATIONS], `${ALLOCATION}\t5`, "line 3: more fields than a line of this kind has"],
  [[INFO, LOCATIONS], "A\t1000\t1\t1\t3\t5", "line 3: the source is not 0 (minor), 1 (major)"],
  [
    [INFO, LOCATIONS],
    "A\t1000\t-1\t1\t2\t5",
    'line 3: length in words "-1" is not an integer from 0',
  ],
  [[INFO, LOCATIONS], "A\t1e3\t1\t1\t2\t5", 'line 3: time "1e3" is not an integer from 0'],
  [[INFO, LOCATIONS], "A\t9007199254740992\t1\t1\t2\t5", 'line 3: time "9007199254740992" is not'],
  [[INFO, LOCATIONS], `A\t1\t1\t1\t2\t${"5 ".repeat(65_536)}5`, "line 3: more than 65536 location"],
  [[INFO, LOCATIONS, ALLOCATION], "C\t1000\t1", "line 4: the id is not that of an earlier"],
  [[INFO, LOCATIONS, ALLOCATION], "C\t1000", "line 4: the id is missing"],
  [[INFO, LOCATIONS, ALLOCATION], "P\t1000\t0\t0", "line 4: more fields than a line of this kind"],
  [[INFO], "F\t1", "line 2: more fields than a line of this kind has"],
];

describe("scripts of events", () => {
  for (const [before, line, said] of WRONG) {
    test(`refused: ${JSON.stringify(line).slice(0, 60)} after ${before.length} lines`, () => {
      const script = [...before, line, ""].join("\n");
      const isWanted = (error: unknown) =>
        error instanceof MonitorError && error.message.startsWith(said);
      assert.throws(() => encode(script, script.length > 1e5 ? 65_536 : 7), isWanted);
    });
  }

  test("a script without a trace is refused", () => {
    assert.throws(() => encode(""), { code: "MALFORMED" });
    assert.throws(() => encode(`${LOCATIONS}\n`), { code: "MALFORMED" });
  });

  test("a line of over 4 MiB is refused before it is all there", () => {
    const encoder = new ScriptEncoder(module, () => {});
    const piece = Buffer.alloc(1 << 20, "x");
    const push = () => {
      for (let index = 0; index < 6; index++) encoder.push(piece);
    };
    assert.throws(push, { code: "LIMIT_REACHED", message: /^line 1: longer than 4194304 bytes/ });
  });

  test("the last line need not end with a line break", () => {
    const script = [INFO, LOCATIONS, ALLOCATION].join("\n");
    assert.equal(encode(script), encode(`${script}\n`));
  });

  test("a later line L for the same code counts from then on", () => {
    const longer = LOCATIONS.replace("a.ts", "longer.ts");
    const script = [INFO, LOCATIONS, longer, ALLOCATION].join("\n");
    assert.equal(encode(script), encode([INFO, longer, ALLOCATION].join("\n")));
  });

  test("a code of 20 digits is taken", () => {
    const code = "18446744073709551615";
    const script = [INFO, `L\t${code}\ta\t1\t1\t1\tf`, `A\t1000\t1\t1\t2\t${code}`];
    assert.ok(encode(script.join("\n")) > 0);
  });
});

describe("wmon encode-trace", () => {
  const run = (input: Uint8Array) =>
    spawnSync(process.execPath, ["build/host/cli/main.js", "encode-trace"], {
      input,
      maxBuffer: 2 ** 26,
    });

  test("writes the trace of a script from standard input", () => {
    const { status, stdout } = run(gunzipSync(readFileSync(`${VECTORS}/wide.events.txt.gz`)));
    assert.equal(status, 0);
    assert.ok(stdout.equals(readFileSync(`${VECTORS}/wide.ctf`)));
  });

  test("ends with 1 and the line's number when it is wrong", () => {
    const { status, stderr } = run(Buffer.from(`${INFO}\nX\n`));
    assert.equal(status, 1);
    assert.match(stderr.toString(), /^wmon: encode-trace: line 2: a line begins with/);
  });
});
