/**
 * Exposition as PROTOCOLS §4 and §5 want it, in text format 0.0.4 and OpenMetrics 1.0: a row is a
 * rule, what is reported, and the exact lines. That real scrapers take it is tested in tests/peers.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CoreFlag, FieldType, SourceFlag } from "../../assembly/abi.js";
import { type Value, write } from "./cell.js";
import { Core, type FieldDefinition, type SourceDefinition } from "./core.js";

interface Report extends Partial<SourceDefinition> {
  readonly values?: readonly string[];
  readonly writes?: readonly Value[];
}

type Row = readonly [rule: string, report: Report, lines: readonly string[]];

const ONE: FieldDefinition = { key: "v", type: FieldType.Gauge };

function expose(row: Report, openMetrics: boolean): string {
  const core = new Core(CoreFlag.SortTags);
  const { name = "m", fields = [ONE], values = [], writes = [1], ...rest } = row;
  const source = core.source({ name, fields, ...rest });
  assert.ok(source > 0, `status ${source}`);
  const series = core.series(source, ...values);
  for (const [index, value] of writes.entries())
    write(core, core.cell(source, series, index), value);
  return Buffer.from(core.prometheus(0n, openMetrics), "latin1").toString();
}

/** One field of source `m` without tags. */
function one(type: FieldType, value: Value, more: Partial<FieldDefinition> = {}): Report {
  return { fields: [{ key: "v", type, ...more }], writes: [value] };
}

const gauge = (name: string, value: string) => [`# TYPE ${name} gauge`, `${name} ${value}`];
const counter = (name: string, value: string) => [`# TYPE ${name} counter`, `${name} ${value}`];

