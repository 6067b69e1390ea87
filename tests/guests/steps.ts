/**
 * The guest that allocates when it is told to, `as-steps`: what it is told, and what `wmon run`
 * traces of that.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { QUIET, runWmon, temporaryFolder } from "../host/wmon.js";
import { guestPath } from "./guest.js";
import { eventsOf, readTrace } from "./traced.js";

export const STEPS = guestPath("as-steps");
/** A byte of its input for which it does nothing, and one for which it allocates. */
export const NOTHING = ".";
export const WORK = "w";

const known = new Map<number, Promise<object[]>>();

/** The events of so many rounds of work, from the start to the end, at rate 1. */
export function traceRounds(t: TestContext, count: number): Promise<object[]> {
  const events = known.get(count) ?? runRounds(t, count);
  known.set(count, events);
  return events;
}

/** The events of a round, all before it left out. */
export async function traceRound(t: TestContext, index: number): Promise<object[]> {
  const [before, all] = await Promise.all([traceRounds(t, index), traceRounds(t, index + 1)]);
  return all.slice(before.length);
}

async function runRounds(t: TestContext, count: number): Promise<object[]> {
  const file = join(temporaryFolder(t), "t.ctf");
  const options = ["--memtrace-file", file, "--sampling-rate", "1", "--stacks=shadow"];
  const run = await runWmon(t, ["run", ...QUIET, ...options, STEPS], { input: WORK.repeat(count) });
  assert.equal(run.code, 0, run.stderr);
  return eventsOf(readTrace(readFileSync(file)));
}
