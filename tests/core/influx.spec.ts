/**
 * Line protocol: PROTOCOLS sections 1 and 5, a rule a row. That InfluxDB itself reads the escapes
 * back is proved in tests/peers.
 */
import { CoreFlag, FieldType, SourceFlag } from "../../assembly/abi";
import { INPUT } from "../../assembly/bytes/input";
import { configure } from "../../assembly/index";
import { setText } from "../../assembly/link/text";
import { counterAdd, gaugeSet, observe, setInteger } from "../../assembly/metrics/cell";
import { registerSource } from "../../assembly/metrics/source";
import { clearGround, placeText } from "./fixture/ground";
import { addSeries, addSource, cellOf, lines, Message, run } from "./fixture/message";

/** The line of a measurement, without what other specs registered. */
function lineOf(measurement: string): string {
  const all = lines(1700000000000000000).split("\n");
  for (let i = 0; i < all.length; i++) if (all[i].startsWith(measurement)) return all[i];
  return "";
}

/** A source with one tag and one integer gauge that is 1. */
function tagged(name: string, key: string, value: string): string {
  const source = addSource(name, [key], FieldType.Gauge);
  gaugeSet(cellOf(source, addSeries(source, [value])), 1);
  return lineOf(name.slice(0, 3));
}

/** The line of a source without tags and with one field, after a value was set. */
function scalar(name: string, type: FieldType, value: f64): string {
  const source = addSource(name, [], type);
  const cell = cellOf(source, addSeries(source, []));
  if (type == FieldType.I64 || type == FieldType.U64) setInteger(cell, <i64>value);
  else if (type == FieldType.Counter || type == FieldType.FloatCounter) counterAdd(cell, value);
  else gaugeSet(cell, value);
  return lineOf(name);
}

const STAMP = " 1700000000000000000";