/** Lines that both formats share. */
const BOTH: readonly Row[] = [
  ["an integer gauge", one(FieldType.Gauge, 3), gauge("m_v", "3")],
  ["an integer gauge truncates", one(FieldType.Gauge, -2.5), gauge("m_v", "-2")],
  ["a float gauge", one(FieldType.FloatGauge, 0.1), gauge("m_v", "0.1")],
  ["a float", one(FieldType.F64, -1e-9), gauge("m_v", "-1e-9")],
  ["an i64", one(FieldType.I64, -(2n ** 63n)), gauge("m_v", "-9223372036854775808")],
  ["a u64", one(FieldType.U64, 2n ** 64n - 1n), gauge("m_v", "18446744073709551615")],
  ["true is 1", one(FieldType.Bool, 1), gauge("m_v", "1")],
  ["false is 0", one(FieldType.Bool, 0), gauge("m_v", "0")],
  ["whatever is not 0 is true", one(FieldType.Bool, 7), gauge("m_v", "1")],
  ["a duration in seconds", one(FieldType.Duration, 1.5e9), gauge("m_v_seconds", "1.5")],
  ["NaN", one(FieldType.F64, Number.NaN), gauge("m_v", "NaN")],
  ["+Inf", one(FieldType.F64, Number.POSITIVE_INFINITY), gauge("m_v", "+Inf")],
  ["-Inf", one(FieldType.Gauge, Number.NEGATIVE_INFINITY), gauge("m_v", "-Inf")],
  ["a unit is a suffix", one(FieldType.Gauge, 3, { unit: "bytes" }), gauge("m_v_bytes", "3")],
  [
    "a unit that is there already",
    one(FieldType.Gauge, 3, { key: "v_bytes", unit: "bytes" }),
    gauge("m_v_bytes", "3"),
  ],
  ["a unit is mapped to a name", one(FieldType.Gauge, 3, { unit: "m/s" }), gauge("m_v_m_s", "3")],
  [
    "a duration that says so",
    one(FieldType.Duration, 2e9, { key: "up_seconds" }),
    gauge("m_up_seconds", "2"),
  ],
  [
    "what a name may not have is _",
    { name: "a-b.c", ...one(FieldType.Gauge, 3, { key: "x y" }) },
    gauge("a_b_c_x_y", "3"),
  ],
  ["a name does not start with a digit", { name: "1m" }, gauge("_1m_v", "1")],
  ["a key may start with a digit", one(FieldType.Gauge, 3, { key: "1xx" }), gauge("m_1xx", "3")],
  [
    "a key with the source's name gets no second one",
    { name: "memory", ...one(FieldType.Gauge, 3, { key: "memory heap words" }) },
    gauge("memory_heap_words", "3"),
  ],
  [
    "a key that only begins like the source gets one",
    { name: "memory", ...one(FieldType.Gauge, 3, { key: "memoryless" }) },
    gauge("memory_memoryless", "3"),
  ],
  ["a prefix replaces the name", { name: "disk", prefix: "wasm_disk" }, gauge("wasm_disk_v", "1")],
  [
    "labels in the order of tags",
    { tags: ["z", "a"], values: ["1", "2"] },
    ["# TYPE m_v gauge", 'm_v{a="2",z="1"} 1'],
  ],
  [
    "label values escape backslash, quote, newline",
    { tags: ["k"], values: ['a"b\\c\nd,e=f g'] },
    ["# TYPE m_v gauge", 'm_v{k="a\\"b\\\\c\\nd,e=f g"} 1'],
  ],
  ["an empty label value", { tags: ["k"], values: [""] }, ["# TYPE m_v gauge", 'm_v{k=""} 1']],
  [
    "a label name is mapped, colons too",
    { tags: ["a:b c"], values: ["x"] },
    ["# TYPE m_v gauge", 'm_v{a_b_c="x"} 1'],
  ],
  [
    "a label name does not start with two _",
    { tags: ["é"], values: ["x"] },
    ["# TYPE m_v gauge", 'm_v{x_="x"} 1'],
  ],
  [
    "a histogram",
    {
      tags: ["k"],
      values: ["x"],
      ...one(FieldType.Histogram, [0.5, 1, 2], { parameters: [0.1, 1] }),
    },
    [
      "# TYPE m_v histogram",
      'm_v_bucket{k="x",le="0.1"} 0',
      'm_v_bucket{k="x",le="1"} 2',
      'm_v_bucket{k="x",le="+Inf"} 3',
      'm_v_sum{k="x"} 3.5',
      'm_v_count{k="x"} 3',
    ],
  ],
  [
    "a histogram without bounds or labels",
    one(FieldType.Histogram, [-1]),
    ["# TYPE m_v histogram", 'm_v_bucket{le="+Inf"} 1', "m_v_sum -1", "m_v_count 1"],
  ],
  [
    "a summary",
    { tags: ["k"], values: ["x"], ...one(FieldType.Summary, [1, 2]) },
    ["# TYPE m_v summary", 'm_v_sum{k="x"} 3', 'm_v_count{k="x"} 2'],
  ],
  [
    "an empty summary with quantiles",
    one(FieldType.Summary, [], { parameters: [0.5, 0.99] }),
    [
      "# TYPE m_v summary",
      'm_v{quantile="0.5"} NaN',
      'm_v{quantile="0.99"} NaN',
      "m_v_sum 0",
      "m_v_count 0",
    ],
  ],
  [
    "a family keeps its name",
    {
      name: "http:in_flight",
      flags: SourceFlag.Family,
      tags: ["method"],
      values: ["get"],
      ...one(FieldType.Gauge, 2),
    },
    ["# TYPE http:in_flight gauge", 'http:in_flight{method="get"} 2'],
  ],
  [
    "fields follow one another, each with its help",
    {
      help: "All.",
      fields: [
        { key: "a", type: FieldType.Gauge },
        { key: "b", type: FieldType.Gauge, help: "Its own." },
      ],
      writes: [1, 2],
    },
    [
      "# HELP m_a All.",
      "# TYPE m_a gauge",
      "m_a 1",
      "# HELP m_b Its own.",
      "# TYPE m_b gauge",
      "m_b 2",
    ],
  ],
];

