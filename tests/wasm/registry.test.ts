/**
 * Registration and what follows from it: refusals that leave nothing behind, caps, reuse of
 * records, time to live, handles, switches. Outputs are compared byte for byte.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CoreFlag, FieldType, LOG_LEVEL_OFFSET, SourceFlag, Status } from "../../assembly/abi.js";
import { Core, type FieldDefinition, type SourceDefinition } from "./core.js";

const { Counter, FloatGauge, Gauge, Histogram, I64, Summary, Text } = FieldType;
const ONE: FieldDefinition = { key: "v", type: Gauge };
const FAMILY = SourceFlag.Family;
const SECOND_NS = 1_000_000_000n;

/** All that the core shows. */
function view(core: Core, nowNs = 0n): string {
  const lists = [core.command("m*", nowNs), core.command("l*", nowNs)];
  return [core.influx(nowNs), core.prometheus(nowNs), core.prometheus(nowNs, true), ...lists].join(
    "\n",
  );
}

function field(type: FieldType, key = "v", parameters: number[] = []): FieldDefinition {
  return { key, type, parameters };
}

/** A registry with something of each kind, one series each. */
function openCore(): Core {
  const core = new Core(CoreFlag.SortTags);
  core.series(
    core.source({ name: "tcp", tags: ["kind"], fields: [ONE, field(Text, "state")] }),
    "v4",
  );
  core.series(core.source({ name: "hits", flags: FAMILY, fields: [field(Counter)] }));
  core.series(core.source({ name: "took", flags: FAMILY, fields: [field(Histogram)] }));
  core.series(
    core.source({
      name: "net",
      prefix: "wire",
      fields: [field(Counter, "sent"), field(Summary, "wait")],
    }),
  );
  return core;
}

