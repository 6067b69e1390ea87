/**
 * Registration: what is refused and why, caps, removal, cells and handles.
 */
import {
  CoreFlag,
  FIELD_CAPACITY_OFFSET,
  FIELD_CELL_OFFSET,
  FIELD_NEXT_OFFSET,
  FieldType,
  LOG_LEVEL_OFFSET,
  SOURCE_ACTIVE_OFFSET,
  SOURCE_FIELDS_OFFSET,
  SourceFlag,
  Status,
} from "../../assembly/abi";
import { arenaMark } from "../../assembly/bytes/arena";
import { INPUT } from "../../assembly/bytes/input";
import { configure } from "../../assembly/index";
import { setText } from "../../assembly/link/text";
import { counterAdd, gaugeAdd, gaugeSet, observe } from "../../assembly/metrics/cell";
import {
  allocateHandle,
  handleCounterAdd,
  handleGaugeAdd,
  handleGaugeSet,
  handleIntegerSet,
  handleIsActive,
  handleObserve,
} from "../../assembly/metrics/handle";
import { Field, Source } from "../../assembly/metrics/record";
import { removeSeries } from "../../assembly/metrics/series";
import { Setting } from "../../assembly/metrics/setting";
import { registerField, registerSource } from "../../assembly/metrics/source";
import { overflowCount, refusedCount, seriesCount, truncatedCount } from "./fixture/count";
import { clearGround, placeText } from "./fixture/ground";
import {
  addLog,
  addSeries,
  addSource,
  cellOf,
  exposition,
  lines,
  Message,
  run,
} from "./fixture/message";

const FLOAT = FieldType.FloatGauge;
const SERIES_MAX = 12;
const SERIES_PER_SOURCE_MAX = 3;

beforeAll(() => {
  clearGround();
  configure(0, CoreFlag.SortTags, SERIES_MAX, SERIES_PER_SOURCE_MAX);
});

describe("records", () => {
  it("have what hosts read where hosts look for it", () => {
    expect(offsetof<Source>("value")).toBe(SOURCE_ACTIVE_OFFSET);
    expect(offsetof<Source>("firstField")).toBe(SOURCE_FIELDS_OFFSET);
    expect(offsetof<Field>("next")).toBe(FIELD_NEXT_OFFSET);
    expect(offsetof<Field>("offset")).toBe(FIELD_CELL_OFFSET);
    expect(offsetof<Field>("parameterCount")).toBe(FIELD_CAPACITY_OFFSET);
    expect(offsetof<Setting>("value")).toBe(LOG_LEVEL_OFFSET);
  });
});

