/**
 * Damaged traces: whatever the bytes, reading and every report end, keep what is before the damage,
 * and throw nothing but a MonitorError. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { FORMATS, type ReportFormat } from "../../host/report/format.js";
import { PAGE_TEMPLATE } from "../../host/report/page/page.js";
import { type Ending, openReport } from "../../host/report/report.js";
import { EVERYTHING } from "../../host/report/window.js";
import { TraceReader } from "../../host/trace/reader.js";
import { readVector, type Told, tell, VECTORS } from "../host/trace-vector.js";
import { Random, SEED } from "../wasm/random.js";

const FLIPS = 1000;
const SPLICES = 500;
const NOISES = 1500;
/** Bytes of a trace that is damaged; the whole vectors would take a minute. */
const TRACE_BYTES = 12_000;
/** Cut at every byte: the first packets, of all kinds, and the last one. */
const CUT_BYTES = 3000;
const LAST_BYTES = 300;
/** Of an event: its header and a number. Bounds the steps of reading. */
const EVENT_BYTES_MIN = 5;
/** Of the longest packet that says what is traced: a change there may make it no trace. */
const INFO_BYTES = 139;

const vectors = VECTORS.map(readVector);
const [deep = missing(), , wide = missing()] = vectors;

test("fuzz: a trace cut anywhere keeps the events before", () => {
  const { trace } = deep;
  let eventCount = 0;
  for (let byteCount = 0; byteCount <= trace.length; byteCount++) {
    if (byteCount === CUT_BYTES) byteCount = trace.length - LAST_BYTES;
    const told = attempt(trace.subarray(0, byteCount));
    if (!told) continue;
    assert.ok(deep.dump.startsWith(told.dump), `cut at ${byteCount}`);
    assert.ok(told.summary.eventCount >= eventCount, `cut at ${byteCount}: fewer events`);
    eventCount = told.summary.eventCount;
  }
  assert.ok(eventCount > 300, `${eventCount} events`);
});

test(`fuzz: a flipped bit keeps the packets before; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let run = 0; run < FLIPS; run++) {
    const { trace, dump } = random.pick([deep, wide]);
    const copy = trace.slice(0, TRACE_BYTES);
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
    const told = attempt(copy);
    if (!told) assert.ok(at < INFO_BYTES, `bit at ${at}: nothing was read`);
    else if (at >= INFO_BYTES)
      assertKeeps(told.dump, dump, tell(trace.subarray(0, at)).dump, `bit at ${at}`);
  }
});

test(`fuzz: a piece taken out or repeated keeps what is before; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let run = 0; run < SPLICES; run++) {
    const { trace, dump } = random.pick([deep, wide]);
    const copy = trace.subarray(0, TRACE_BYTES);
    const at = 200 + random.below(copy.length - 200);
    const from = random.below(copy.length);
    const spliced = new Uint8Array([...copy.subarray(0, at), ...copy.subarray(from)]);
    const told = attempt(spliced);
    assert.ok(told, `spliced at ${at}: nothing was read`);
    assertKeeps(told.dump, dump, tell(trace.subarray(0, at)).dump, `spliced at ${at} from ${from}`);
  }
});

test(`fuzz: noise behind a header, or everywhere, ends in an error; SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let run = 0; run < NOISES; run++) {
    const kept = random.pick([0, 4, 68, 127, 195]);
    const bytes = deep.trace.slice(0, 3000);
    for (let at = kept; at < bytes.length; at++) bytes[at] = random.below(256);
    attempt(bytes);
  }
});

for (const format of FORMATS) {
  test(`fuzz: ${format} of damaged traces ends; SEED=${SEED}`, async () => {
    const template = readFileSync(PAGE_TEMPLATE, "utf8");
    const random = new Random(SEED);
    for (let run = 0; run < 100; run++) {
      const copy = random.pick([deep, wide]).trace.slice(0, TRACE_BYTES);
      for (let flips = random.below(4); flips >= 0; flips--) {
        const at = INFO_BYTES + random.below(copy.length - INFO_BYTES);
        copy[at] = random.below(256);
      }
      const isLive = random.below(2) === 1 && format !== "dump";
      const { written, ending } = await report(copy, { format, isLive, template });
      const hasOutput = written > 0 || ending.output.length > 0;
      assert.ok(hasOutput || ending.notes.length > 0, "neither a report nor a reason");
    }
  });
}

async function report(
  trace: Uint8Array,
  chosen: { format: ReportFormat; isLive: boolean; template: string },
): Promise<{ written: number; ending: Ending }> {
  let written = 0;
  const write = (text: string) => {
    written += text.length;
  };
  const making = openReport({ ...chosen, window: EVERYTHING, write });
  const reader = new TraceReader(making.visitor);
  reader.push(trace);
  return { ending: await making.finish(reader.end()), written };
}

/** What is told; undefined if the bytes are refused, as they may be. */
function attempt(bytes: Uint8Array): Told | undefined {
  try {
    const told = tell(bytes);
    const most = bytes.length / EVENT_BYTES_MIN;
    assert.ok(told.summary.eventCount <= most, "events out of nothing");
    return told;
  } catch (error) {
    assert.ok(error instanceof MonitorError, String((error as Error).stack));
    return undefined;
  }
}

/**
 * Of a damaged trace everything before is there. What is behind may be missing, and where the
 * damage hit a number in an event that still makes sense, differ.
 */
function assertKeeps(dump: string, whole: string, before: string, message: string): void {
  assert.ok(whole.startsWith(before), `${message}: the undamaged part`);
  assert.ok(dump.startsWith(withoutLastLine(before)), message);
}

/** A cut may be behind an event that the damage at the same place takes away. */
function withoutLastLine(text: string): string {
  return text.slice(0, text.lastIndexOf("\n", text.length - 2) + 1);
}

function missing(): never {
  throw new Error("no vector");
}