const REFUSALS: readonly (readonly [rule: string, Partial<SourceDefinition>, Status])[] = [
  ["a name that exists", { name: "tcp" }, Status.NameTaken],
  ["an empty name", { name: "" }, Status.NameInvalid],
  ["a comma in a name", { name: "a,b" }, Status.NameInvalid],
  ["a newline in a name", { name: "a\nb" }, Status.NameInvalid],
  ["a name of 256 bytes", { name: "x".repeat(256) }, Status.NameInvalid],
  ["a prefix of 256 bytes", { prefix: "x".repeat(256) }, Status.NameInvalid],
  ["a family with a space", { name: "a b", flags: FAMILY }, Status.NameInvalid],
  ["a family that starts with a digit", { name: "1a", flags: FAMILY }, Status.NameInvalid],
  ["an empty tag key", { tags: ["a", ""] }, Status.TagInvalid],
  ["a repeated tag key", { tags: ["a", "b", "a"] }, Status.TagInvalid],
  ["two tags that become one label", { tags: ["a b", "a_b"] }, Status.TagInvalid],
  ["tag le", { tags: ["le"] }, Status.TagInvalid],
  ["tag quantile", { tags: ["quantile"] }, Status.TagInvalid],
  ["a label of a family with a colon", { tags: ["a:b"], flags: FAMILY }, Status.TagInvalid],
  ["a label of a family with two _", { tags: ["__a"], flags: FAMILY }, Status.TagInvalid],
  ["a label of a family with a digit first", { tags: ["1"], flags: FAMILY }, Status.TagInvalid],
  ["a tag key of 256 bytes", { tags: ["x".repeat(256)] }, Status.TagInvalid],
  ["33 tags", { tags: Array.from({ length: 33 }, (_, index) => `t${index}`) }, Status.LimitReached],
  ["no field", { fields: [] }, Status.Malformed],
  [
    "251 fields",
    { fields: Array.from({ length: 251 }, (_, index) => field(Gauge, `f${index}`)) },
    Status.LimitReached,
  ],
  ["an empty field key", { fields: [field(Gauge, "")] }, Status.FieldInvalid],
  ["a repeated field key", { fields: [ONE, field(Counter, "w"), ONE] }, Status.FieldInvalid],
  ["a field key of 256 bytes", { fields: [field(Gauge, "x".repeat(256))] }, Status.FieldInvalid],
  ["a unit of 65 bytes", { fields: [{ ...ONE, unit: "x".repeat(65) }] }, Status.FieldInvalid],
  ["an unknown type", { fields: [field(12 as FieldType)] }, Status.FieldInvalid],
  [
    "bounds that do not ascend",
    { fields: [field(Histogram, "h", [1, 1])] },
    Status.ParameterInvalid,
  ],
  [
    "a bound +Inf",
    { fields: [field(Histogram, "h", [1, Number.POSITIVE_INFINITY])] },
    Status.ParameterInvalid,
  ],
  ["a bound NaN", { fields: [field(Histogram, "h", [Number.NaN])] }, Status.ParameterInvalid],
  ["a quantile above 1", { fields: [field(Summary, "s", [0.5, 1.5])] }, Status.ParameterInvalid],
  ["a text capacity of 4097", { fields: [field(Text, "t", [4097])] }, Status.ParameterInvalid],
  [
    "251 bounds",
    {
      fields: [
        field(
          Histogram,
          "h",
          Array.from({ length: 251 }, (_, index) => index),
        ),
      ],
    },
    Status.LimitReached,
  ],
  [
    "fields that become one name",
    { fields: [field(Gauge, "a b"), field(Gauge, "a_b")] },
    Status.NameTaken,
  ],
  [
    "a gauge like a counter's name",
    { fields: [field(Counter, "a"), field(Gauge, "a_total")] },
    Status.NameTaken,
  ],
  [
    "a gauge like a counter's base",
    { fields: [field(Counter, "a_total"), field(Gauge, "a")] },
    Status.NameTaken,
  ],
  [
    "a gauge like a histogram's bucket",
    { fields: [field(Histogram, "a"), field(Gauge, "a_bucket")] },
    Status.NameTaken,
  ],
  [
    "a summary like a gauge's",
    { fields: [field(Gauge, "a_sum"), field(Summary, "a")] },
    Status.NameTaken,
  ],
  ["a gauge like an info", { fields: [field(Text, "a"), field(Gauge, "info")] }, Status.NameTaken],
  ["a text like a label", { tags: ["a"], fields: [field(Text, "a")] }, Status.NameTaken],
  ["the name of another source", { name: "hits", prefix: "other" }, Status.NameTaken],
  ["a name that another source exposes", { name: "tcp_v", flags: FAMILY }, Status.NameTaken],
  [
    "a counter that another family exposes",
    { name: "hits_total", flags: FAMILY, fields: [field(Counter)] },
    Status.NameTaken,
  ],
  ["a name of another histogram", { name: "took_count", flags: FAMILY }, Status.NameTaken],
  [
    "a name of another source's prefix",
    { name: "wire_sent_total", flags: FAMILY },
    Status.NameTaken,
  ],
  ["the info of another source", { name: "tcp_info", flags: FAMILY }, Status.NameTaken],
  ["the base of another source's info", { name: "tcp", prefix: "x" }, Status.NameTaken],
  [
    "a family of two fields",
    { flags: FAMILY, fields: [field(Gauge, "a"), field(Gauge, "b")] },
    Status.FieldInvalid,
  ],
];