describe("a source is refused, and leaves nothing behind,", () => {
  it("when its name is empty, too long, or has comma or newline", () => {
    const mark = arenaMark();
    expect(addSource("", [], FLOAT)).toBe(Status.NameInvalid);
    expect(addSource("a,b", [], FLOAT)).toBe(Status.NameInvalid);
    expect(addSource("a\nb", [], FLOAT)).toBe(Status.NameInvalid);
    expect(addSource("x".repeat(256), [], FLOAT)).toBe(Status.NameInvalid);
    expect(addSource("9lives", [], FLOAT, SourceFlag.Family)).toBe(Status.NameInvalid);
    expect(arenaMark()).toBe(mark);
  });

  it("when its name, or a metric name that it would expose, is taken", () => {
    expect(addSource("taken", [], FLOAT)).toBeGreaterThan(0);
    const mark = arenaMark();
    expect(addSource("taken", [], FLOAT)).toBe(Status.NameTaken);
    expect(addSource("taken_value", [], FLOAT, SourceFlag.Family)).toBe(Status.NameTaken);
    expect(arenaMark()).toBe(mark);
    expect(addSource("taken_other", [], FLOAT, SourceFlag.Family)).toBeGreaterThan(0);
  });

  it("when a tag key is empty, repeated or reserved, or no label of a family", () => {
    expect(addSource("tags", [""], FLOAT)).toBe(Status.TagInvalid);
    expect(addSource("tags", ["a", "a"], FLOAT)).toBe(Status.TagInvalid);
    expect(addSource("tags", ["a b", "a_b"], FLOAT)).toBe(Status.TagInvalid);
    expect(addSource("tags", ["le"], FLOAT)).toBe(Status.TagInvalid);
    expect(addSource("tags", ["quantile"], FLOAT)).toBe(Status.TagInvalid);
    expect(addSource("tags", ["__name__"], FLOAT)).toBe(Status.TagInvalid);
    expect(addSource("tags", ["a b"], FLOAT, SourceFlag.Family)).toBe(Status.TagInvalid);
    expect(addSource("tags", ["a b"], FLOAT)).toBeGreaterThan(0);
  });

  it("when a field is empty, repeated or of no type", () => {
    const two = new Message().source("fields", [], 2).field(FLOAT, "a").field(FLOAT, "a");
    expect(registerSource(two.byteCount)).toBe(Status.FieldInvalid);
    const empty = new Message().source("fields", [], 1).field(FLOAT, "");
    expect(registerSource(empty.byteCount)).toBe(Status.FieldInvalid);
    const unknown = new Message().source("fields", [], 1).field(<FieldType>99, "a");
    expect(registerSource(unknown.byteCount)).toBe(Status.FieldInvalid);
  });

  it("when bounds do not ascend or a quantile is none", () => {
    const bounds: f64[][] = [[1, 1], [2, 1], [NaN], [Infinity]];
    for (let i = 0; i < bounds.length; i++) {
      const message = new Message().source("bounds", [], 1);
      message.field(FieldType.Histogram, "h", bounds[i]);
      expect(registerSource(message.byteCount)).toBe(Status.ParameterInvalid);
    }
    const message = new Message().source("bounds", [], 1).field(FieldType.Summary, "s", [0.5, 1.5]);
    expect(registerSource(message.byteCount)).toBe(Status.ParameterInvalid);
  });

  it("when the message is cut short, or goes on", () => {
    const byteCount = new Message().source("cut", ["k"], 1).field(FLOAT, "value").byteCount;
    const mark = arenaMark();
    for (let bytes: u32 = 0; bytes < byteCount; bytes++) {
      new Message().source("cut", ["k"], 1).field(FLOAT, "value");
      expect(registerSource(bytes)).toBeLessThan(0);
    }
    new Message().source("cut", ["k"], 1).field(FLOAT, "value").u8(0);
    expect(registerSource(byteCount + 1)).toBe(Status.Malformed);
    expect(arenaMark()).toBe(mark);
    new Message().source("cut", ["k"], 1).field(FLOAT, "value");
    expect(registerSource(byteCount)).toBeGreaterThan(0);
  });
});

describe("series", () => {
  it("one tag set is one series, and no two sets collide", () => {
    const source = addSource("pairs", ["a", "b"], FLOAT);
    const first = addSeries(source, ["a|", "b"]);
    const second = addSeries(source, ["a", "|b"]);
    expect(first).toBeGreaterThan(0);
    expect(second).not.toBe(first);
    expect(addSeries(source, ["a|", "b"])).toBe(first);
    expect(addSeries(source, ["a"])).toBe(Status.Malformed);
    expect(addSeries(source, ["a", "b", "c"])).toBe(Status.Malformed);
    expect(addSeries(source, ["a", "x".repeat(1025)])).toBe(Status.TagInvalid);
    removeSeries(<usize>first);
    removeSeries(<usize>second);
  });

  it("past a cap new tag sets share one overflow series, and are counted", () => {
    const source = addSource("capped", ["k"], FLOAT);
    for (let i = 0; i < SERIES_PER_SOURCE_MAX; i++) addSeries(source, ["value-" + i.toString()]);
    const before = overflowCount();
    const overflow = addSeries(source, ["one more"]);
    expect(addSeries(source, ["and another"])).toBe(overflow);
    expect(overflowCount()).toBe(before + 2);
    expect(addSeries(source, ["value-0"])).not.toBe(overflow);
    gaugeSet(cellOf(source, overflow), 5);
    expect(exposition().includes('capped_value{k="_overflow"} 5\n')).toBe(true);
  });

  it("a removed series is gone, and its record is used again", () => {
    const source = addSource("again", ["k"], FLOAT);
    const first = addSeries(source, ["first"]);
    gaugeSet(cellOf(source, first), 9);
    const count = seriesCount();
    removeSeries(<usize>first);
    expect(seriesCount()).toBe(count - 1);
    expect(exposition().includes("again_value")).toBe(false);
    const mark = arenaMark();
    expect(addSeries(source, ["other"])).toBe(first);
    expect(arenaMark()).toBe(mark);
    expect(exposition().includes('again_value{k="other"} 0\n')).toBe(true);
  });

  it("a field can join a source without tags", () => {
    const source = addSource("joined", [], FieldType.Counter);
    addSeries(source, []);
    const cell = registerField(
      <usize>source,
      new Message().field(FieldType.Counter, "more").byteCount,
    );
    expect(cell).toBeGreaterThan(0);
    counterAdd(<usize>cell, 2);
    expect(lines().includes("joined value=0i,more=2i\n")).toBe(true);
    const again = new Message().field(FieldType.Counter, "more");
    expect(registerField(<usize>source, again.byteCount)).toBe(Status.FieldInvalid);
  });
});

