/**
 * Line protocol as PROTOCOLS §1 and §5 want it: a row is a rule, what is reported, and the exact
 * text. What real receivers make of the escapes is tested in tests/peers.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CoreFlag, FieldType, SourceFlag } from "../../assembly/abi.js";
import { KEYWORDS } from "../../host/keywords.js";
import { type Value, write } from "./cell.js";
import { Core, type FieldDefinition, type SourceDefinition } from "./core.js";

interface Report extends Partial<SourceDefinition> {
  readonly values?: readonly string[];
  readonly writes?: readonly Value[];
  readonly flag?: number;
  readonly vm?: string;
}

type Row = readonly [rule: string, report: Report, text: string];

const WORDS = KEYWORDS.toUpperCase().split(" ");
const ONE: FieldDefinition = { key: "v", type: FieldType.Gauge };

function report(row: Report): string {
  const core = new Core(row.flag ?? CoreFlag.SortTags, 1e6, row.vm ?? "");
  const { name = "m", fields = [ONE], values = [], writes = [1], ...rest } = row;
  const source = core.source({ name, fields, ...rest });
  assert.ok(source > 0, `status ${source}`);
  const series = core.series(source, ...values);
  for (const [index, value] of writes.entries())
    write(core, core.cell(source, series, index), value);
  return Buffer.from(core.influx(1_700_000_000_000_000_000n), "latin1").toString();
}

/** A row about one field. */
function field(type: FieldType, value: Value, text: string, flag = 0): Report & { text: string } {
  return { fields: [{ key: "v", type }], writes: [value], flag, text };
}

const LINES: readonly Row[] = [
  ["no tags, no comma", {}, "m v=1i\n"],
  ["vm comes first", { vm: "h", tags: ["a"], values: ["x"] }, "m,vm=h,a=x v=1i\n"],
  ["vm is escaped", { vm: "a b,c=d\\" }, "m,vm=a\\ b\\,c\\=d/ v=1i\n"],
  [
    "tags are sorted by key",
    { vm: "h", tags: ["z", "a", "m"], values: ["1", "2", "3"] },
    "m,vm=h,a=2,m=3,z=1 v=1i\n",
  ],
  [
    "tags in the definition's order",
    { flag: 0, tags: ["z", "a", "m"], values: ["1", "2", "3"] },
    "m,z=1,a=2,m=3 v=1i\n",
  ],
  [
    "a shorter key sorts first, bytes above 127 last",
    { tags: ["é", "ab", "a", "Z"], values: ["1", "2", "3", "4"] },
    "m,Z=4,a=3,ab=2,é=1 v=1i\n",
  ],
  ["an empty tag value is left out", { tags: ["a", "b"], values: ["", "x"] }, "m,b=x v=1i\n"],
  ["all tag values empty", { tags: ["a", "b"], values: ["", ""] }, "m v=1i\n"],
  ["timestamp in nanoseconds", { flag: CoreFlag.Timestamps }, "m v=1i 1700000000000000000\n"],
  [
    "fields joined by commas, in the definition's order",
    {
      fields: [
        { key: "b", type: FieldType.I64 },
        { key: "a", type: FieldType.F64 },
      ],
      writes: [-3n, 0.5],
    },
    "m b=-3i,a=0.5\n",
  ],
];

