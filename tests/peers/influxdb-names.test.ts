/**
 * Tricky text through InfluxDB's own parser: it comes back the same, or as assembly/bytes/escape.ts
 * says it is replaced.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createMonitor, type Monitor } from "../../host/index.js";
import { type Influxdb, openInfluxdb, quoteName } from "./influxdb.js";
import { waitUntil } from "./peer.js";
import { missing } from "./program.js";
import { readPoints, type StoredPoint } from "./stored.js";

const HOUR_MS = 3_600_000;

/** What is written, and what is read back where that is another text. */
type Row = readonly [rule: string, written: string, read?: string];

const EVERYWHERE: readonly Row[] = [
  ["a space stays", "a b"],
  ["spaces at both ends stay", " a "],
  ["an equals sign stays", "a=b"],
  ["an equals sign at the end stays", "a="],
  ["quotes stay", 'a"b'],
  ["quotes all round stay", '"a"'],
  ["a backslash before a letter stays", "C:\\temp"],
  ["a backslash at the start stays", "\\a"],
  ["umlauts stay", "Größe"],
  ["letters beyond the basic plane stay", "fire 🔥"],
  ["a zero-width joiner stays", "a👩‍👩‍👧"],
  ["keywords stay", "SELECT"],
  ["numbers stay", "12i"],
];

const NAMES: readonly Row[] = [
  ["a backslash at the end becomes a slash", "a\\", "a/"],
  ["backslashes at the end become slashes", "a\\\\", "a//"],
  ["a backslash before a space becomes a slash", "a\\ b", "a/ b"],
  ["a backslash before an equals sign becomes a slash", "a\\=b", "a/=b"],
  ["a backslash before a quote becomes a slash", 'a\\"b', 'a/"b'],
  ["control characters become spaces", "\ta\u0001b\u007fc\r", " a b c "],
];

const LISTS: readonly Row[] = [
  ["commas stay", ",a,b,"],
  ["a backslash before a comma becomes a slash", "a\\,b", "a/,b"],
  ["a number sign stays", "#a"],
  ["a newline becomes a space", "a\nb", "a b"],
  ["a newline at the end becomes a space", "a\n", "a "],
  ["a backslash before a newline becomes a slash", "a\\\nb", "a/ b"],
];

const STRINGS: readonly Row[] = [
  ["the empty text stays", ""],
  ["control characters stay", "\ta\u0001b\u007fc\r"],
  ["commas and line ends of Windows stay", "a,\rb"],
  ["backslashes anywhere stay", '\\a\\\\ \\"\\'],
  ["a newline becomes a backslash and n", "a\nb", "a\\nb"],
  ["the name time stays", "time"],
];

/** Where a text is tried, and how it is put there and found again. */
interface Place {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly put: (monitor: Monitor, id: string, text: string) => void;
  /** A regular expression of InfluxQL for the measurement, or its quoted name. */
  readonly find: (id: string, read: string) => string;
  readonly get: (point: StoredPoint) => unknown;
}

const text = { key: "v", type: "text" } as const;
const byId = (id: string) => quoteName(id);

const PLACES: readonly Place[] = [
  {
    name: "measurement",
    rows: [
      ...EVERYWHERE,
      ...NAMES,
      ["a number sign at the start becomes an underscore", "#a#", "_a#"],
      ["the name time stays", "time"],
    ],
    put: (monitor, id, name) =>
      monitor.source({ name, prefix: id, fields: [text] }).report({ v: "x" }),
    find: (_id, read) => quoteName(read),
    get: ({ measurement }) => measurement,
  },
  {
    name: "tag key",
    rows: [...EVERYWHERE, ...NAMES, ...LISTS, ["time gets an underscore", "time", "time_"]],
    put: (monitor, id, key) =>
      monitor
        .source({ name: id, tags: [key], fields: [text] })
        .series({ [key]: "x" })
        .report({ v: "x" }),
    find: byId,
    get: ({ tags }) => Object.keys(tags)[0],
  },
  {
    name: "tag value",
    rows: [...EVERYWHERE, ...NAMES, ...LISTS, ["the name time stays", "time"]],
    put: (monitor, id, value) =>
      monitor
        .source({ name: id, tags: ["k"], fields: [text] })
        .series({ k: value })
        .report({ v: "x" }),
    find: byId,
    get: ({ tags }) => tags.k,
  },
  {
    name: "field key",
    rows: [...EVERYWHERE, ...NAMES, ...LISTS, ["time gets an underscore", "time", "time_"]],
    put: (monitor, id, key) =>
      monitor.source({ name: id, fields: [{ key, type: "i64" }] }).report({ [key]: 1 }),
    find: byId,
    get: ({ fields }) => Object.keys(fields)[0],
  },
  {
    name: "string",
    rows: [...EVERYWHERE, ...STRINGS],
    put: (monitor, id, value) => monitor.source({ name: id, fields: [text] }).report({ v: value }),
    find: byId,
    get: ({ fields }) => fields.v,
  },
];