describe("registration refuses, and leaves nothing behind:", () => {
  const core = openCore();
  const before = view(core);
  for (const [rule, definition, status] of REFUSALS) {
    test(rule, () => {
      const refused = core.source({ name: "fresh", fields: [ONE], ...definition });
      assert.equal(refused, status);
      assert.equal(view(core), before);
    });
  }

  test("a message cut at any byte, or with one more", () => {
    const definition = { name: "fresh", tags: ["a"], fields: [field(Histogram, "h", [1, 2])] };
    const probe = openCore();
    probe.source(definition);
    const whole = core.definition(definition);
    for (let byteCount = 0; byteCount < whole.length; byteCount++) {
      core.input(whole);
      assert.ok(core.exports.source(byteCount) < 0, `${byteCount} bytes`);
    }
    core.input(Buffer.concat([whole, Buffer.of(0)]));
    assert.equal(core.exports.source(whole.length + 1), Status.Malformed);
    assert.equal(view(core), before);
    core.input(whole);
    assert.ok(core.exports.source(whole.length) > 0);
    assert.equal(view(core), view(probe));
  });

  test("series: too few values, too many, one too long", () => {
    const source = core.source({ name: "pair", tags: ["a", "b"], fields: [ONE] });
    const shown = view(core);
    assert.equal(core.series(source, "x"), Status.Malformed);
    assert.equal(core.series(source, "x", "y", "z"), Status.Malformed);
    assert.equal(core.series(source, "x", "y".repeat(1025)), Status.TagInvalid);
    assert.equal(view(core), shown);
    assert.ok(core.series(source, "x".repeat(1024), "y") > 0);
  });

  test("log sources", () => {
    const shown = view(core);
    for (const name of ["", "a,b", "a\nb", "x".repeat(256)]) {
      assert.equal(core.log(name), Status.NameInvalid);
    }
    assert.equal(view(core), shown);
  });
});

describe("limits of the registry", () => {
  test("10,000 sources, and not one more", () => {
    const core = new Core();
    for (let index = 0; index < 10_000; index++) {
      assert.ok(core.source({ name: `s${index}`, fields: [ONE] }) > 0);
    }
    assert.equal(core.source({ name: "more", fields: [ONE] }), Status.LimitReached);
    assert.equal(core.command("m*").split(",").length, 10_001);
  });

  test("10,000 log sources, and not one more", () => {
    const core = new Core();
    for (let index = 0; index < 10_000; index++) assert.ok(core.log(`s${index}`) > 0);
    assert.equal(core.log("more"), Status.LimitReached);
    assert.ok(core.log("s17") > 0);
  });
});

describe("series", () => {
  test("the same tag set is the same series", () => {
    const core = new Core();
    const source = core.source({ name: "m", tags: ["b", "a"], fields: [ONE] });
    const series = core.series(source, "1", "2");
    assert.equal(core.series(source, "1", "2"), series);
    assert.notEqual(core.series(source, "2", "1"), series);
    assert.notEqual(core.series(source, "12", ""), core.series(source, "", "12"));
    assert.equal(core.exports.seriesCount(), 4);
  });

  test("past its source's cap, tag sets share one overflow series, counted", () => {
    const core = new Core(0, 1000);
    core.exports.configure(core.input(""), 0, 1000, 3);
    const source = core.source({ name: "m", tags: ["a", "b"], fields: [field(Counter)] });
    for (let index = 0; index < 10; index++) {
      core.writes.counterAdd(core.cell(source, core.series(source, String(index), "x")), 1);
    }
    assert.equal(core.exports.overflowCount(), 7);
    assert.equal(core.exports.seriesCount(), 4);
    assert.match(core.prometheus(), /^m_v_total\{a="_overflow",b="_overflow"\} 7$/m);
    assert.match(core.influx(), /^m,a=_overflow,b=_overflow v=7i$/m);
  });

  test("past the cap of all, each source has an overflow series", () => {
    const core = new Core(0, 2);
    const sources = ["m", "n"].map((name) => core.source({ name, tags: ["a"], fields: [ONE] }));
    for (const source of sources) for (const value of ["1", "2", "3"]) core.series(source, value);
    assert.equal(core.exports.overflowCount(), 4);
    assert.equal(core.prometheus().match(/_overflow/g)?.length, 2);
    assert.equal(core.series(sources[0] ?? 0, "1") > 0, true);
    assert.equal(core.exports.overflowCount(), 4, "a known tag set is no overflow");
  });

  test("a removed series is gone, and room for another", () => {
    const core = new Core(0, 2);
    const source = core.source({
      name: "m",
      tags: ["a"],
      fields: [ONE, field(Histogram, "h", [1])],
    });
    const [first, second] = [core.series(source, "1"), core.series(source, "2")];
    core.writes.gaugeSet(core.cell(source, first), 7);
    core.exports.observeCell(core.cell(source, first, 1), 7);
    core.exports.remove(first);
    assert.doesNotMatch(core.prometheus(), /a="1"/);
    const reused = core.series(source, "3");
    assert.equal(reused, first, "the record is used again");
    assert.match(core.prometheus(), /^m_v\{a="3"\} 0$/m);
    assert.match(core.prometheus(), /^m_h_count\{a="3"\} 0$/m);
    assert.notEqual(core.series(source, "2"), first);
    assert.equal(core.series(source, "2"), second);
    assert.equal(core.exports.overflowCount(), 0);
  });

  test("a removed series is removed once", () => {
    const core = new Core();
    const source = core.source({ name: "m", tags: ["a"], fields: [ONE] });
    const series = core.series(source, "1");
    core.series(source, "2");
    core.exports.remove(series);
    const shown = view(core);
    core.exports.remove(series);
    assert.equal(view(core), shown);
    assert.equal(core.exports.seriesCount(), 1);
  });

  test("many come and go in bounded memory", () => {
    const core = new Core();
    const source = core.source({ name: "m", tags: ["a"], fields: [ONE] });
    let memoryBytes = 0;
    for (let index = 0; index < 100_000; index++) {
      core.exports.remove(core.series(source, String(index)));
      if (index === 1000) memoryBytes = core.memoryBytes;
    }
    assert.equal(core.memoryBytes, memoryBytes);
    assert.equal(core.prometheus(), "");
  });
});