const NAMES: readonly Row[] = [
  [
    "measurement: comma is refused at registration, space escaped",
    { name: "a b=c" },
    "a\\ b=c v=1i\n",
  ],
  ["measurement: # would be a comment", { name: "#a#" }, "_a# v=1i\n"],
  ["measurement: backslash at the end", { name: "a\\" }, "a/ v=1i\n"],
  ["measurement: backslash inside stays", { name: "a\\b" }, "a\\b v=1i\n"],
  ["tag key", { tags: ["a,b=c d"], values: ["x"] }, "m,a\\,b\\=c\\ d=x v=1i\n"],
  ["tag key: newline becomes space", { tags: ["a\nb"], values: ["x"] }, "m,a\\ b=x v=1i\n"],
  ["tag value", { tags: ["k"], values: ["a,b=c d"] }, "m,k=a\\,b\\=c\\ d v=1i\n"],
  ["tag value: newline becomes space", { tags: ["k"], values: ["a\nb"] }, "m,k=a\\ b v=1i\n"],
  ["tag value: quote stays", { tags: ["k"], values: ['a"b'] }, 'm,k=a"b v=1i\n'],
  ["tag value: # stays", { tags: ["k"], values: ["#"] }, "m,k=# v=1i\n"],
  ["tag value: UTF-8 stays", { tags: ["k"], values: ["naïve 🐫"] }, "m,k=naïve\\ 🐫 v=1i\n"],
  ["backslash before a comma", { tags: ["k"], values: ["a\\,b"] }, "m,k=a/\\,b v=1i\n"],
  ["backslash before an equals sign", { tags: ["k"], values: ["a\\=b"] }, "m,k=a/\\=b v=1i\n"],
  ["backslash before a space", { tags: ["k"], values: ["a\\ b"] }, "m,k=a/\\ b v=1i\n"],
  ["backslash before a newline", { tags: ["k"], values: ["a\\\nb"] }, "m,k=a/\\ b v=1i\n"],
  ["backslash before a quote", { tags: ["k"], values: ['a\\"b'] }, 'm,k=a/"b v=1i\n'],
  ["backslash before another", { tags: ["k"], values: ["a\\\\b"] }, "m,k=a/\\b v=1i\n"],
  ["backslash at the end", { tags: ["k"], values: ["a\\\\"] }, "m,k=a// v=1i\n"],
  [
    "backslash before a letter stays",
    { tags: ["k"], values: ["C:\\dir\\n"] },
    "m,k=C:\\dir\\n v=1i\n",
  ],
  ["tag `time` is renamed", { tags: ["time"], values: ["x"] }, "m,time_=x v=1i\n"],
  ["tag value `time` is not", { tags: ["k"], values: ["time"] }, "m,k=time v=1i\n"],
  ["field `time` is renamed", { fields: [{ key: "time", type: FieldType.Gauge }] }, "m time_=1i\n"],
  ["measurement `time` is not", { name: "time" }, "time v=1i\n"],
  [
    "field key",
    { fields: [{ key: "a,b=c d\n\\", type: FieldType.Gauge }] },
    "m a\\,b\\=c\\ d\\ /=1i\n",
  ],
  ["keywords stay", { name: "ALL", tags: ["from"], values: ["to"] }, "ALL,from=to v=1i\n"],
  [
    "strict: keywords get an o, in any case, everywhere",
    {
      flag: CoreFlag.Strict,
      vm: "write",
      name: "all",
      tags: ["From", "k"],
      values: ["TO", "alle"],
      fields: [{ key: "where", type: FieldType.Gauge }],
    },
    "oall,vm=owrite,oFrom=oTO,k=alle owhere=1i\n",
  ],
  [
    "strict: the first and the last keyword",
    { flag: CoreFlag.Strict, name: "WRITE", tags: ["a"], values: ["ALL"] },
    "oWRITE,a=oALL v=1i\n",
  ],
  [
    "strict: part of a keyword is none",
    { flag: CoreFlag.Strict, name: "WRIT", tags: ["a"], values: ["ALL ALTER"] },
    "WRIT,a=ALL\\ ALTER v=1i\n",
  ],
  [
    "strict: tags are escaped, too",
    { flag: CoreFlag.Strict, tags: ["a"], values: ["x y"] },
    "m,a=x\\ y v=1i\n",
  ],
];

const VALUES: readonly (readonly [rule: string, report: Report & { text: string }])[] = [
  ["an integer gauge", field(FieldType.Gauge, -17, "-17i")],
  ["an integer gauge truncates", field(FieldType.Gauge, -1.9, "-1i")],
  ["an integer gauge saturates", field(FieldType.Gauge, 1e300, "9223372036854775807i")],
  ["an integer counter", field(FieldType.Counter, 17, "17i")],
  ["a float counter", field(FieldType.FloatCounter, 0.1, "0.1")],
  ["a float gauge that is an integer", field(FieldType.FloatGauge, 1, "1")],
  ["floats are shortest round-trip", field(FieldType.F64, 0.1 + 0.2, "0.30000000000000004")],
  ["large floats", field(FieldType.F64, 1e21, "1e+21")],
  ["small floats", field(FieldType.F64, -1.5e-7, "-1.5e-7")],
  ["negative zero", field(FieldType.F64, -0, "0")],
  ["NaN is left out", field(FieldType.F64, Number.NaN, "")],
  ["+Inf is left out", field(FieldType.F64, Number.POSITIVE_INFINITY, "")],
  ["-Inf is left out", field(FieldType.Gauge, Number.NEGATIVE_INFINITY, "")],
  ["NaN as an integer is left out", field(FieldType.Gauge, Number.NaN, "")],
  ["true", field(FieldType.Bool, 1, "true")],
  ["false", field(FieldType.Bool, 0, "false")],
  ["a duration in nanoseconds", field(FieldType.Duration, 1.5e9, "1500000000i")],
  ["the least i64", field(FieldType.I64, -(2n ** 63n), "-9223372036854775808i")],
  ["unsigned saturates", field(FieldType.U64, 2n ** 64n - 1n, "9223372036854775807i")],
  ["unsigned", field(FieldType.U64, 2n ** 63n - 1n, "9223372036854775807i")],
  [
    "unsigned with suffix",
    field(FieldType.U64, 2n ** 64n - 1n, "18446744073709551615u", CoreFlag.UnsignedSuffix),
  ],
  [
    "unsigned as float",
    field(FieldType.U64, 2n ** 64n - 1n, "18446744073709552000", CoreFlag.UnsignedFloat),
  ],
  ["a text", field(FieldType.Text, "up", '"up"')],
  ["an empty text", field(FieldType.Text, "", '""')],
  ["a text with escapes", field(FieldType.Text, 'a"b\\c\nd,e=f g', '"a\\"b\\\\c\\\\nd,e=f g"')],
];