describe("line protocol", () => {
  beforeAll(() => {
    clearGround();
    const vmBytes = placeText(INPUT, "host one");
    configure(vmBytes, CoreFlag.SortTags | CoreFlag.Timestamps, 1000, 1000);
  });

  it("the vm tag comes first, escaped; then the source's tags by key", () => {
    const message = new Message()
      .source("sorted", ["zone", "kind"], 1)
      .field(FieldType.Gauge, "active");
    const source = registerSource(message.byteCount);
    addSeries(source, ["eu", "v4"]);
    expect(lineOf("sorted")).toBe("sorted,vm=host\\ one,kind=v4,zone=eu active=0i" + STAMP);
  });

  it("a measurement escapes comma and space, not the equals sign", () => {
    scalar("mea a=b", FieldType.Gauge, 1);
    expect(lineOf("mea")).toBe("mea\\ a=b,vm=host\\ one value=1i" + STAMP);
  });

  it("a tag key and a tag value escape comma, equals sign and space", () => {
    expect(tagged("ta1", "k,=y", "a, =b")).toBe(
      "ta1,vm=host\\ one,k\\,\\=y=a\\,\\ \\=b value=1i" + STAMP,
    );
  });

  it("a newline becomes a space", () => {
    expect(tagged("ta2", "k", "a\nb")).toBe("ta2,vm=host\\ one,k=a\\ b value=1i" + STAMP);
  });

  it("a backslash at the end, or before what is escaped, becomes a slash", () => {
    expect(tagged("ta3", "k", "a\\")).toBe("ta3,vm=host\\ one,k=a/ value=1i" + STAMP);
    expect(tagged("ta4", "k", "a\\,b")).toBe("ta4,vm=host\\ one,k=a/\\,b value=1i" + STAMP);
    expect(tagged("ta5", "k", "a\\b")).toBe("ta5,vm=host\\ one,k=a\\b value=1i" + STAMP);
  });

  it("an empty tag value leaves the tag out", () => {
    expect(tagged("ta6", "k", "")).toBe("ta6,vm=host\\ one value=1i" + STAMP);
  });

  it("a tag or field named time is renamed", () => {
    expect(tagged("ta7", "time", "x")).toBe("ta7,vm=host\\ one,time_=x value=1i" + STAMP);
    const message = new Message().source("tim", [], 1).field(FieldType.Gauge, "time");
    addSeries(registerSource(message.byteCount), []);
    expect(lineOf("tim")).toBe("tim,vm=host\\ one time_=0i" + STAMP);
  });

  it("a measurement does not begin a comment", () => {
    scalar("#comment", FieldType.Gauge, 1);
    expect(lineOf("_comment")).toBe("_comment,vm=host\\ one value=1i" + STAMP);
  });

  it("UTF-8 passes as it is", () => {
    expect(tagged("ta8", "clé", "été")).toBe("ta8,vm=host\\ one,clé=été value=1i" + STAMP);
  });

  it("integers carry i, floats never, booleans are words", () => {
    expect(scalar("s-gauge", FieldType.Gauge, 3.9)).toBe("s-gauge,vm=host\\ one value=3i" + STAMP);
    expect(scalar("s-count", FieldType.Counter, 17)).toBe(
      "s-count,vm=host\\ one value=17i" + STAMP,
    );
    expect(scalar("s-i64", FieldType.I64, -5)).toBe("s-i64,vm=host\\ one value=-5i" + STAMP);
    expect(scalar("s-f64", FieldType.F64, 0.1)).toBe("s-f64,vm=host\\ one value=0.1" + STAMP);
    expect(scalar("s-real", FieldType.FloatGauge, 1)).toBe("s-real,vm=host\\ one value=1" + STAMP);
    expect(scalar("s-bool", FieldType.Bool, 1)).toBe("s-bool,vm=host\\ one value=true" + STAMP);
    expect(scalar("s-time", FieldType.Duration, 1.5e9)).toBe(
      "s-time,vm=host\\ one value=1500000000i" + STAMP,
    );
  });

  it("an unsigned integer saturates at 2^63 - 1", () => {
    const source = addSource("wide", [], FieldType.U64);
    setInteger(cellOf(source, addSeries(source, [])), -1);
    expect(lineOf("wide")).toBe("wide,vm=host\\ one value=9223372036854775807i" + STAMP);
  });

  it("a float that is not finite is left out, and a line without fields too", () => {
    expect(scalar("nan", FieldType.FloatGauge, NaN)).toBe("");
    const message = new Message()
      .source("two", [], 2)
      .field(FieldType.F64, "a")
      .field(FieldType.F64, "b");
    const source = registerSource(message.byteCount);
    const series = addSeries(source, []);
    gaugeSet(cellOf(source, series, 0), Infinity);
    gaugeSet(cellOf(source, series, 1), 2);
    expect(lineOf("two")).toBe("two,vm=host\\ one b=2" + STAMP);
  });

  it("a text escapes quote and backslash, a newline is three characters", () => {
    const source = addSource("text", [], FieldType.Text);
    const cell = cellOf(source, addSeries(source, []));
    setText(cell, placeText(INPUT, 'a "b" \\ c\nd'));
    expect(lineOf("text")).toBe('text,vm=host\\ one value="a \\"b\\" \\\\ c\\\\nd"' + STAMP);
  });

  it("a histogram is one line of cumulative floats", () => {
    const message = new Message()
      .source("his", [], 1)
      .field(FieldType.Histogram, "latency", [0.5, 2]);
    const source = registerSource(message.byteCount);
    const cell = cellOf(source, addSeries(source, []));
    observe(cell, 0.5);
    observe(cell, 1);
    observe(cell, 100);
    expect(lineOf("his")).toBe(
      "his,vm=host\\ one latency_count=3,latency_sum=101.5," +
        "latency_0.5=1,latency_2=2,latency_+Inf=3" +
        STAMP,
    );
  });

  it("a family is written as Telegraf's prometheus input writes it", () => {
    const message = new Message()
      .source("requests", ["method"], 1, SourceFlag.Family)
      .field(FieldType.FloatCounter, "value");
    const source = registerSource(message.byteCount);
    counterAdd(cellOf(source, addSeries(source, ["GET"])), 2);
    expect(lineOf("requests")).toBe("requests_total,vm=host\\ one,method=GET counter=2" + STAMP);
  });

  it("a disabled source has no line, and its last values show when it is enabled", () => {
    expect(lineOf("s-i64")).toBe("s-i64,vm=host\\ one value=-5i" + STAMP);
    run("Ms-i64:off");
    expect(lineOf("s-i64")).toBe("");
    run("Ms-i64:on");
    expect(lineOf("s-i64")).toBe("s-i64,vm=host\\ one value=-5i" + STAMP);
  });
});
