/**
 * Reports in pprof's format, read by Go's own tool.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openReport } from "../../host/report/report.js";
import { EVERYTHING } from "../../host/report/window.js";
import { TraceReader } from "../../host/trace/reader.js";
import { readVector, type VectorName } from "../host/trace-vector.js";
import { temporaryFolder } from "../host/wmon.js";
import { missing, needProgram } from "./program.js";

const skip = missing("go");

test("pprof: functions and bytes are those of the collapsed stacks", { skip }, async (t) => {
  const path = await profileOf(t, "guest");
  const top = pprof(["-top", "-unit=B", "-nodefraction=0", "-nodecount=0", path]);
  assert.match(top, /^File: app\.wasm\nType: alloc_space\nTime: 2025-11-22 .*\n/);
  assert.match(top, /^Duration: 185\.60s, Total samples = /m);
  const flat = new Map<string, number>();
  for (const [stack, bytes] of await collapsed("guest")) {
    const leaf = stack.at(-1) ?? "";
    flat.set(leaf, (flat.get(leaf) ?? 0) + bytes);
  }
  const rows = [...top.matchAll(/^ *(\d+)B? .*% {2}(\S+)(?: \(.*)?$/gm)];
  assert.ok(rows.length > 100, top);
  for (const [, bytes, name = ""] of rows) assert.equal(Number(bytes), flat.get(name) ?? 0, name);
});

for (const isLive of [false, true]) {
  const value = isLive ? "inuse_space" : "alloc_space";
  test(`pprof: -traces of ${value} has the bytes of each backtrace`, { skip }, async (t) => {
    const path = await profileOf(t, "deep");
    const traces = pprof(["-traces", "-unit=B", `-sample_index=${value}`, path]);
    const found = [...traces.matchAll(/^ +(\d+)B {3}/gm)].map(([, bytes]) => Number(bytes));
    const expected = (await collapsed("deep", isLive)).map(([, bytes]) => bytes);
    assert.equal(sum(found), sum(expected));
    assert.ok(found.filter((bytes) => bytes > 0).length >= expected.length);
  });
}

for (const value of ["alloc_objects", "inuse_objects"]) {
  test(`pprof: -sample_index=${value} counts`, { skip }, async (t) => {
    const top = pprof(["-top", `-sample_index=${value}`, await profileOf(t, "deep")]);
    assert.match(top, new RegExp(`^Type: ${value}$`, "m"));
    assert.match(top, /Total samples = [1-9]/);
  });
}

test("pprof: nothing allocated is a profile without samples", { skip }, async (t) => {
  const path = await profileOf(t, "deep", 127);
  assert.match(pprof(["-top", path]), /Showing nodes accounting for 0, 0% of 0 total/);
});

/** Writes a vector's profile, of its first `byteCount` bytes if so wanted; the path. */
async function profileOf(t: TestContext, name: VectorName, byteCount?: number): Promise<string> {
  const path = join(temporaryFolder(t), "profile.pb.gz");
  writeFileSync(path, await report(readVector(name).trace.subarray(0, byteCount), "pprof"));
  return path;
}

async function collapsed(
  name: VectorName,
  isLive = false,
): Promise<(readonly [string[], number])[]> {
  const text = String(await report(readVector(name).trace, "collapsed", isLive));
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space).split(";"), Number(line.slice(space))] as const;
    });
}

async function report(
  trace: Uint8Array,
  format: "pprof" | "collapsed",
  isLive = false,
): Promise<string | Uint8Array> {
  const lines: string[] = [];
  const write = (text: string) => lines.push(text);
  const making = openReport({ format, window: EVERYTHING, isLive, write });
  const reader = new TraceReader(making.visitor);
  reader.push(trace);
  const { output } = await making.finish(reader.end());
  return typeof output === "string" ? lines.join("") + output : output;
}

function pprof(args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(needProgram("go"), ["tool", "pprof", ...args], {
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC" },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
