/**
 * Our expositions, read by a parser that shares no code with the encoder; and that parser, shown
 * expositions that are wrong.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { registerEverything, UNHEARD } from "./everything.js";
import { type ExpositionFormat, parseExposition } from "./exposition.js";

const FORMATS: readonly ExpositionFormat[] = ["text", "openmetrics"];

for (const format of FORMATS) {
  test(`${format}: a monitor with everything obeys the format`, async (t) => {
    const monitor = await createMonitor({
      prometheus: "tcp:127.0.0.1:0",
      control: "tcp:127.0.0.1:0",
      push: ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"],
      defaultSources: true,
      logs: UNHEARD,
    });
    t.after(() => monitor.close());
    registerEverything(monitor);
    const text = new TextDecoder().decode(monitor.prometheus(format === "openmetrics"));
    const families = parseExposition(text, format);
    const names = families.map(({ name }) => name);
    assert(names.length > 100, `only ${names.length} families`);
    assert.deepEqual(
      families.filter(({ help }) => help === undefined || help === "").map(({ name }) => name),
      [],
      "families without help",
    );
  });

  test(`${format}: label values and help come back as the same text`, async () => {
    const monitor = await createMonitor();
    const value = 'a"b\\ \n{},=\\n é🔥 \\';
    const help = 'All of "it", \\ and\nmore \\n';
    monitor.gauge({ name: "tricky", help, labels: ["label"] }).set({ label: value }, 1);
    const text = new TextDecoder().decode(monitor.prometheus(format === "openmetrics"));
    const family = parseExposition(text, format).find(({ name }) => name === "tricky");
    assert.equal(family?.help, help);
    assert.deepEqual(family?.samples, [{ name: "tricky", labels: { label: value }, value: 1 }]);
  });
}

const HISTOGRAM = '# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n';

const WRONG: readonly (readonly [format: ExpositionFormat, problem: string, text: string])[] = [
  ["text", "the last line has no end", "# TYPE a gauge\na 1"],
  ["text", "no TYPE before it", "a 1\n"],
  ["text", "a second TYPE", "# TYPE a gauge\n# TYPE a gauge\na 1\n"],
  ["text", "a second HELP", "# HELP a b\n# HELP a b\n# TYPE a gauge\na 1\n"],
  ["text", "a: no samples", "# TYPE a gauge\n"],
  ["text", "a family in two parts", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# HELP a b\n"],
  ["text", "after a sample", "# TYPE a gauge\na 1\n# HELP a b\n"],
  ["text", "twice", '# TYPE a gauge\na{b="1",c="2"} 1\na{c="2",b="1"} 1\n'],
  ["text", "labels from", "# TYPE a gauge\na{b=1} 1\n"],
  ["text", "labels from", '# TYPE a gauge\na{b="\\t"} 1\n'],
  ["text", "a comma too many", '# TYPE a gauge\na{b="1",} 1\n'],
  ["text", "label b twice", '# TYPE a gauge\na{b="1",b="2"} 1\n'],
  ["text", "not a number", "# TYPE a gauge\na Infinity\n"],
  ["text", "an escape that", "# HELP a \\t\n# TYPE a gauge\na 1\n"],
  ["text", "a counter below 0", "# TYPE a counter\na -1\n"],
  ["text", "no such type", "# TYPE a info\na_info 1\n"],
  ["openmetrics", "no # EOF", "# TYPE a gauge\na 1\n"],
  ["openmetrics", "not of family a", "# TYPE a counter\na 1\n# EOF\n"],
  ["openmetrics", "an info that is not 1", "# TYPE a info\na_info 2\n# EOF\n"],
  ["text", "le is missing", HISTOGRAM.replace('{le="+Inf"}', "")],
  ["text", "the last bound is not +Inf", HISTOGRAM.replace("+Inf", "5")],
  ["text", "0 of it", HISTOGRAM.replace("h_sum 1\n", "")],
  ["text", "the count is not that of +Inf", HISTOGRAM.replace("h_count 2", "h_count 3")],
  ["text", "not cumulative", HISTOGRAM.replace("h_b", 'h_bucket{le="1"} 3\nh_b')],
  ["text", "le 1 after Infinity", HISTOGRAM.replace("h_sum", 'h_bucket{le="1"} 2\nh_sum')],
  ["text", "quantile 2", '# TYPE s summary\ns{quantile="2"} 1\ns_sum 1\ns_count 1\n'],
  ["text", "of h and of h_sum", `${HISTOGRAM}# TYPE h_sum gauge\nh_sum{a="1"} 1\n`],
];

for (const [format, problem, text] of WRONG) {
  test(`the reader of ${format} says "${problem}" of ${JSON.stringify(text)}`, () => {
    const hasProblem = (error: Error) => error.message.includes(problem);
    assert.throws(() => parseExposition(text, format), hasProblem);
  });
}
