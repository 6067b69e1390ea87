/**
 * The types of PROTOCOLS §5 as a real InfluxDB stores them: a type conflict loses points.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { UnsignedForm } from "../../host/core.js";
import { createMonitor, type FieldKind, type FieldValue } from "../../host/index.js";
import { type FieldKey, type Influxdb, type InfluxValue, openInfluxdb } from "./influxdb.js";
import { missing } from "./program.js";
import { readPoints } from "./stored.js";

const HOUR_MS = 3_600_000;

type Row = readonly [
  type: FieldKind,
  value: FieldValue,
  influxType: FieldKey["type"],
  stored: InfluxValue,
];

const ROWS: readonly Row[] = [
  ["bool", true, "boolean", true],
  ["bool", 0, "boolean", false],
  ["f64", 0.1, "float", 0.1],
  ["f64", 3, "float", 3],
  ["f64", -1.7976931348623157e308, "float", -1.7976931348623157e308],
  ["f64", 5e-324, "float", 5e-324],
  ["i64", -(2n ** 63n), "integer", -(2n ** 63n)],
  ["i64", 2n ** 63n - 1n, "integer", 2n ** 63n - 1n],
  ["i64", 2n ** 53n + 1n, "integer", 2n ** 53n + 1n],
  ["u64", 2n ** 53n + 1n, "integer", 2n ** 53n + 1n],
  ["u64", 2n ** 64n - 1n, "integer", 2n ** 63n - 1n],
  ["duration", 1_500_000_000, "integer", 1_500_000_000],
  ["counter", 7, "integer", 7],
  ["counter", 2 ** 53, "integer", 2n ** 53n],
  ["float-counter", 7, "float", 7],
  ["gauge", -2.9, "integer", -2],
  ["float-gauge", -2, "float", -2],
  ["text", "up", "string", "up"],
];

describe("influxdb: types", { skip: missing("influxd") }, () => {
  let influxdb: Influxdb;
  before(async () => {
    influxdb = await openInfluxdb();
  });
  after(() => influxdb.close());

  test("each field type keeps its value, and its type for ever", async () => {
    const monitor = await createMonitor({ push: urlOf(influxdb), intervalMs: HOUR_MS });
    const fields = ROWS.map(([type], at) => ({ key: `${type}-${at}`, type }));
    const values = ROWS.map(([type, value], at) => [`${type}-${at}`, value]);
    monitor.source({ name: "kinds", fields }).report(Object.fromEntries(values));
    await monitor.close();

    const keys = await influxdb.fieldKeys("kinds");
    const [point] = await readPoints(influxdb, "kinds");
    for (const [at, [type, , influxType, stored]] of ROWS.entries()) {
      const key = `${type}-${at}`;
      const types = keys.filter((each) => each.key === key).map((each) => each.type);
      assert.deepEqual(types, [influxType], key);
      assertSame(point?.fields[key], stored, key);
    }
  });

  test("a family's values and every part of a distribution are floats", async () => {
    const monitor = await createMonitor({ push: urlOf(influxdb), intervalMs: HOUR_MS });
    monitor.counter({ name: "hits", help: "Hits." }).inc(2);
    monitor.gauge({ name: "load", help: "Load." }).set(1);
    const bounds = [0.5, 1];
    monitor.histogram({ name: "wait", help: "Wait.", bounds }).observe(0.7);
    monitor.summary({ name: "size", help: "Size.", quantiles: [0.5] }).observe(4);
    await monitor.close();

    const fieldsOf = async (name: string) => (await readPoints(influxdb, name))[0]?.fields;
    assert.deepEqual(await fieldsOf("hits_total"), { counter: 2 });
    assert.deepEqual(await fieldsOf("load"), { gauge: 1 });
    assert.deepEqual(await fieldsOf("wait"), { count: 1, sum: 0.7, "0.5": 0, "1": 1, "+Inf": 1 });
    assert.deepEqual(Object.keys((await fieldsOf("size")) ?? {}).sort(), ["0.5", "count", "sum"]);
    const types = new Set<string>();
    for (const name of ["hits_total", "load", "wait", "size"]) {
      for (const { type } of await influxdb.fieldKeys(name)) types.add(type);
    }
    assert.deepEqual([...types], ["float"]);
  });

  test("values that come and go cause no type conflict in 50 pushes", async () => {
    const monitor = await createMonitor({ push: urlOf(influxdb), intervalMs: HOUR_MS });
    const source = monitor.source({
      name: "changing",
      fields: [
        { key: "gauge", type: "gauge" },
        { key: "real", type: "float-gauge" },
        { key: "count", type: "counter" },
      ],
    });
    const odd = [0, 1, -0, 0.5, 1e21, -1e-7, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 3];
    for (let round = 0; round < 50; round++) {
      const value = odd[round % odd.length] ?? 0;
      source.report({ gauge: value, real: value, count: round });
      await monitor.push();
    }
    await monitor.close();

    const points = await readPoints(influxdb, "changing");
    assert.equal(points.length, 51, "one more by close()");
    assert.equal(points.at(-1)?.fields.count, 49);
    const types = (await influxdb.fieldKeys("changing")).map(({ key, type }) => `${key} ${type}`);
    assert.deepEqual(types.sort(), ["count integer", "gauge integer", "real float"]);
    // NaN and infinities are left out: 40 rounds of finite values, and the last again.
    assert.equal(points.filter(({ fields }) => "real" in fields).length, 41);
    const [own] = (await readPoints(influxdb, "monitor_push")).slice(-1);
    assert.equal(own?.fields.rejected_lines, 0);
  });

  const forms: readonly (readonly [UnsignedForm, FieldKey["type"], InfluxValue])[] = [
    ["i", "integer", 2n ** 63n - 1n],
    ["float", "float", 2 ** 64],
  ];
  for (const [unsigned, type, stored] of forms) {
    test(`the largest unsigned integer as ${unsigned} is an Influx ${type}`, async () => {
      const options = { push: urlOf(influxdb), intervalMs: HOUR_MS, unsigned };
      const monitor = await createMonitor(options);
      const name = `unsigned-${unsigned}`;
      monitor.source({ name, fields: [{ key: "n", type: "u64" }] }).report({ n: 2n ** 64n - 1n });
      await monitor.close();
      const [point] = await readPoints(influxdb, `"${name}"`);
      assertSame(point?.fields.n, stored, name);
      assert.equal((await influxdb.fieldKeys(name))[0]?.type, type);
    });
  }
});

function urlOf({ port, database }: Influxdb): string {
  return `http://127.0.0.1:${port}/write?db=${database}`;
}

/** InfluxDB writes large floats without a fraction, so that they are read as bigints. */
function assertSame(actual: InfluxValue | undefined, expected: InfluxValue, key: string): void {
  const isFloat = typeof expected === "number" && typeof actual === "bigint";
  assert.equal(isFloat ? Number(actual) : actual, expected, key);
}
