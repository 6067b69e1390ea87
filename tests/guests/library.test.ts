/**
 * The AssemblyScript guest library and wmon.h under `wmon run`: what guests write arrives.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { QUIET, runWmon } from "../host/wmon.js";
import { guestPath, skipWithout } from "./guest.js";

const KINDS = [
  "kinds,id=one flag=true,float=0.1,integer=-9007199254740993i," +
    "unsigned=9223372036854775807i,duration=1500000000i,counter=7i,gauge=3i," +
    'text="zwölf "',
  "kinds_bytes count=1,sum=10,0.5=10.125",
  "kinds_queue gauge=-1.5",
  "kinds_requests_total,method=GET counter=2",
  "kinds_seconds count=2,sum=5.1,0.1=1,1=1,+Inf=2",
];

/** Pushes to standard output, without time. */
const OPTIONS = ["run", ...QUIET, "--push", "-", "--timestamps", "none"];

test("every kind of field that a guest writes is pushed", async (t) => {
  const run = await runWmon(t, [...OPTIONS, guestPath("kinds")]);
  assert.equal(run.code, 0, run.stderr);
  const lines = new Set(run.stdout.split("\n"));
  for (const line of KINDS) assert.ok(lines.has(line), `${line}\nis not in\n${run.stdout}`);
});

test("a guest's messages are written from its level up", async (t) => {
  const levels = ["quiet", "app", "error", "warning", "info", "debug"];
  for (const [index, level] of levels.entries()) {
    const run = await runWmon(t, [...OPTIONS, "--log-level", `kinds:${level}`, guestPath("kinds")]);
    const written = levels.filter((name) => run.stderr.includes(`at ${name}`));
    assert.deepEqual(written, levels.slice(1, index + 1), run.stderr);
  }
});

test("a hundred sources with three series each are all pushed", async (t) => {
  const run = await runWmon(t, [...OPTIONS, guestPath("hundred")]);
  const lines = new Set(run.stdout.split("\n"));
  for (let i = 0; i < 100; i++) {
    for (const part of "abc") {
      assert.ok(lines.has(`unit_${i},part=${part} count=${i}i,load=${i / 8}`), `${i} ${part}`);
    }
  }
});

test("what a guest counted before it trapped is pushed", async (t) => {
  const run = await runWmon(t, [...OPTIONS, guestPath("trap")]);
  assert.equal(run.code, 134);
  assert.match(run.stdout, /^trap_steps_total counter=3$/m);
  assert.match(run.stderr, /about to trap/);
});

test("wrong calls change nothing, and do not trap the guest", async (t) => {
  const run = await runWmon(t, [...OPTIONS, guestPath("hostile")]);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /^hostile_survived gauge=1$/m);
  assert.match(run.stdout, /^hostile_bystander_total counter=5$/m);
  assert.match(run.stdout, /^guest .*refused\\ calls=[1-9]/m);
});

test("wmon.h: a C guest's families are pushed", { skip: skipWithout("c-primes") }, async (t) => {
  const run = await runWmon(t, [...OPTIONS, guestPath("c-primes"), "--", "1000"]);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /^168 primes up to 1000$/m);
  assert.match(run.stdout, /^primes_tested_total,result=composite counter=833$/m);
  assert.match(run.stdout, /^primes_largest gauge=997$/m);
});
