/**
 * Random names, tags and texts: hundreds of them in one compressed write, every one read back from
 * a real InfluxDB. The seed is printed; `SEED=… npm test -- influxdb-random` repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { Random, SEED } from "../wasm/random.js";
import { openInfluxdb } from "./influxdb.js";
import { missing } from "./program.js";
import { readPoints, type StoredPoint } from "./stored.js";
import { openTap } from "./tap.js";

const HOUR_MS = 3_600_000;
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
  t.diagnostic(`SEED=${SEED}`);
  const random = new Random(SEED);
  const samples = Array.from({ length: SOURCE_COUNT }, (_, at) => createSample(random, at));
  const influxdb = await openInfluxdb();
  t.after(() => influxdb.close());
  const tap = await openTap(influxdb.port);
  t.after(() => tap.close());

  const push = `http://127.0.0.1:${tap.port}/write?db=${influxdb.database}`;
  const monitor = await createMonitor({ push, intervalMs: HOUR_MS, vmName: "v\\ m,\n=" });
  await monitor.push();
  for (const { name, tags, key, value } of samples) {
    const fields = [{ key, type: "text", bytesMax: 4_096 }] as const;
    monitor
      .source({ name, tags: Object.keys(tags), fields })
      .series(tags)
      .report({ [key]: value });
  }
  await monitor.push();
  await monitor.close();

  const writes = tap.exchanges.map(({ status, requestHeaders }) => [
    status,
    requestHeaders["content-encoding"],
  ]);
  assert.deepEqual(writes.at(-1), [204, "gzip"]);
  const points = await readPoints(influxdb, "/1/");
  const found = new Map(points.map((point) => [point.measurement, point]));
  for (const sample of samples) {
    const { name, tags, key, value } = sample;
    const wanted = {
      tags: { vm: "v/ m, =", ...Object.fromEntries(Object.entries(tags).flatMap(readTag)) },
      fields: { [rename(key)]: value.replaceAll("\n", "\\n") },
    };
    assert.deepEqual(
      pick(found.get(read(name).replace(/^#/, "_"))),
      wanted,
      JSON.stringify(sample),
    );
  }
});

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

function pick(point: StoredPoint | undefined): Pick<StoredPoint, "tags" | "fields"> | undefined {
  return point && { tags: point.tags, fields: point.fields };
}
