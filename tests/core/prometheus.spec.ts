/**
 * Exposition: text format 0.0.4 and OpenMetrics 1.0, PROTOCOLS sections 4 and 5. That real parsers
 * accept it is proved in tests/peers.
 */
import { CoreFlag, FieldType, SourceFlag } from "../../assembly/abi";
import { INPUT } from "../../assembly/bytes/input";
import { configure } from "../../assembly/index";
import { setText } from "../../assembly/link/text";
import { counterAdd, gaugeSet, observe } from "../../assembly/metrics/cell";
import { registerSource } from "../../assembly/metrics/source";
import { clearGround, placeText } from "./fixture/ground";
import { addSeries, addSource, cellOf, exposition, Message, run } from "./fixture/message";

/** Enables one source alone and returns what it exposes. */
function only(name: string, openMetrics: bool = false, nowNs: u64 = 0): string {
  run("Moff", nowNs);
  run("M" + name + ":on", nowNs);
  return exposition(openMetrics, nowNs);
}

describe("exposition", () => {
  beforeAll(() => {
    clearGround();
    configure(0, CoreFlag.SortTags, 1000, 1000);
  });

  beforeEach(() => {
    run("Mon");
  });

  it("a gauge of a source is <source>_<field> with its labels", () => {
    const message = new Message().source("tcp", ["kind"], 1).field(FieldType.Gauge, "active");
    const source = registerSource(message.byteCount);
    gaugeSet(cellOf(source, addSeries(source, ["v4"])), 3);
    gaugeSet(cellOf(source, addSeries(source, ["v6"])), 4);
    expect(only("tcp")).toBe(
      '# TYPE tcp_active gauge\ntcp_active{kind="v4"} 3\ntcp_active{kind="v6"} 4\n',
    );
  });

  it("a counter ends in _total; OpenMetrics names the family without, and ends in EOF", () => {
    const message = new Message().source("web", [], 1).field(FieldType.Counter, "accepted");
    const source = registerSource(message.byteCount);
    counterAdd(cellOf(source, addSeries(source, [])), 17);
    expect(only("web")).toBe("# TYPE web_accepted_total counter\nweb_accepted_total 17\n");
    expect(only("web", true)).toBe("# TYPE web_accepted counter\nweb_accepted_total 17\n# EOF\n");
  });

  it("a counter whose unit is total ends in _total once", () => {
    const message = new Message().source("unit", [], 2);
    message.field(FieldType.Counter, "a", [], "total");
    message.field(FieldType.Counter, "b_total", [], "bytes");
    addSeries(registerSource(message.byteCount), []);
    expect(only("unit")).toBe(
      "# TYPE unit_a_total counter\nunit_a_total 0\n" +
        "# TYPE unit_b_bytes_total counter\nunit_b_bytes_total 0\n",
    );
  });

  it("a counter that asks for it keeps its name, and is unknown to OpenMetrics", () => {
    const flags = SourceFlag.Family | SourceFlag.ExactName;
    const source = addSource("Mirage_qcow_reads", ["id"], FieldType.FloatCounter, flags);
    counterAdd(cellOf(source, addSeries(source, ["0"])), 1);
    expect(only("Mirage_qcow_reads")).toBe(
      '# TYPE Mirage_qcow_reads counter\nMirage_qcow_reads{id="0"} 1\n',
    );
    expect(only("Mirage_qcow_reads", true)).toBe(
      '# TYPE Mirage_qcow_reads unknown\nMirage_qcow_reads{id="0"} 1\n# EOF\n',
    );
  });

  it("a field that begins with the source's name is not prefixed again", () => {
    const message = new Message()
      .source("memory", [], 1)
      .field(FieldType.Gauge, "memory free words");
    addSeries(registerSource(message.byteCount), []);
    expect(only("memory")).toBe("# TYPE memory_free_words gauge\nmemory_free_words 0\n");
  });

  it("units are suffixes, a duration is in seconds", () => {
    const message = new Message()
      .source("job", [], 2)
      .field(FieldType.Duration, "run")
      .field(FieldType.FloatGauge, "buffer", [], "bytes");
    const source = registerSource(message.byteCount);
    gaugeSet(cellOf(source, addSeries(source, [])), 1.5e9);
    expect(only("job")).toBe(
      "# TYPE job_run_seconds gauge\njob_run_seconds 1.5\n" +
        "# TYPE job_buffer_bytes gauge\njob_buffer_bytes 0\n",
    );
  });

  it("label values escape backslash, quote and newline", () => {
    const source = addSource("esc", ["path"], FieldType.Gauge);
    addSeries(source, ['C:\\a "b"\nc']);
    expect(only("esc")).toBe('# TYPE esc_value gauge\nesc_value{path="C:\\\\a \\"b\\"\\nc"} 0\n');
  });

  it("help escapes backslash and newline, and quotes in OpenMetrics only", () => {
    const message = new Message().u8(0).text("hlp").text("").text('a\\b\n"c"').f64(0).u8(0).u8(1);
    message.field(FieldType.Gauge, "value");
    addSeries(registerSource(message.byteCount), []);
    expect(only("hlp").startsWith('# HELP hlp_value a\\\\b\\n"c"\n')).toBe(true);
    expect(only("hlp", true).startsWith('# HELP hlp_value a\\\\b\\n\\"c\\"\n')).toBe(true);
  });

  it("a histogram has ascending cumulative buckets, +Inf last, then sum and count", () => {
    const message = new Message()
      .source("his", ["k"], 1)
      .field(FieldType.Histogram, "latency", [0.1, 0.5, 2]);
    const source = registerSource(message.byteCount);
    const cell = cellOf(source, addSeries(source, ["a"]));
    observe(cell, 0.1);
    observe(cell, 0.3);
    observe(cell, 7);
    expect(only("his")).toBe(
      "# TYPE his_latency histogram\n" +
        'his_latency_bucket{k="a",le="0.1"} 1\n' +
        'his_latency_bucket{k="a",le="0.5"} 2\n' +
        'his_latency_bucket{k="a",le="2"} 2\n' +
        'his_latency_bucket{k="a",le="+Inf"} 3\n' +
        'his_latency_sum{k="a"} 7.4\n' +
        'his_latency_count{k="a"} 3\n',
    );
  });

  it("every observation falls into the bucket whose bound is the first not below it", () => {
    const bounds: f64[] = [1, 2, 3, 4, 5];
    const message = new Message().source("bkt", [], 1).field(FieldType.Histogram, "h", bounds);
    const source = registerSource(message.byteCount);
    const cell = cellOf(source, addSeries(source, []));
    for (let i = 0; i <= 12; i++) observe(cell, <f64>i / 2);
    const text = only("bkt");
    expect(text.includes('bkt_h_bucket{le="1"} 3\n')).toBe(true);
    expect(text.includes('bkt_h_bucket{le="2"} 5\n')).toBe(true);
    expect(text.includes('bkt_h_bucket{le="3"} 7\n')).toBe(true);
    expect(text.includes('bkt_h_bucket{le="4"} 9\n')).toBe(true);
    expect(text.includes('bkt_h_bucket{le="5"} 11\n')).toBe(true);
    expect(text.includes('bkt_h_bucket{le="+Inf"} 13\n')).toBe(true);
  });

  it("a summary has quantiles within two percent, then sum and count", () => {
    const message = new Message()
      .source("sum", [], 1)
      .field(FieldType.Summary, "time", [0.5, 0.99]);
    const source = registerSource(message.byteCount);
    const cell = cellOf(source, addSeries(source, []));
    expect(only("sum").includes('sum_time{quantile="0.5"} NaN\n')).toBe(true);
    for (let i = 1; i <= 1000; i++) observe(cell, <f64>i);
    const text = only("sum").split("\n");
    expect(Math.abs(parseFloat(text[1].slice(text[1].indexOf(" "))) - 500)).toBeLessThan(10);
    expect(Math.abs(parseFloat(text[2].slice(text[2].indexOf(" "))) - 990)).toBeLessThan(20);
    expect(text[3]).toBe("sum_time_sum 500500");
    expect(text[4]).toBe("sum_time_count 1000");
  });

  it("texts are labels of one info metric", () => {
    const message = new Message()
      .source("dev", ["kind"], 2)
      .field(FieldType.Text, "state")
      .field(FieldType.Gauge, "active");
    const source = registerSource(message.byteCount);
    const series = addSeries(source, ["v4"]);
    setText(cellOf(source, series), placeText(INPUT, 'u"p'));
    expect(only("dev")).toBe(
      '# TYPE dev_active gauge\ndev_active{kind="v4"} 0\n' +
        '# TYPE dev_info gauge\ndev_info{kind="v4",state="u\\"p"} 1\n',
    );
  });

  it("what is not finite prints as Prometheus has it", () => {
    const source = addSource("fin", ["k"], FieldType.FloatGauge);
    gaugeSet(cellOf(source, addSeries(source, ["a"])), NaN);
    gaugeSet(cellOf(source, addSeries(source, ["b"])), -Infinity);
    expect(only("fin")).toBe(
      '# TYPE fin_value gauge\nfin_value{k="a"} NaN\nfin_value{k="b"} -Inf\n',
    );
  });

  it("a source without series, and a disabled one, expose nothing", () => {
    addSource("empty", ["k"], FieldType.Gauge);
    expect(only("empty")).toBe("");
    run("Moff");
    expect(exposition()).toBe("");
    expect(exposition(true)).toBe("# EOF\n");
  });

  it("a series that no gather has seen change for its TTL is hidden until it does", () => {
    const message = new Message().source("ttl", ["k"], 1, 0, 1000).field(FieldType.Gauge, "v");
    const source = registerSource(message.byteCount);
    const cell = cellOf(source, addSeries(source, ["a"]));
    gaugeSet(cell, 1);
    const second: u64 = 1000000000;
    const shown = '# TYPE ttl_v gauge\nttl_v{k="a"} 1\n';
    expect(only("ttl", false, 10 * second)).toBe(shown);
    expect(only("ttl", false, 11 * second)).toBe(shown);
    expect(only("ttl", false, 11 * second + 1)).toBe("");
    gaugeSet(cell, 2);
    expect(only("ttl", false, 12 * second)).toBe('# TYPE ttl_v gauge\nttl_v{k="a"} 2\n');
  });

  it("a TTL of more nanoseconds than there are is none", () => {
    const message = new Message().source("old", [], 1, 0, 1e300).field(FieldType.Gauge, "v");
    addSeries(registerSource(message.byteCount), []);
    expect(only("old", false, 10)).toBe("# TYPE old_v gauge\nold_v 0\n");
    expect(only("old", false, 11)).toBe("# TYPE old_v gauge\nold_v 0\n");
  });
});
