/**
 * Random names, tags and texts: hundreds of them in one compressed write, every one read back from
 * a real InfluxDB. The seed is printed; `SEED=… npm test -- influxdb-random` repeats a run.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { Random, SEED } from "../wasm/random.js";
import { openInfluxdb } from "./influxdb.js";
import { missing } from "./program.js";
import { readPoints, type StoredPoint } from "./stored.js";
import { openTap } from "./tap.js";
import { openTelegraf } from "./telegraf.js";

const SOURCE_COUNT = 400;

/** No digits: those number the sources, so that no two names become one for Prometheus. */
const PIECES: readonly [string, ...string[]] = [
  ..."aZ_-+.:;#/\\'()[]{}<>!?*%&|~^`$@",
  ...' " =\\\t\r\u007f\u0001',
  ..."äßñ中ア€\u00a0\u2028\ufeff",
  ...'\\\\  ==""',
  "🔥",
  "👩‍👧",
  "e\u0301",
  "time",
  "SELECT",
  "true",
  "\\n",
] as unknown as [string, ...string[]];

/** What only names of sources may not have. */
const LIST_PIECES: readonly [string, ...string[]] = [...PIECES, ",", ",", "\n"];

interface Sample {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly key: string;
  readonly value: string;
}

test("influxdb: 400 random sources come back", { skip: missing("influxd") }, async (t) => {
  const influxdb = await openInfluxdb();
  t.after(() => influxdb.close());
  const tap = await openTap(influxdb.port);
  t.after(() => tap.close());
  const samples = await pushSamples(t, `http://127.0.0.1:${tap.port}/write?db=test`);

  const writes = tap.exchanges.map(({ status, requestHeaders }) => [
    status,
    requestHeaders["content-encoding"],
  ]);
  assert.deepEqual(writes.at(-1), [204, "gzip"]);
  const found = new Map<string, Content>();
  for (const { measurement, tags, fields } of await readPoints(influxdb, "/1/")) {
    found.set(measurement, { tags, fields });
  }
  assertSamples(samples, found);
});

for (const parser of ["internal", "upstream"] as const) {
  const title = `telegraf: 400 random sources come back, ${parser} parser`;
  test(title, { skip: missing("telegraf") }, async (t) => {
    const telegraf = await openTelegraf({ parser, format: "json" });
    t.after(() => telegraf.close());
    const samples = await pushSamples(t, `tcp://127.0.0.1:${telegraf.ports.tcp}`);
    const found = new Map<string, Content>();
    for (const line of await telegraf.waitForLines(2 * SOURCE_COUNT)) {
      const { name, tags, fields } = JSON.parse(line) as Content & { name: string };
      found.set(name, { tags, fields });
    }
    assertSamples(samples, found);
  });
}

type Content = Pick<StoredPoint, "tags" | "fields">;

/** Pushes every sample twice: at once and by `close()`. */
async function pushSamples(t: TestContext, push: string): Promise<Sample[]> {
  t.diagnostic(`SEED=${SEED}`);
  const random = new Random(SEED);
  const samples = Array.from({ length: SOURCE_COUNT }, (_, at) => createSample(random, at));
  const monitor = await createMonitor({ vmName: "v\\ m,\n=" });
  for (const name of ["logs", "monitor", "monitor_logs"]) monitor.command(`M${name}:off`);
  for (const { name, tags, key, value } of samples) {
    const fields = [{ key, type: "text", bytesMax: 4_096 }] as const;
    monitor
      .source({ name, tags: Object.keys(tags), fields })
      .series(tags)
      .report({ [key]: value });
  }
  await monitor.startPush([push]);
  monitor.command("Mmonitor_push:off");
  await monitor.close();
  return samples;
}

function assertSamples(samples: readonly Sample[], found: ReadonlyMap<string, Content>): void {
  for (const sample of samples) {
    const { name, tags, key, value } = sample;
    const wanted = {
      tags: { vm: "v/ m, =", ...Object.fromEntries(Object.entries(tags).flatMap(readTag)) },
      fields: { [rename(key)]: value.replaceAll("\n", "\\n") },
    };
    const content = found.get(read(name).replace(/^#/, "_"));
    assert.deepEqual(content, wanted, JSON.stringify(sample));
  }
}

function createSample(random: Random, at: number): Sample {
  const number = 1_000 + at;
  const list = () => createText(random, LIST_PIECES);
  return {
    name: createText(random, PIECES) + number + createText(random, PIECES),
    tags: { [`a${list()}`]: list(), [`b${list()}`]: list() },
    key: list() + number,
    value: list(),
  };
}

function createText(random: Random, pieces: readonly [string, ...string[]]): string {
  return Array.from({ length: random.below(8) }, () => random.pick(pieces)).join("");
}

/** What assembly/bytes/escape.ts documents. */
function read(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u001f\u007f]/g, " ").replace(/\\(?=[ ,="\\]|$)/g, "/");
}

function rename(key: string): string {
  return key === "time" ? "time_" : read(key);
}

/** An empty tag is left out. */
function readTag([key, value]: [string, string]): [string, string][] {
  return value === "" ? [] : [[rename(key), read(value)]];
}
