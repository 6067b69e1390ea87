/**
 * Memory grows when something registers, and never else: a million of each other thing.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { FieldType, Format, INPUT_BYTES_MAX, Status } from "../../assembly/abi.js";
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
  const { exports, writes } = core;
  let cells: readonly number[] = [];
  let memoryBytes = 0;

  before(() => {
    const source = core.source({ name: "net", tags: ["kind"], fields: FIELDS });
    const series = core.series(source, "v4");
    cells = FIELDS.map((_, index) => core.cell(source, series, index));
    core.log("dns");
    for (const command of COMMANDS) core.command(command);
    core.command("M*:on");
    memoryBytes = core.memoryBytes;
  });

  test("in a million updates of each kind of cell", () => {
    const [counter, gauge, integer, histogram, summary] = cells as [number, ...number[]];
    const handle = exports.handle(counter);
    memoryBytes = core.memoryBytes; // a handle is a registration
    for (let i = 0; i < MILLION; i++) {
      writes.counterAdd(counter, 1);
      writes.gaugeSet(gauge ?? 0, i / 3);
      writes.gaugeAdd(gauge ?? 0, -1);
      writes.setInteger(integer ?? 0, BigInt(i));
      exports.observeCell(histogram ?? 0, i % 20);
      exports.observeCell(summary ?? 0, i / MILLION);
      exports.counterAdd(handle, 1);
    }
    assert.equal(core.memoryBytes, memoryBytes);
    assert.match(core.influx(), /counter=2000000i/);
    assert.match(core.prometheus(), /net_histogram_count\{.*\} 1000000$/m);
    assert.equal(exports.refusedCount(), 0);
  });

  test("when a message is refused, whatever it would have taken", () => {
    const bounds = Array.from({ length: 250 }, (_, index) => index);
    const fields = Array.from({ length: 10 }, (_, index) => {
      return { key: `h${index}`, type: FieldType.Histogram, parameters: bounds };
    });
    const many = core.source({ name: "many", tags: ["kind"], fields });
    memoryBytes = core.memoryBytes; // a source is a registration
    assert.equal(exports.series(many, INPUT_BYTES_MAX), Status.Malformed);
    assert.equal(core.memoryBytes, memoryBytes);
  });

  test("in a million Influx encodes", () => {
    const expected = exports.encode(Format.Influx, 1n);
    for (let i = 0; i < MILLION; i++) assert.equal(exports.encode(Format.Influx, 1n), expected);
    assert.equal(core.memoryBytes, memoryBytes);
  });

  test("in a million Prometheus encodes", () => {
    const expected = exports.encode(Format.Prometheus, 1n);
    for (let i = 0; i < MILLION; i++) {
      if (exports.encode(Format.Prometheus, 1n) !== expected) assert.fail(`encode ${i}`);
    }
    assert.equal(core.memoryBytes, memoryBytes);
  });

  test("in a million commands", () => {
    const commands = COMMANDS.map((command) => Buffer.from(command));
    for (let i = 0; i < MILLION; i++) {
      const byteCount = core.input(commands[i % commands.length] ?? "");
      exports.command(byteCount, BigInt(i), 0);
    }
    assert.equal(core.memoryBytes, memoryBytes);
  });
});
