/**
 * The writer of memory traces: byte for byte what memtrace makes of the vectors, what a slow model
 * of the format makes of random scripts, and a status for whatever is hostile.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ScriptEncoder } from "../../host/memtrace/script.js";
import { TraceReader } from "../../host/trace/reader.js";
import { Random, SEED } from "./random.js";
import { modelTrace } from "./trace-model.js";
import { randomScript, type ScriptProfile } from "./trace-script.js";

const module = new WebAssembly.Module(readFileSync("build/memtrace.wasm"));

function encode(script: Uint8Array, chunkBytes = 65_536): Buffer {
  const packets: Buffer[] = [];
  const encoder = new ScriptEncoder(module, (bytes) => packets.push(Buffer.from(bytes)));
  for (let at = 0; at < script.length; at += chunkBytes) {
    encoder.push(script.subarray(at, at + chunkBytes));
  }
  encoder.end();
  return Buffer.concat(packets);
}

/** Where two traces part: comparing them as a whole would print both. */
function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  const place = at < 0 ? Math.min(actual.length, expected.length) : at;
  const same = at < 0 && actual.length === expected.length;
  assert.ok(same, `${what}: differs at ${place} of ${expected.length}, has ${actual.length}`);
}

/** A reader that shares nothing with the writer finds every event, and no damage. */
function assertReads(trace: Uint8Array, script: string): void {
  const found = { A: 0, P: 0, C: 0 };
  const reader = new TraceReader({
    allocate: () => found.A++,
    promote: () => found.P++,
    collect: () => found.C++,
  });
  reader.push(trace);
  const { damage, locationConflicts } = reader.end();
  assert.deepEqual({ damage, locationConflicts }, { damage: undefined, locationConflicts: 0 });
  const written = { A: 0, P: 0, C: 0 };
  for (const [line] of script.matchAll(/^[APC](?=\t)/gm)) written[line as "A" | "P" | "C"]++;
  assert.deepEqual(found, written);
}

const TYPICAL: ScriptProfile = {
  events: 4000,
  codes: 600,
  branches: 3,
  depthMax: 60,
  oddBacktraces: 5,
  collisions: 20,
  oddTimes: 5,
  flushes: 3,
};

const PROFILES: Readonly<Record<string, ScriptProfile>> = {
  "a typical program": TYPICAL,
  "many codes, few repeated": { ...TYPICAL, codes: 30_000, branches: 400 },
  "codes that share buckets": { ...TYPICAL, codes: 300, collisions: 900 },
  "long and repetitive backtraces": { ...TYPICAL, events: 600, oddBacktraces: 400, depthMax: 2000 },
  "edges of time, and flushes": { ...TYPICAL, oddTimes: 300, flushes: 100 },
  "more than 10,000 allocations": { ...TYPICAL, events: 45_000, codes: 50, depthMax: 4 },
};

describe("traces byte for byte", () => {
  for (const name of ["deep", "guest", "wide"]) {
    const folder = "tests/vectors/memtrace";
    const script = gunzipSync(readFileSync(`${folder}/${name}.events.txt.gz`));
    const expected = readFileSync(`${folder}/${name}.ctf`);

    test(`vector ${name}: as memtrace writes it`, () => {
      assertSame(encode(script), expected, name);
      assertSame(encode(script, 1009), expected, `${name} in small pieces`);
    });

    test(`vector ${name}: the model agrees`, () => {
      assertSame(modelTrace(script.toString("latin1")), expected, name);
    });
  }

  for (const [index, [name, profile]] of Object.entries(PROFILES).entries()) {
    test(`random scripts: ${name}`, (t) => {
      t.diagnostic(`SEED=${SEED}`);
      const random = new Random(SEED + index);
      for (let round = 0; round < 3; round++) {
        const script = randomScript(random, profile);
        const actual = encode(Buffer.from(script, "latin1"));
        assertSame(actual, modelTrace(script), `round ${round}`);
        assertReads(actual, script);
      }
    });
  }

  test("random scripts reach what is clamped, cut and unknown", () => {
    const encoder = new ScriptEncoder(module, () => {});
    const profile = { ...TYPICAL, oddBacktraces: 300, oddTimes: 100 };
    encoder.push(Buffer.from(randomScript(new Random(7), profile), "latin1"));
    const { clampedTimes, cutBacktraces, unknownLocations, clampedFields } = encoder.counts;
    for (const count of [clampedTimes, cutBacktraces, unknownLocations, clampedFields]) {
      assert.ok(count > 0, JSON.stringify(encoder.counts));
    }
  });
});