describe("fields added later", () => {
  const definition = { name: "m", help: "H.", fields: [ONE] };

  test("look as if they had been there from the start", () => {
    const later = new Core(CoreFlag.SortTags, 1e6, "h");
    const source = later.source(definition);
    const series = later.series(source);
    const more = [
      field(Counter, "c"),
      field(Text, "t"),
      field(Histogram, "h", [1]),
      field(Summary, "s", [0.5]),
    ];
    for (const each of more) assert.ok(later.field(source, each) > 0);
    const atOnce = new Core(CoreFlag.SortTags, 1e6, "h");
    atOnce.series(atOnce.source({ ...definition, fields: [ONE, ...more] }));
    assert.equal(view(later), view(atOnce));
    later.writes.counterAdd(later.cell(source, series, 1), 5);
    assert.match(later.influx(), /c=5i/);
  });

  test("are refused like others", () => {
    const core = openCore();
    const source = core.source(definition);
    assert.equal(core.field(source, field(Counter, "c")), Status.NoSuchThing, "no series yet");
    core.series(source);
    const shown = view(core);
    assert.equal(core.field(source, ONE), Status.FieldInvalid);
    assert.equal(core.field(source, field(Histogram, "h", [2, 1])), Status.ParameterInvalid);
    assert.equal(core.field(source, field(Counter, "")), Status.FieldInvalid);
    const bounds = Array.from({ length: 251 }, (_, index) => index);
    assert.equal(core.field(source, field(Histogram, "h", bounds)), Status.LimitReached);
    core.input(Buffer.from([Histogram, 1, 0, 0x68, 0, 0, 0, 0, 0xff, 0xff]));
    assert.equal(core.exports.field(source, 10), Status.LimitReached, "as many as it can say");
    const tagged = core.source({ name: "n", tags: ["a"], fields: [ONE] });
    core.series(tagged, "x");
    assert.equal(core.field(tagged, field(Counter, "c")), Status.NoSuchThing);
    core.command("Mn:off");
    assert.ok(shown.startsWith(core.influx()));
  });

  test("250 and no more", () => {
    const core = new Core();
    const source = core.source(definition);
    core.series(source);
    for (let index = 1; index < 250; index++)
      assert.ok(core.field(source, field(Gauge, `f${index}`)) > 0);
    assert.equal(core.field(source, field(Gauge, "more")), Status.LimitReached);
  });

  test("start from zero in a series that comes back", () => {
    const core = new Core();
    const source = core.source(definition);
    const series = core.series(source);
    const cell = core.field(source, field(Counter, "c"));
    core.writes.counterAdd(cell, 5);
    core.exports.remove(series);
    core.series(source);
    assert.match(core.prometheus(), /^m_c_total 0$/m);
  });
});

