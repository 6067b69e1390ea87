/**
 * babeltrace2 reads memory traces by a description of the format, and finds in them what the
 * reference writer's own tools find, and in ours what our reader finds.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ROOT, skipWithout } from "../guests/guest.js";
import { STACKS, type TracedRun, traceGuest } from "../guests/traced.js";
import { type CtfEvent, readByBabeltrace } from "./babeltrace.js";
import { missing } from "./program.js";

const VECTORS = ["guest", "deep", "wide"];
const FOLDER = `${ROOT}tests/vectors/memtrace`;

/** `time id alloc… samples len=words dom=0 prefix: backtrace`, or `time id collect`. */
const DUMP_LINE = /^(\d+) (\d+) (alloc|collect|promote)(\w*)(?: (\d+) len=(\d+) dom=0 +(\d+):)?/;

const SOURCES = ["", "_major", "_ext"];

for (const name of VECTORS) {
  test(`babeltrace2 reads ${name}.ctf as the reference tools do`, {
    skip: missing("babeltrace2"),
  }, () => {
    const events = readByBabeltrace(`${FOLDER}/${name}.ctf`);
    assert.equal(events[0]?.kind, "info");
    const beginUs = events[0].timeUs;
    const lines = gunzipSync(readFileSync(`${FOLDER}/${name}.dump.txt.gz`))
      .toString()
      .trim();
    const others = events.filter(({ kind }) => kind !== "info" && kind !== "location");
    assert.deepEqual(
      others.map((event) => summarize(event, beginUs)),
      lines.split("\n").map(summarizeLine),
    );
  });
}

for (const guest of ["as-allocations-O3", "c-allocations", "rust-allocations", "cpp-allocations"]) {
  for (const stacks of STACKS) {
    test(`babeltrace2 and our reader find the same in a trace of ${guest}, ${stacks} stacks`, {
      skip: skipWithout(guest) || missing("babeltrace2"),
    }, async (t) => {
      const trace = await traceGuest(t, guest, { stacks });
      const events = readByBabeltrace(trace.file);
      assert.equal(events.length, trace.summary.eventCount + 1); // and the info
      const ours = new Set(eventsOf(trace, events[0]?.timeUs ?? 0));
      const others = events.filter(({ kind }) => kind === "allocation" || kind === "collect");
      assert.equal(others.length, ours.size);
      for (const event of others) assert.ok(ours.has(key(event)), key(event));
    });
  }
}

/** Our reader's events as `key` has them. */
function eventsOf({ blocks }: TracedRun, beginUs: number): string[] {
  return blocks.flatMap(({ id, timeUs, words, samples, collectedUs }) => {
    const allocation = `allocation ${id} ${timeUs + beginUs} ${words} ${samples}`;
    return collectedUs === undefined
      ? [allocation]
      : [allocation, `collect ${id} ${collectedUs + beginUs} 0 0`];
  });
}

function key({ kind, id, timeUs, words, samples }: CtfEvent): string {
  return `${kind} ${id} ${timeUs} ${words} ${samples}`;
}

function summarize(event: CtfEvent, beginUs: number): string {
  const { kind, timeUs, id, words, samples, commonPrefix, source } = event;
  if (kind !== "allocation") return `${timeUs - beginUs} ${id} ${kind}`;
  return `${timeUs - beginUs} ${id} alloc${SOURCES[source]} ${samples} ${words} ${commonPrefix}`;
}

function summarizeLine(line: string): string {
  const [, time, id, kind, source = "", samples, words, prefix] = DUMP_LINE.exec(line) ?? [];
  if (kind !== "alloc") return `${Number(time)} ${Number(id)} ${kind}`;
  return `${Number(time)} ${Number(id)} alloc${source} ${samples} ${words} ${prefix}`;
}
