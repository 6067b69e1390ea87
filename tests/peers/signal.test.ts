/**
 * SIGTERM in the middle of a push, to a program that embeds the library: the rest follows or is
 * counted, nothing arrives torn, and the program ends whatever the store does.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "./peer.js";
import { missing } from "./program.js";
import { type PushingReport, startPushing } from "./pushing-process.js";
import { openVictoriaMetrics } from "./victoria-metrics.js";

/** At about 1 KB a line, a push is under way most of the time. */
const SERIES_COUNT = 2_000;
const SIGTERM_CODE = 143;

describe("SIGTERM mid-push", { skip: missing("victoria-metrics"), timeout: 90_000 }, () => {
  test("every line is stored whole, or is counted", async (t) => {
    const store = await openVictoriaMetrics({ args: ["-dedup.minScrapeInterval=1ms"] });
    t.after(() => store.close());
    const pushing = await startPushing(`tcp://127.0.0.1:${store.influxPort}`, SERIES_COUNT);
    t.after(() => pushing.child.kill("SIGKILL"));
    await waitUntil(
      async () => {
        await store.flush();
        return ((await store.export('{__name__="load_n",id="7"}'))[0]?.values.length ?? 0) > 3;
      },
      () => "nothing arrives",
    );
    const { exitCode, report } = await pushing.end();
    assert.equal(exitCode, SIGTERM_CODE);
    const { lineCount, uncounted } = account(report);
    t.diagnostic(JSON.stringify(report));

    await store.flush();
    const series = await store.exportOnce('{__name__!=""}');
    assert.equal(series.length, SERIES_COUNT, "no series that a torn line made");
    let storedCount = 0;
    for (const { metric, values } of series) {
      storedCount += values.length;
      assert.equal(metric.__name__, "load_n");
      assert.equal(metric.padding, "x".repeat(1_000));
    }
    assert(storedCount <= lineCount);
    assert(storedCount >= lineCount - uncounted, `${storedCount} of ${lineCount} lines`);
  });

  test("a store that hangs does not keep the program", async (t) => {
    const store = await openVictoriaMetrics();
    t.after(() => store.close());
    const pushing = await startPushing(`tcp://127.0.0.1:${store.influxPort}`, SERIES_COUNT);
    t.after(() => pushing.child.kill("SIGKILL"));
    store.pause();
    const { exitCode, report } = await pushing.end();
    assert.equal(exitCode, SIGTERM_CODE);
    account(report);
  });
});

/** What was gathered, and how much of it may be missing; fails if a line is in no counter. */
function account(report: PushingReport | undefined) {
  assert(report !== undefined, "the program says what it did");
  const { lineCount, counts } = report;
  const { sent_lines = 0, dropped_lines = 0, unconfirmed_lines = 0 } = counts;
  assert(lineCount > 0);
  assert(sent_lines + dropped_lines >= lineCount, JSON.stringify(report));
  return { lineCount, uncounted: dropped_lines + unconfirmed_lines };
}