describe("switches", () => {
  test("a disabled source is on no wire and records nothing; its last values come back", () => {
    const core = openCore();
    const source = core.source({
      name: "x",
      tags: ["a"],
      fields: [ONE, field(Histogram, "h", [1])],
    });
    const series = core.series(source, "1");
    const cells = [core.cell(source, series), core.cell(source, series, 1)] as const;
    core.writes.gaugeSet(cells[0], 7);
    core.exports.observeCell(cells[1], 3);
    const shown = view(core);
    const others = openCore();
    core.command("Mx:off");
    assert.equal(core.influx(), others.influx());
    assert.equal(core.prometheus(), others.prometheus());
    core.writes.gaugeSet(cells[0], 9);
    core.exports.observeCell(cells[1], 3);
    const late = core.series(source, "1");
    assert.equal(late, series);
    core.command("Mx:on");
    assert.equal(view(core), shown);
    assert.equal(core.exports.refusedCount(), 0);
  });

  test("a series registered while its source is disabled records nothing", () => {
    const core = new Core();
    core.command("Moff");
    const source = core.source({ name: "x", fields: [ONE] });
    const cell = core.cell(source, core.series(source));
    core.writes.gaugeSet(cell, 7);
    core.command("Mon");
    assert.match(core.prometheus(), /^x_v 0$/m);
    core.writes.gaugeSet(cell, 7);
    assert.match(core.prometheus(), /^x_v 7$/m);
  });

  test("a log source's threshold is where hosts look for it", () => {
    const core = new Core();
    const log = core.log("dns");
    for (const [index, name] of ["quiet", "app", "error", "warning", "info", "debug"].entries()) {
      core.command(`Ldns:${name}`);
      assert.equal(core.word(log + LOG_LEVEL_OFFSET), index);
    }
    assert.equal(core.log("dns"), log);
  });
});

describe("time to live", () => {
  /** Seconds after the start, a write or nothing, and whether the series shows. */
  const STEPS: readonly (readonly [afterS: number, value: number | undefined, shows: boolean])[] = [
    [0, 1, true],
    [10, undefined, true],
    [11, undefined, false],
    [12, 1, false],
    [13, 2, true],
    [23, undefined, true],
    [23.5, undefined, false],
  ];

  test("an unchanged series is hidden until it changes, on both wires", () => {
    const core = new Core(0);
    const source = core.source({ name: "m", ttlMs: 10_000, tags: ["a"], fields: [ONE] });
    const cell = core.cell(source, core.series(source, "x"));
    for (const [afterS, value, shows] of STEPS) {
      if (value !== undefined) core.writes.gaugeSet(cell, value);
      const nowNs = 1000n * SECOND_NS + BigInt(afterS * 1e9);
      assert.equal(core.prometheus(nowNs) !== "", shows, `after ${afterS} s`);
      assert.equal(core.influx(nowNs) !== "", shows, `after ${afterS} s`);
    }
  });

  test("a field added later counts", () => {
    const core = new Core(0);
    const source = core.source({ name: "m", ttlMs: 10_000, fields: [ONE] });
    core.series(source);
    const cell = core.field(source, field(Counter, "c"));
    core.prometheus(1000n * SECOND_NS);
    core.writes.counterAdd(cell, 1);
    assert.notEqual(core.prometheus(1020n * SECOND_NS), "");
  });

  test("one series expires, another stays", () => {
    const core = new Core(0);
    const source = core.source({ name: "m", ttlMs: 10_000, tags: ["a"], fields: [ONE] });
    const cells = ["x", "y"].map((value) => core.cell(source, core.series(source, value)));
    core.prometheus(1000n * SECOND_NS);
    core.writes.gaugeSet(cells[1] ?? 0, 5);
    assert.equal(core.influx(1011n * SECOND_NS), "m,a=y v=5i\n");
  });
});