const COMPOUND: readonly Row[] = [
  [
    "a histogram: cumulative, in one line",
    {
      fields: [{ key: "latency", type: FieldType.Histogram, parameters: [0.005, 1] }],
      writes: [[0.005, 0.5, 0.75, 4]],
    },
    "m latency_count=4,latency_sum=5.255,latency_0.005=1,latency_1=3,latency_+Inf=4\n",
  ],
  [
    "a histogram without bounds",
    { fields: [{ key: "h", type: FieldType.Histogram }], writes: [[2, 3]] },
    "m h_count=2,h_sum=5,h_+Inf=2\n",
  ],
  [
    "a sum that is not finite is left out",
    {
      fields: [{ key: "h", type: FieldType.Histogram, parameters: [1] }],
      writes: [[Number.POSITIVE_INFINITY]],
    },
    "m h_count=1,h_1=0,h_+Inf=1\n",
  ],
  [
    "a summary",
    { fields: [{ key: "s", type: FieldType.Summary }], writes: [[2, 3]] },
    "m s_count=2,s_sum=5\n",
  ],
  [
    "quantiles of an empty summary are left out",
    { fields: [{ key: "s", type: FieldType.Summary, parameters: [0.5] }], writes: [[]] },
    "m s_count=0,s_sum=0\n",
  ],
  [
    "NaN among others is left out alone",
    {
      fields: [
        { key: "a", type: FieldType.F64 },
        { key: "b", type: FieldType.F64 },
        { key: "c", type: FieldType.F64 },
      ],
      writes: [1, Number.NaN, 3],
    },
    "m a=1,c=3\n",
  ],
];

const FAMILY = { flags: SourceFlag.Family, tags: ["method"], values: ["get"] };

const FAMILIES: readonly Row[] = [
  [
    "a counter, by its exposed name, as float",
    {
      ...FAMILY,
      name: "http_requests",
      fields: [{ key: "value", type: FieldType.Counter }],
      writes: [17],
    },
    "http_requests_total,method=get counter=17\n",
  ],
  [
    "a gauge",
    { ...FAMILY, name: "heat", fields: [{ key: "value", type: FieldType.Gauge }], writes: [2.5] },
    "heat,method=get gauge=2.5\n",
  ],
  [
    "a histogram",
    {
      ...FAMILY,
      name: "took",
      fields: [{ key: "value", type: FieldType.Histogram, parameters: [0.1, 1] }],
      writes: [[0.5, 2]],
    },
    "took,method=get count=2,sum=2.5,0.1=0,1=1,+Inf=2\n",
  ],
  [
    "a summary",
    {
      ...FAMILY,
      name: "took",
      fields: [{ key: "value", type: FieldType.Summary }],
      writes: [[0.5, 2]],
    },
    "took,method=get count=2,sum=2.5\n",
  ],
];

describe("influx", () => {
  for (const [rule, row, text] of [...LINES, ...NAMES, ...COMPOUND]) {
    test(rule, () => assert.equal(report(row), text));
  }

  for (const [rule, row] of VALUES) {
    test(rule, () => assert.equal(report(row), row.text && `m v=${row.text}\n`));
  }

  for (const [rule, row, text] of FAMILIES) {
    test(`family: ${rule}`, () => assert.equal(report(row), text));
  }

  test("family: quantiles of a summary", () => {
    const row = { ...FAMILY, name: "took", writes: [[1, 1, 1]] };
    const fields = [{ key: "value", type: FieldType.Summary, parameters: [0.5, 0.99] }];
    const line = /^took,method=get count=3,sum=3,0.5=([\d.]+),0.99=([\d.]+)\n$/.exec(
      report({ ...row, fields }),
    );
    for (const quantile of [line?.[1], line?.[2]])
      assert.ok(Math.abs(Number(quantile) - 1) < 0.016);
  });

  test("every keyword of the original gets an o in strict mode", () => {
    for (const keyword of WORDS) {
      assert.equal(report({ flag: CoreFlag.Strict, name: keyword }), `o${keyword} v=1i\n`);
    }
    assert.equal(WORDS.length, 73);
  });
});
