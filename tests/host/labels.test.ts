/**
 * Label values as programs without types give them: what counts as one value, what is refused, and
 * that removing a series loses nothing that is counted later.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor, type Labels, MonitorError } from "../../host/index.js";

const monitor = await createMonitor({ unref: true });
let familyCount = 0;

function counter(labels: string[]) {
  return monitor.counter({ name: `labels_${familyCount++}`, help: "Counts.", labels });
}

function lines(name: string): string[] {
  const text = Buffer.from(monitor.prometheus()).toString();
  return text.split("\n").filter((line) => line.startsWith(`${name}_total`));
}

test("a label's number, boolean and text are one series", () => {
  const calls = counter(["code"]);
  calls.inc({ code: 200 });
  calls.inc({ code: "200" });
  calls.inc({ code: 200n });
  calls.inc({ code: true });
  calls.inc({ code: "true" });
  assert.deepEqual(lines(calls.name), [
    `${calls.name}_total{code="200"} 3`,
    `${calls.name}_total{code="true"} 2`,
  ]);
});

test("a series that is removed under one spelling counts anew under every other", () => {
  const calls = counter(["code", "zone"]);
  calls.inc({ code: 1, zone: "a" });
  calls.inc({ code: "1", zone: "a" });
  assert.equal(calls.remove({ code: 1, zone: "a" }), true);
  calls.inc({ code: "1", zone: "a" }, 7);
  calls.inc({ code: 1, zone: "a" }, 2);
  assert.deepEqual(lines(calls.name), [`${calls.name}_total{code="1",zone="a"} 9`]);
});

test("a series is removed under a spelling that was never used", () => {
  const calls = counter(["code"]);
  calls.inc({ code: "1" });
  assert.equal(calls.remove({ code: 1 }), true);
  assert.equal(calls.remove({ code: 1 }), false);
  assert.deepEqual(lines(calls.name), []);
});

test("NaN as a label is found by its text, as often as it comes", () => {
  const calls = counter(["code"]);
  for (let round = 0; round < 3; round++) calls.inc({ code: Number.NaN });
  assert.deepEqual(lines(calls.name), [`${calls.name}_total{code="NaN"} 3`]);
  assert.equal(calls.remove({ code: Number.NaN }), true);
});

test("a label's getter is asked once a registration", () => {
  const calls = counter(["code"]);
  let asked = 0;
  const shifty = {
    get code() {
      return `c${asked++}`;
    },
  };
  calls.inc(shifty); // c0 is looked up, c1 registered
  calls.inc({ code: "c1" });
  calls.inc({ code: "c2" });
  assert.deepEqual(lines(calls.name), [
    `${calls.name}_total{code="c1"} 2`,
    `${calls.name}_total{code="c2"} 1`,
  ]);
});

for (const [what, value] of [
  ["an object", {}],
  ["an object with a text", { toString: () => "x" }],
  ["a function", () => "x"],
  ["a symbol", Symbol("x")],
  ["nothing", undefined],
  ["null", null],
] as const) {
  test(`${what} as a label's value is refused`, () => {
    const labels = { code: value } as unknown as Labels;
    assert.throws(() => counter(["code"]).inc(labels), hasCode("TAG_INVALID"));
  });
}

test("a label named as what every object inherits has no value unless it is given one", () => {
  const calls = counter(["constructor", "toString"]);
  assert.throws(() => calls.inc({}), hasCode("TAG_INVALID"));
  calls.inc({ constructor: "a", toString: "b" } as unknown as Labels);
  assert.deepEqual(lines(calls.name), [`${calls.name}_total{constructor="a",toString="b"} 1`]);
});

test("removing ten thousand series is quick enough to be done in a test, and leaves none", () => {
  const calls = counter(["user", "code"]);
  for (let user = 0; user < 9_000; user++) calls.inc({ user, code: "x" });
  for (let user = 0; user < 9_000; user++) calls.remove({ user: String(user), code: "x" });
  assert.deepEqual(lines(calls.name), []);
  calls.inc({ user: 1, code: "x" });
  assert.deepEqual(lines(calls.name), [`${calls.name}_total{code="x",user="1"} 1`]);
});

function hasCode(code: string) {
  return (error: unknown) => error instanceof MonitorError && error.code === code;
}

test("a label value over 1,024 bytes is cut between characters, and counted", () => {
  const calls = counter(["path"]);
  const path = "é".repeat(600);
  calls.inc({ path });
  calls.inc({ path: `${path}/other` });
  assert.deepEqual(lines(calls.name), [`${calls.name}_total{path="${"é".repeat(512)}"} 2`]);
  assert.match(Buffer.from(monitor.prometheus()).toString(), /^monitor_truncated_total 2$/m);
  assert.equal(calls.remove({ path }), true);
});