describe("handles", () => {
  const core = new Core(0);
  const { exports } = core;
  const fields = [
    field(Counter, "c"),
    field(FloatGauge, "g"),
    field(I64, "i"),
    field(Histogram, "h"),
    field(Text, "t"),
  ];
  const source = core.source({ name: "m", fields });
  const series = core.series(source);
  const handles = fields.map((_, index) => exports.handle(core.cell(source, series, index)));
  const [counter, gauge, integer, histogram, text] = handles as [
    number,
    number,
    number,
    number,
    number,
  ];
  const addCounter = (handle: number, value = 1) => exports.counterAdd(handle, value);
  const setGauge = (handle: number, value = 1) => exports.gaugeSet(handle, value);
  const addGauge = (handle: number, value = 1) => exports.gaugeAdd(handle, value);
  const setInteger = (handle: number, value = 1) => exports.integerSet(handle, BigInt(value));
  const observe = (handle: number, value = 1) => exports.observe(handle, value);
  const WRITES = [addCounter, setGauge, addGauge, setInteger, observe];

  test("write what their cells can take", () => {
    addCounter(counter, 2);
    setGauge(gauge, 2);
    addGauge(gauge, 0.5);
    setInteger(integer, 7);
    observe(histogram, 3);
    assert.equal(core.influx(), 'm c=2i,g=2.5,i=7i,h_count=1,h_sum=3,h_+Inf=1,t=""\n');
    assert.equal(exports.refusedCount(), 0);
  });

  test("wrong numbers and wrong kinds write nothing and are counted", () => {
    const shown = core.influx();
    let refused = exports.refusedCount();
    for (const handle of [-1, 5, 64, 2 ** 31, 2 ** 32 - 1]) {
      for (const write of WRITES) write(handle);
      refused += WRITES.length;
      assert.equal(exports.isActive(handle), 0);
    }
    const takes = [[counter], [gauge], [gauge], [integer], [histogram]];
    for (const [index, write] of WRITES.entries()) {
      for (const handle of handles) {
        if (takes[index]?.includes(handle)) continue;
        write(handle);
        refused++;
      }
    }
    assert.equal(exports.refusedCount(), refused);
    assert.equal(core.influx(), shown);
  });

  test("wrong values write nothing and are counted", () => {
    const shown = core.influx();
    const refused = exports.refusedCount();
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) addCounter(counter, value);
    observe(histogram, Number.NaN);
    assert.equal(exports.refusedCount(), refused + 4);
    assert.equal(core.influx(), shown);
  });

  test("ask and obey the switch", () => {
    const shown = core.influx();
    const refused = exports.refusedCount();
    for (const handle of handles) assert.equal(exports.isActive(handle), 1);
    core.command("Mm:off");
    for (const handle of handles) assert.equal(exports.isActive(handle), 0);
    addCounter(counter, 1);
    setGauge(gauge, 1);
    addGauge(gauge, 1);
    setInteger(integer, 1);
    observe(histogram, 1);
    addGauge(counter, 1);
    assert.equal(exports.refusedCount(), refused + 1, "a wrong kind is wrong, on or off");
    core.command("Mm:on");
    assert.equal(core.influx(), shown);
    assert.equal(text, handles[4]);
  });

  test("thousands of them", () => {
    const many = new Core(0);
    const numbers = many.source({ name: "n", tags: ["i"], fields: [field(Counter, "c")] });
    for (let index = 0; index < 5000; index++) {
      const cell = many.cell(numbers, many.series(numbers, String(index)));
      assert.equal(many.exports.handle(cell), index);
    }
    for (let index = 0; index < 5000; index++) many.exports.counterAdd(index, index);
    assert.match(many.prometheus(), /^n_c_total\{i="4321"\} 4321$/m);
  });
});