describe("influxdb: names", { skip: missing("influxd") }, () => {
  let influxdb: Influxdb;
  before(async () => {
    influxdb = await openInfluxdb();
  });
  after(() => influxdb.close());

  for (const strict of [false, true]) {
    for (const place of PLACES) {
      test(`every tricky ${place.name} comes back${strict ? ", strict" : ""}`, async () => {
        const database = `${place.name} ${strict}`;
        await influxdb.createDatabase(database);
        const db = encodeURIComponent(database);
        const push = `http://127.0.0.1:${influxdb.port}/write?db=${db}`;
        const rejected = await write(push, place, strict);
        const got = await Promise.all(place.rows.map((_, at) => read(database, place, strict, at)));
        const expected = place.rows.map((row) => [row[0], expectation(row, place, strict)]);
        assert.deepEqual(got, expected);
        assert.equal(rejected, 0);
      });
    }
  }

  async function read(database: string, place: Place, strict: boolean, at: number) {
    const row = place.rows[at] as Row;
    const where = place.find(`id${at}`, expectation(row, place, strict));
    const points = await readPoints(influxdb, where, database);
    return [row[0], points[0] === undefined ? undefined : place.get(points[0])] as const;
  }

  test("the same lines arrive by UDP as by HTTP", async () => {
    const [place] = PLACES.slice(2, 3);
    assert(place !== undefined);
    await write(`udp://127.0.0.1:${influxdb.udpPort}`, place, false);
    const names = place.rows.map((_, at) => `id${at}`);
    const values = async () => {
      const points = await readPoints(influxdb, "/^id[0-9]+$/");
      return names.map((name) => {
        const found = points.find(({ measurement }) => measurement === name);
        return found && place.get(found);
      });
    };
    await waitUntil(
      async () => !(await values()).includes(undefined),
      () => "not all datagrams arrived",
      10_000,
    );
    const expected = place.rows.map((row) => expectation(row, place, false));
    assert.deepEqual(await values(), expected);
  });

  test("a tag without a value is left out", async () => {
    const push = `http://127.0.0.1:${influxdb.port}/write?db=${influxdb.database}`;
    const monitor = await createMonitor({ vmName: "", push, intervalMs: HOUR_MS });
    const tags = ["a", "b", "c"];
    const source = monitor.source({ name: "empty", tags, fields: [{ key: "v", type: "i64" }] });
    source.series({ a: "", b: "1", c: "" }).report({ v: 1 });
    source.series({ a: "", b: "", c: "" }).report({ v: 2 });
    await monitor.close();
    const points = await readPoints(influxdb, "empty");
    assert.deepEqual(
      points
        .map(({ tags, fields }) => ({ tags, v: fields.v }))
        .sort((a, b) => Number(a.v) - Number(b.v)),
      [
        { tags: { b: "1" }, v: 1 },
        { tags: {}, v: 2 },
      ],
    );
  });
});

/** Pushes all rows of a place; how many lines the receiver rejected. */
async function write(push: string, place: Place, strict: boolean): Promise<number> {
  const monitor = await createMonitor({ push, strict, intervalMs: HOUR_MS });
  for (const [at, [, written]] of place.rows.entries()) place.put(monitor, `id${at}`, written);
  await monitor.push();
  const exposition = new TextDecoder().decode(monitor.prometheus());
  await monitor.close();
  return Number(/^monitor_push_rejected_lines_total\S* (\d+)$/m.exec(exposition)?.[1]);
}

/** Strict mode prefixes InfluxQL's keywords in all but strings. */
function expectation([, written, read = written]: Row, place: Place, strict: boolean): string {
  return strict && place.name !== "string" && read === "SELECT" ? "oSELECT" : read;
}
