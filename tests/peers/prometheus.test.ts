/**
 * A real Prometheus scrapes a real monitor: what it negotiates, and what it makes of what it gets.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { createMonitor, type Monitor } from "../../host/index.js";
import { registerEverything, UNHEARD } from "./everything.js";
import { parseExposition } from "./exposition.js";
import { waitUntil } from "./peer.js";
import { missing } from "./program.js";
import { openPrometheus, type Prometheus, type Sample } from "./prometheus.js";
import { openTap, type Tap } from "./tap.js";

/** Labels that Prometheus adds. */
const OWN_LABELS = new Set(["__name__", "instance", "job"]);
const STALE_MS_MAX = 15_000;

describe("prometheus", { skip: missing("prometheus"), timeout: 90_000 }, () => {
  let monitor: Monitor;
  let guarded: Monitor;
  let tap: Tap;
  /** Asks for the text format, which Prometheus does not while it is offered another. */
  let textTap: Tap;
  let prometheus: Prometheus;
  let instance: string;

  before(async () => {
    monitor = await createMonitor({ prometheus: "tcp:127.0.0.1:0", logs: UNHEARD });
    registerEverything(monitor);
    const guardedOptions = { prometheus: "tcp:127.0.0.1:0", controlToken: "open-sesame" };
    guarded = await createMonitor(guardedOptions);
    tap = await openTap(portOf(monitor));
    textTap = await openTap(portOf(monitor), { accept: "text/plain" });
    instance = `127.0.0.1:${tap.port}`;
    const others = [textTap.port, portOf(guarded)].map((port) => `127.0.0.1:${port}`);
    prometheus = await openPrometheus({ targets: [instance, ...others] });
    await waitUntil(
      async () => (await prometheus.query("up == 1")).length === 2,
      () => "not up",
    );
  });

  after(async () => {
    for (const each of [prometheus, tap, textTap, monitor, guarded]) await each?.close();
  });

  async function query(expression: string): Promise<Sample[]> {
    const samples = await prometheus.query(expression);
    return samples.filter(({ labels }) => (labels.instance ?? instance) === instance);
  }

  async function first(expression: string): Promise<number | undefined> {
    return (await query(expression))[0]?.value;
  }

  test("the target is up, and OpenMetrics negotiated, compressed", async () => {
    const [target] = (await prometheus.targets()).filter(
      ({ labels }) => labels.instance === instance,
    );
    assert.equal(target?.health, "up");
    assert.equal(target?.lastError, "");
    const { responseHeaders } = tap.exchanges.at(-1) ?? {};
    const type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert.equal(responseHeaders?.["content-type"], type);
    assert.equal(responseHeaders?.["content-encoding"], "gzip");
  });

  test("every value of every series is what the exposition says", async () => {
    const text = new TextDecoder().decode(monitor.prometheus(true));
    const families = parseExposition(text, "openmetrics");
    const exposed = families
      .filter(({ name }) => !name.startsWith("monitor_"))
      .flatMap(({ samples }) => samples)
      .map(({ name, labels, value }) => formatSample({ __name__: name, ...labels }, value));
    const stored = (await query('{job="test",__name__!~"(monitor|scrape)_.*|up"}')).map(
      ({ labels, value }) => formatSample(labels, value),
    );
    assert(exposed.length > 100);
    assert.deepEqual(stored.sort(), exposed.sort());
  });

  test("the text format gives the same values of the same series", async () => {
    const textInstance = `127.0.0.1:${textTap.port}`;
    const of = async (where: string) => {
      const matchers = `instance="${where}",__name__!~"(monitor|scrape)_.*|up"`;
      const samples = await prometheus.query(`{${matchers}}`);
      return samples.map(({ labels, value }) => formatSample(labels, value)).sort();
    };
    const type = "text/plain; version=0.0.4; charset=utf-8";
    assert.equal(textTap.exchanges.at(-1)?.responseHeaders["content-type"], type);
    assert.deepEqual(await of(textInstance), await of(instance));
  });

  test("types and help reach the metadata", async () => {
    const metadata = await prometheus.metadata();
    const text = new TextDecoder().decode(monitor.prometheus(true));
    for (const { name, type, help } of parseExposition(text, "openmetrics")) {
      // The text format's are among them: of counters with an exact name another type.
      const stored = (metadata[name] ?? []).map((each) => [each.type, each.help]);
      const wanted = [type, help ?? ""];
      const found = stored.find((each) => isDeepStrictEqual(each, wanted)) ?? stored;
      assert.deepEqual(found, wanted, name);
    }
  });

  test("histogram_quantile works on our buckets", async () => {
    const median = await first('histogram_quantile(0.5, wait_seconds_bucket{queue="odd"})');
    assert(median !== undefined && Math.abs(median - 0.5) < 0.02, `${median}`);
    const mean = await first("wait_seconds_sum / wait_seconds_count");
    assert(mean !== undefined && Math.abs(mean - 0.5) < 0.02, `${mean}`);
  });

  test("a counter with an exact name keeps it, though OpenMetrics is negotiated", async () => {
    assert.equal(await first('Mirage_qcow_reads{id="1"}'), 1);
    assert.deepEqual(await query("Mirage_qcow_reads_total"), []);
  });

  test("a counter's growth is its rate", async () => {
    const counter = monitor.counter({ name: "steps", help: "Steps." });
    await until(async () => (await first("steps_total")) === 0);
    counter.inc(5);
    await until(async () => ((await first("rate(steps_total[1m])")) ?? 0) > 0);
    assert.equal(await first("steps_total"), 5);
  });

  test("a disabled source goes stale, and comes back with its last values", async () => {
    assert.equal(await first("kinds_bool"), 1);
    assert.equal(monitor.command("Mkinds:off"), "ok");
    await until(async () => (await query('{__name__=~"kinds_.*"}')).length === 0);
    assert.equal(monitor.command("Mkinds:on"), "ok");
    await until(async () => (await first("kinds_bool")) === 1);
  });

  test("an expired series goes stale, and its family stays", async () => {
    const labels = ["who"];
    const gauge = monitor.gauge({ name: "fleeting", help: "Gone soon.", labels, ttlMs: 2_500 });
    gauge.set({ who: "idle" }, 7);
    const stop = monitor.onCollect(() => gauge.inc({ who: "busy" }));
    await until(async () => (await query("fleeting")).length === 2);
    await until(async () => (await query("fleeting")).length === 1);
    assert.equal((await query("fleeting"))[0]?.labels.who, "busy");
    gauge.set({ who: "idle" }, 8);
    await until(async () => (await first('fleeting{who="idle"}')) === 8);
    stop();
  });

  test("without the token the target is down, with it it is up", async (t) => {
    const address = `127.0.0.1:${portOf(guarded)}`;
    const down = (await prometheus.targets()).find(({ labels }) => labels.instance === address);
    assert.equal(down?.health, "down");
    assert.match(down?.lastError ?? "", /401/);
    const other = await openPrometheus({ targets: [address], bearerToken: "open-sesame" });
    t.after(() => other.close());
    await other.waitUntilUp();
    const [refused] = await other.query("monitor_scrape_unauthorized_total");
    assert((refused?.value ?? 0) > 0);
  });
});

function portOf(monitor: Monitor): number {
  const { prometheus } = monitor.addresses;
  assert(prometheus?.kind === "tcp");
  return prometheus.port;
}

/** The labels that we gave, and the value, as text that sorts. */
function formatSample(labels: Readonly<Record<string, string>>, value: number): string {
  // Prometheus drops labels without value, and reads bounds as numbers.
  const given = Object.entries(labels).filter(([, text]) => text !== "");
  const ours = given.filter(([key]) => key === "__name__" || !OWN_LABELS.has(key)).sort();
  return `${JSON.stringify(ours.map(normalize))} ${value}`;
}

function normalize([key, text]: [string, string]): [string, string] {
  const isBound = key === "le" || key === "quantile";
  return [key, isBound ? String(Number(text.replace("Inf", "Infinity"))) : text];
}

function until(isDone: () => Promise<boolean>): Promise<void> {
  return waitUntil(isDone, () => "Prometheus does not see it", STALE_MS_MAX);
}
