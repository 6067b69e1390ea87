/**
 * Memory grows when something registers, and never else: a million of each other thing.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { FieldType, Level } from "../../assembly/abi.js";
import { Core } from "./core.js";

const MILLION = 1_000_000;

const FIELDS = [
  { key: "counter", type: FieldType.Counter },
  { key: "gauge", type: FieldType.FloatGauge },
  { key: "integer", type: FieldType.I64 },
  { key: "histogram", type: FieldType.Histogram, parameters: [0.1, 1, 10] },
  { key: "summary", type: FieldType.Summary, parameters: [0.5, 0.99] },
  { key: "text", type: FieldType.Text },
];

const COMMANDS = [
  "Ldns:debug",
  "L*:info",
  "l*",
  "Mnet:disable",
  "Mtag:kind:enable",
  "M*:on",
  "m*",
  "Ldns:debug for 10m",
  "Mnope:on",
  "?",
];

describe("memory does not grow", () => {
  const core = new Core();
  const { exports } = core;
  let cells: readonly number[] = [];
  let log = 0;
  let memoryBytes = 0;

  before(() => {
    const source = core.source({ name: "net", tags: ["kind"], fields: FIELDS });
    const series = core.series(source, "v4");
    cells = FIELDS.map((_, index) => core.cell(source, series, index));
    log = core.log("dns");
    for (const command of COMMANDS) core.command(command);
    core.command("M*:on");
    memoryBytes = core.memoryBytes;
  });

  test("in a million updates of each kind of cell", () => {
    const [counter, gauge, integer, histogram, summary, text] = cells as [number, ...number[]];
    const handle = exports.allocateHandle(counter);
    memoryBytes = core.memoryBytes; // a handle is a registration
    const byteCount = core.input("établi");
    for (let i = 0; i < MILLION; i++) {
      exports.counterAdd(counter, 1);
      exports.gaugeSet(gauge ?? 0, i / 3);
      exports.gaugeAdd(gauge ?? 0, -1);
      exports.setInteger(integer ?? 0, BigInt(i));
      exports.observe(histogram ?? 0, i % 20);
      exports.observe(summary ?? 0, i / MILLION);
      exports.setText(text ?? 0, byteCount);
      exports.handleCounterAdd(handle, 1);
    }
    assert.equal(core.memoryBytes, memoryBytes);
    assert.match(core.influx(), /counter=2000000i/);
    assert.match(core.prometheus(), /net_histogram_count\{.*\} 1000000$/m);
    assert.equal(exports.refusedCount(), 0);
  });

  test("in a million Influx encodes", () => {
    const expected = core.influx(1n).length;
    for (let i = 0; i < MILLION; i++) assert.equal(exports.encodeInflux(1n), expected);
    assert.equal(core.memoryBytes, memoryBytes);
  });

  test("in a million Prometheus encodes", () => {
    const expected = core.prometheus(1n).length;
    for (let i = 0; i < MILLION; i++) {
      if (exports.encodePrometheus(0, 1n) !== expected) assert.fail(`encode ${i}`);
    }
    assert.equal(core.memoryBytes, memoryBytes);
  });

  test("in a million commands and questions to the log gate", () => {
    const commands = COMMANDS.map((command) => Buffer.from(command));
    for (let i = 0; i < MILLION; i++) {
      const byteCount = core.input(commands[i % commands.length] ?? "");
      exports.command(byteCount, BigInt(i), 0);
      exports.logPasses(log, Level.Debug);
    }
    assert.equal(core.memoryBytes, memoryBytes);
  });
});