/** Where the formats differ: a row is a rule, what is reported, 0.0.4, OpenMetrics. */
const DIFFERENT: readonly (readonly [...Row, openMetrics: readonly string[]])[] = [
  [
    "a counter",
    { help: "H.", ...one(FieldType.Counter, 17) },
    ["# HELP m_v_total H.", ...counter("m_v_total", "17")],
    ["# HELP m_v H.", "# TYPE m_v counter", "m_v_total 17"],
  ],
  [
    "a counter called total",
    one(FieldType.Counter, 1, { key: "total" }),
    counter("m_total", "1"),
    ["# TYPE m counter", "m_total 1"],
  ],
  [
    "a counter with a unit",
    one(FieldType.FloatCounter, 0.5, { unit: "seconds" }),
    counter("m_v_seconds_total", "0.5"),
    ["# TYPE m_v_seconds counter", "m_v_seconds_total 0.5"],
  ],
  [
    "a counter with both already",
    one(FieldType.Counter, 1, { key: "v_bytes_total", unit: "bytes" }),
    counter("m_v_bytes_total", "1"),
    ["# TYPE m_v_bytes counter", "m_v_bytes_total 1"],
  ],
  [
    "a counter of a family",
    { name: "http_requests", flags: SourceFlag.Family, ...one(FieldType.Counter, 1) },
    counter("http_requests_total", "1"),
    ["# TYPE http_requests counter", "http_requests_total 1"],
  ],
  [
    "a counter that keeps its exact name",
    {
      name: "Mirage_qcow_reads",
      flags: SourceFlag.Family | SourceFlag.ExactName,
      ...one(FieldType.Counter, 1),
    },
    counter("Mirage_qcow_reads", "1"),
    ["# TYPE Mirage_qcow_reads unknown", "Mirage_qcow_reads 1"],
  ],
  [
    "help escapes",
    { help: 'a"b\\c\nd' },
    ['# HELP m_v a"b\\\\c\\nd', ...gauge("m_v", "1")],
    ['# HELP m_v a\\"b\\\\c\\nd', ...gauge("m_v", "1")],
  ],
  [
    "texts are labels of one info",
    {
      tags: ["kind"],
      values: ["v4"],
      fields: [
        { key: "state", type: FieldType.Text },
        { key: "active", type: FieldType.Gauge },
        { key: "who?", type: FieldType.Text },
      ],
      writes: ['u"p', 1, ""],
    },
    [
      "# TYPE m_active gauge",
      'm_active{kind="v4"} 1',
      "# TYPE m_info gauge",
      'm_info{kind="v4",state="u\\"p",who_=""} 1',
    ],
    [
      "# TYPE m_active gauge",
      'm_active{kind="v4"} 1',
      "# TYPE m info",
      'm_info{kind="v4",state="u\\"p",who_=""} 1',
    ],
  ],
  [
    "a text without labels",
    one(FieldType.Text, "up"),
    ["# TYPE m_info gauge", 'm_info{v="up"} 1'],
    ["# TYPE m info", 'm_info{v="up"} 1'],
  ],
];

const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

describe("prometheus", () => {
  for (const [rule, row, lines, openMetrics = lines] of [
    ...BOTH,
    ...DIFFERENT,
  ] as (typeof DIFFERENT)[number][]) {
    test(`0.0.4: ${rule}`, () => assert.equal(expose(row, false), text(lines)));
    test(`OpenMetrics: ${rule}`, () =>
      assert.equal(expose(row, true), text([...openMetrics, "# EOF"])));
  }

  test("nothing registered: an empty body, or the end alone", () => {
    const core = new Core();
    assert.equal(core.prometheus(), "");
    assert.equal(core.prometheus(0n, true), "# EOF\n");
  });

  test("a source without series shows no header", () => {
    const core = new Core();
    core.source({ name: "m", tags: ["k"], fields: [ONE] });
    assert.equal(core.prometheus(), "");
  });

  test("all series of a family follow its header, in the order they came", () => {
    const core = new Core();
    const source = core.source({ name: "m", tags: ["k"], fields: [ONE] });
    for (const value of ["b", "a", "c"]) core.series(source, value);
    assert.equal(core.prometheus(), '# TYPE m_v gauge\nm_v{k="b"} 0\nm_v{k="a"} 0\nm_v{k="c"} 0\n');
  });

  test("quantiles are within 1.6 % of the truth", () => {
    const core = new Core();
    const fields = [{ key: "s", type: FieldType.Summary, parameters: [0, 0.5, 0.9, 1] }];
    const source = core.source({ name: "m", fields });
    const cell = core.cell(source, core.series(source));
    for (let index = 1; index <= 1000; index++) core.exports.observeCell(cell, index / 1000);
    for (const [quantile, expected] of [
      ["0", 0.001],
      ["0.5", 0.5],
      ["0.9", 0.9],
      ["1", 1],
    ] as const) {
      const line = core
        .prometheus()
        .split("\n")
        .find((each) => each.includes(`"${quantile}"`));
      const value = Number(line?.split(" ")[1]);
      assert.ok(Math.abs(value - expected) <= expected * 0.016, line);
    }
  });
});
