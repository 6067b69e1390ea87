// For a minute, under load, one receiver is killed and another one stopped every two seconds, and
// started again. The first is a process that writes what it gets to a file before it does anything
// else, so that every line can be accounted for; the second is a real VictoriaMetrics, which shows
// what a store keeps. (A killed VictoriaMetrics forgets what it had received, so it is stopped.)
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startLineProcess } from "../host/line-process.js";
import { parseLine } from "./line-protocol.js";
import { Load } from "./load.js";
import { waitUntil } from "./peer.js";
import { freePort } from "./port.js";
import { missing } from "./program.js";
import { openVictoriaMetrics, type VictoriaMetrics } from "./victoria-metrics.js";

const DURATION_MS = 60_000;
const LIFE_MS = 2_000;
const SERIES_COUNT = 200;

const options = { skip: missing("victoria-metrics"), timeout: 110_000 };

test("receivers that die every two seconds for a minute lose no line", options, async (t) => {
  const recorder = await openRecorder(t);
  const store = await openVictoriaMetrics({ args: ["-dedup.minScrapeInterval=1ms"] });
  t.after(() => store.close());
  const load = await Load.start({
    push: [recorder.url, `tcp://127.0.0.1:${store.influxPort}`],
    intervalMs: 200,
    seriesCount: SERIES_COUNT,
  });
  t.after(() => load.monitor.close());

  const endMs = Date.now() + DURATION_MS;
  const deaths = await Promise.all([
    repeatUntil(endMs, () => recorder.restart()),
    repeatUntil(endMs, () => restart(store)),
  ]);
  await waitUntil(
    () => load.counts().every(({ connected }) => connected === 1),
    () => JSON.stringify(load.counts()),
  );
  await load.monitor.close();
  const [recorded = {}, stored = {}] = load.counts();
  t.diagnostic(JSON.stringify({ deaths, lines: load.lineCount, recorded, stored }));

  for (const counts of [recorded, stored]) {
    assert.equal(counts.sent_lines, load.lineCount);
    assert.equal(counts.dropped_lines, 0, "the buffer had room");
  }
  await waitUntil(
    () => recorder.lines().size >= load.lineCount,
    () => `${recorder.lines().size} of ${load.lineCount} lines on file`,
    10_000,
  );
  const lines = recorder.lines();
  assert.equal(lines.size, load.lineCount, "a repeated line is the same line");
  assertGathers(lines, load);
  assert((recorded.resent_lines ?? 0) > 0);
  assert((recorded.reconnects ?? 0) >= 20);
  assert((stored.reconnects ?? 0) >= 10);

  await store.flush();
  const series = await store.exportOnce('{__name__="load_n"}');
  assert.equal(series.length, SERIES_COUNT);
  const gathers = Array.from({ length: load.gatherCount }, (_, at) => at + 1);
  for (const { metric, values, timestamps } of series) {
    assert.deepEqual(values, gathers, `series ${metric.id} keeps each gather once`);
    assert.equal(new Set(timestamps).size, timestamps.length, `series ${metric.id}: a time twice`);
  }
});

/** Every line is of a gather and a series that was, and each gather has one timestamp. */
function assertGathers(lines: ReadonlySet<string>, load: Load): void {
  const times = new Map<bigint, bigint | undefined>();
  for (const text of lines) {
    const { tags, fields, time } = parseLine(text);
    const gather = fields.n;
    assert(typeof gather === "bigint" && gather >= 1n && gather <= load.gatherCount, text);
    assert(Number(tags.id) < SERIES_COUNT, text);
    assert.equal(times.get(gather) ?? time, time, text);
    times.set(gather, time);
  }
}

/** Acts every two seconds; how often. */
async function repeatUntil(endMs: number, act: () => Promise<void>): Promise<number> {
  let count = 0;
  while (Date.now() < endMs) {
    await sleep(LIFE_MS);
    await act();
    count++;
  }
  return count;
}

async function restart(store: VictoriaMetrics): Promise<void> {
  await store.stop();
  await store.start();
}

interface Recorder {
  readonly url: string;
  /** Kills the process, and starts another one at the same address. */
  restart(): Promise<void>;
  /** All different lines. */
  lines(): Set<string>;
}

async function openRecorder(t: TestContext): Promise<Recorder> {
  const folder = mkdtempSync(join(tmpdir(), "wmon-recorder-"));
  const file = join(folder, "lines");
  const port = await freePort();
  let { child } = await startLineProcess(file, port);
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  return {
    url: `tcp://127.0.0.1:${port}`,
    async restart() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      child = (await startLineProcess(file, port)).child;
    },
    lines() {
      const lines = new Set(readFileSync(file, "latin1").split("\n"));
      lines.delete("");
      return lines;
    },
  };
}