describe("cells", () => {
  it("a counter refuses what would make it fall or lose it, and counts that", () => {
    const source = addSource("refusing", [], FieldType.Counter);
    const cell = cellOf(source, addSeries(source, []));
    const before = refusedCount();
    counterAdd(cell, -1);
    counterAdd(cell, NaN);
    counterAdd(cell, Infinity);
    gaugeSet(cell, 5);
    gaugeAdd(cell, 5);
    observe(cell, 5);
    expect(refusedCount()).toBe(before + 6);
    expect(lines().includes("refusing value=0i\n")).toBe(true);
  });

  it("a text is cut at its capacity on a character's boundary, and counted", () => {
    const message = new Message().source("cutting", [], 1).field(FieldType.Text, "t", [4]);
    const source = registerSource(message.byteCount);
    const cell = cellOf(source, addSeries(source, []));
    const before = truncatedCount();
    setText(cell, placeText(INPUT, "abcé"));
    expect(truncatedCount()).toBe(before + 1);
    expect(lines().includes('cutting t="abc"\n')).toBe(true);
  });

  it("a disabled source records nothing, and refuses nothing", () => {
    const source = addSource("resting", [], FieldType.Counter);
    const cell = cellOf(source, addSeries(source, []));
    const handle = allocateHandle(cell);
    counterAdd(cell, 1);
    run("Mresting:off");
    const before = refusedCount();
    counterAdd(cell, 1);
    handleCounterAdd(handle, 1);
    expect(handleIsActive(handle)).toBe(0);
    run("Mresting:on");
    expect(handleIsActive(handle)).toBe(1);
    expect(refusedCount()).toBe(before);
    expect(lines().includes("resting value=1i\n")).toBe(true);
  });

  it("a wrong handle writes nothing and is counted", () => {
    const before = refusedCount();
    handleCounterAdd(0xffffffff, 1);
    handleGaugeSet(1000, 1);
    handleGaugeAdd(1000, 1);
    handleIntegerSet(1000, 1);
    handleObserve(1000, 1);
    expect(refusedCount()).toBe(before + 5);
    expect(handleIsActive(1000)).toBe(0);
  });
});

describe("log sources", () => {
  it("one name is one log source, a bad name is refused", () => {
    const dns = addLog("dns");
    expect(dns).toBeGreaterThan(0);
    expect(addLog("dns")).toBe(dns);
    expect(addLog("")).toBe(Status.NameInvalid);
    expect(addLog("a,b")).toBe(Status.NameInvalid);
    expect(addLog("x".repeat(256))).toBe(Status.NameInvalid);
  });

  it("settings kept from the start apply when a source registers", () => {
    const KEEP = 1;
    expect(run("Llater:debug", 0, KEEP)).toBe("ok");
    expect(run("Mafter:off", 0, KEEP)).toBe("ok");
    expect(run("l")).toBe("ok: *:info");
    addLog("later");
    const source = addSource("after", [], FLOAT);
    expect(run("l")).toBe("ok: *:info,later:debug");
    expect(run("mafter")).toBe("ok: after:disabled");
    gaugeSet(cellOf(source, addSeries(source, [])), 1);
    expect(exposition().includes("after_value")).toBe(false);
  });
});
