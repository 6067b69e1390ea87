/**
 * Reports of memory traces: hotspots and dumps as memtrace's own tools print them, the other forms
 * by their rules.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Profile as PprofProfile } from "pprof-format";
import { MonitorError } from "../../host/errors.js";
import { Estimate } from "../../host/report/estimate.js";
import type { ReportFormat } from "../../host/report/format.js";
import { formatBytes, formatFixed } from "../../host/report/printf.js";
import { type Ending, openReport, type ReportOptions } from "../../host/report/report.js";
import { parseThreshold } from "../../host/report/threshold.js";
import { Timeline } from "../../host/report/timeline.js";
import { EVERYTHING } from "../../host/report/window.js";
import { TraceReader } from "../../host/trace/reader.js";
import {
  allocation,
  Bytes,
  collection,
  type InfoOptions,
  infoPacket,
  join,
  location,
  packet,
} from "./trace-bytes.js";
import { readVector, VECTORS } from "./trace-vector.js";

for (const name of VECTORS) {
  const vector = readVector(name);
  test(`report: hotspots of ${name} are the reference's`, async () => {
    assert.equal(await textOf(vector.trace, "hotspots"), vector.hotspots);
  });
  test(`report: the dump of ${name} is the reference's`, async () => {
    assert.equal(await textOf(vector.trace, "dump"), vector.dump);
  });
  test(`report: collapsed bytes of ${name} are its samples`, async () => {
    const [, digits] = /^ +(\d+) samples/m.exec(vector.hotspots) ?? [];
    const bytesPerSample = name === "guest" ? 4 / 1e-4 : 8 / 1e-2;
    assert.equal(sumOf(await textOf(vector.trace, "collapsed")), Number(digits) * bytesPerSample);
  });
}

/**
 * A trace in seconds 0 to 3: main allocates 8 words, which live; main;f;g (f inlined into main's
 * call, g;x in a name) 2 words, freed; main;f;g 4 words, which live.
 */
function smallTrace(info: InfoOptions = {}): Uint8Array {
  const body = location(new Bytes(), 1n, [{ file: "a.ts", definition: "main", line: 10 }]);
  location(body, 2n, [
    { file: "a.ts", definition: "main", line: 20 },
    { file: 0, definition: "f", line: 30 },
  ]);
  location(body, 3n, [{ file: "b.ts", definition: "g;x\n", line: 40 }]);
  allocation(body, { words: 8, samples: 8, codes: [1n] });
  allocation(body, { timeUs: 1e6, words: 2, samples: 2, codes: [2n, 3n] });
  allocation(body, { timeUs: 2e6, words: 4, samples: 4, shared: 2 });
  collection(body, 1, 3e6);
  return join(infoPacket(info), packet(body, { nextId: 3, untilUs: 4e6 }));
}

const DEEP_STACK = "main;f;g:x";

type Chosen = Partial<Omit<ReportOptions, "format" | "write">>;

const COLLAPSED: readonly (readonly [string, Chosen, string])[] = [
  ["all", {}, `main 32\n${DEEP_STACK} 24\n`],
  ["live", { isLive: true }, `main 32\n${DEEP_STACK} 16\n`],
  ["since", { window: { sinceUs: 1e6, untilUs: 9e6 } }, `${DEEP_STACK} 24\n`],
  ["until, exclusive", { window: { sinceUs: 0, untilUs: 2e6 } }, `main 32\n${DEEP_STACK} 8\n`],
  ["live at until", { isLive: true, window: { sinceUs: 1e6, untilUs: 3e6 } }, `${DEEP_STACK} 24\n`],
  ["min in bytes", { min: { bytes: 25 } }, "main 32\n"],
  ["min as a share", { min: { share: 0.5 } }, "main 32\n"],
  ["min is inclusive", { min: { bytes: 24 } }, `main 32\n${DEEP_STACK} 24\n`],
  ["nothing", { window: { sinceUs: 5e6, untilUs: 6e6 } }, ""],
];

for (const [rule, options, expected] of COLLAPSED) {
  test(`report: collapsed, ${rule}`, async () => {
    assert.equal(await textOf(smallTrace(), "collapsed", options), expected);
  });
}

test("report: bytes are samples by word and rate", async () => {
  const trace = smallTrace({ samplingRate: 0.3, wordBits: 64 });
  const expected = [`main ${Math.round((8 * 8) / 0.3)}`, `main;f;g:x ${Math.round((6 * 8) / 0.3)}`];
  assert.equal(await textOf(trace, "collapsed"), `${expected.join("\n")}\n`);
});

test("report: hotspots of live blocks only", async () => {
  const text = await textOf(smallTrace(), "hotspots", { isLive: true });
  assert.match(text, /^Trace for program \[7\]:\n {3}12 samples of {3}96 B live allocations\n\n/);
  assert.match(text, / {2}32 B \(33\.3%\) at g;x\n \(b\.ts:40:2-3\)\n\n$/);
});

test("report: what hotspots do not list, and how they count, is said", async () => {
  assert.deepEqual((await endingOf(smallTrace(), "hotspots")).notes, [
    "57.1% is in functions not listed: small or never called; --format collapsed has all",
    "hotspots takes a word for 8 bytes, as memtrace's does; words here have 4",
  ]);
});

test("report: what --min leaves out is said", async () => {
  const { notes } = await endingOf(smallTrace(), "collapsed", { min: { bytes: 25 } });
  assert.deepEqual(notes, ["1 backtraces under --min left out, of 24 bytes together"]);
});

test("report: an empty trace has every form, and says why it is empty", async () => {
  for (const format of ["hotspots", "collapsed", "pprof", "speedscope"] as const) {
    const { notes } = await endingOf(infoPacket(), format);
    assert.deepEqual(notes, ["no allocation was sampled"], format);
  }
});

test("report: damage is said, and what is before is shown", async () => {
  const trace = smallTrace();
  const { notes } = await endingOf(trace.subarray(0, trace.length - 1), "collapsed");
  const byte = trace.length - 1;
  const reason = `damaged at byte ${byte}: the trace ends within a packet`;
  assert.deepEqual(notes, [`${reason}; shown are the 6 events before`]);
});

test("report: collections of unknown blocks are said, those from before a window not", async () => {
  const body = collection(allocation(new Bytes(), { codes: [1n] }), 0);
  collection(body, 0);
  const trace = join(infoPacket(), packet(body, { nextId: 1 }));
  const { notes } = await endingOf(trace, "collapsed");
  assert.deepEqual(notes, ["1 collections of unknown blocks left out"]);
  const window = { sinceUs: 3e6, untilUs: Number.POSITIVE_INFINITY };
  assert.deepEqual((await endingOf(smallTrace(), "collapsed", { window })).notes, [
    "no allocation was sampled",
  ]);
});

test("report: a block that another domain frees in an earlier packet is freed", async () => {
  const trace = join(
    infoPacket(),
    packet(collection(new Bytes(), -1, 500), { domain: 1 }),
    packet(allocation(new Bytes(), { codes: [1n] }), { nextId: 1 }),
  );
  assert.equal(await textOf(trace, "collapsed", { isLive: true }), "");
  const { notes, output } = await endingOf(trace, "collapsed");
  assert.deepEqual([notes, output], [[], "0x1 4\n"]);
});

test("report: an empty backtrace has a name", async () => {
  const trace = join(infoPacket(), packet(allocation(new Bytes()), { nextId: 1 }));
  assert.equal(await textOf(trace, "collapsed"), "(no backtrace) 4\n");
});

const CONTRADICTIONS: readonly (readonly [ReportFormat, Chosen, RegExp])[] = [
  ["dump", { isLive: true }, /neither --live nor --min/],
  ["dump", { min: { bytes: 1 } }, /neither --live nor --min/],
  ["hotspots", { window: { sinceUs: 2, untilUs: 2 } }, /--since has to be before --until/],
];

for (const [format, chosen, message] of CONTRADICTIONS) {
  test(`report: refuses ${format} with ${Object.keys(chosen)[0]}`, () => {
    assert.throws(
      () => openReport({ ...DEFAULTS, ...chosen, format }),
      (error) => error instanceof MonitorError && message.test(error.message),
    );
  });
}

test("report: pprof has four values, inlined lines innermost first, and times", async () => {
  const { output } = await endingOf(smallTrace({ context: "why" }), "pprof");
  const profile = PprofProfile.decode(gunzipSync(output as Uint8Array));
  const text = (index: unknown) => profile.stringTable.strings[Number(index)];
  assert.deepEqual(
    profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`),
    ["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"],
  );
  assert.deepEqual(
    profile.sample.map(({ value }) => value.map(Number)),
    [
      [1, 32, 1, 32],
      [2, 24, 1, 16],
    ],
  );
  const stacks = profile.sample.map(({ locationId }) =>
    locationId.map((id) =>
      profile.location[Number(id) - 1]?.line.map(({ functionId, line }) => {
        const { name, filename } = profile.function[Number(functionId) - 1] ?? {};
        return `${text(name)} ${text(filename)}:${line}`;
      }),
    ),
  );
  assert.deepEqual(stacks, [
    [["main a.ts:10"]],
    [["g;x\n b.ts:40"], ["f a.ts:30", "main a.ts:20"]],
  ]);
  assert.equal(text(profile.defaultSampleType), "alloc_space");
  assert.deepEqual(profile.comment.map(text), ["why"]);
  assert.deepEqual([Number(profile.period), Number(profile.durationNanos)], [4, 3e9]);
  assert.equal(BigInt(profile.timeNanos), 1_700_000_000_000_000_000n);
});

test("report: speedscope has allocated and live bytes over the same functions", async () => {
  const { output } = await endingOf(smallTrace(), "speedscope");
  const { shared, profiles } = JSON.parse(output as string);
  assert.deepEqual(shared.frames, [
    { name: "main", file: "a.ts" },
    { name: "f", file: "a.ts" },
    { name: "g;x\n", file: "b.ts" },
  ]);
  const common = { type: "sampled", unit: "bytes", startValue: 0, samples: [[0], [0, 1, 2]] };
  assert.deepEqual(profiles, [
    { ...common, name: "allocated", endValue: 56, weights: [32, 24] },
    { ...common, name: "live at the end", endValue: 48, weights: [32, 16] },
  ]);
});

const FIXED: readonly (readonly [number, 0 | 1, string])[] = [
  [0, 1, "0.0"],
  [0.25, 1, "0.2"],
  [0.75, 1, "0.8"],
  [2.25, 1, "2.2"],
  [0.15, 1, "0.1"],
  [0.35, 1, "0.3"],
  [0.5, 0, "0"],
  [1.5, 0, "2"],
  [2.5, 0, "2"],
  [99.95, 1, "100.0"],
];

for (const [value, digits, expected] of FIXED) {
  test(`report: ${value} with ${digits} digits is ${expected}, as C prints it`, () => {
    assert.equal(formatFixed(value, digits), expected);
  });
}

const AMOUNTS: readonly (readonly [number, string])[] = [
  [0, "   0 B"],
  [99, "  99 B"],
  [100, " 0.1 kB"],
  [102399, "100.0 kB"],
  [102400, " 0.1 MB"],
  [1024 ** 3, " 1.0 GB"],
  [1024 ** 4, " 1.0 TB"],
  [1024 ** 5, "1024.0 TB"],
];

for (const [byteCount, expected] of AMOUNTS) {
  test(`report: ${byteCount} bytes are "${expected}"`, () => {
    assert.equal(formatBytes(byteCount), expected);
  });
}

const THRESHOLDS: readonly (readonly [string, ReturnType<typeof parseThreshold>])[] = [
  ["1%", { share: 0.01 }],
  [".5%", { share: 0.005 }],
  ["4096", { bytes: 4096 }],
  ["1B", { bytes: 1 }],
  ["2kB", { bytes: 2000 }],
  ["64KiB", { bytes: 65536 }],
  ["1.5MiB", { bytes: 1.5 * 2 ** 20 }],
  ["101%", undefined],
  ["-1", undefined],
  ["64K", undefined],
  ["", undefined],
  ["%", undefined],
];

for (const [text, expected] of THRESHOLDS) {
  test(`report: --min ${JSON.stringify(text)} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseThreshold(text), expected);
  });
}

test("estimate: blocks and bytes of a block are right on average, whatever its length", () => {
  for (const samplingRate of [0.01, 0.3, 1]) {
    const estimate = new Estimate({ samplingRate, wordBytes: 4 });
    for (const lengthWords of [1, 7, 5000]) {
      // Expectation over all numbers of samples that a block can have.
      const hit = 1 - (1 - samplingRate) ** lengthWords;
      const blocks = estimate.blocks({ lengthWords, source: "external" });
      assert.ok(Math.abs(hit * blocks - 1) < 1e-9, `${lengthWords} words at ${samplingRate}`);
    }
    assert.equal(estimate.bytesPerSample, 4 / samplingRate);
  }
});

test("estimate: blocks of OCaml's heaps have a header, which is sampled too", () => {
  const estimate = new Estimate({ samplingRate: 0.1, wordBytes: 8 });
  const [minor, external] = [
    estimate.blocks({ lengthWords: 1, source: "minor" }),
    estimate.blocks({ lengthWords: 2, source: "external" }),
  ];
  assert.equal(minor, external);
  assert.ok(Number.isFinite(estimate.blocks({ lengthWords: 0, source: "external" })));
});

test("timeline: sums stay right while time grows a millionfold", () => {
  const timeline = new Timeline();
  for (let step = 0; step < 1000; step++) timeline.add(step ** 3, 1);
  timeline.add(5, -1000);
  const points = timeline.points();
  assert.equal(points.at(-1)?.value, 0);
  assert.ok(points.every(({ timeUs }, index) => timeUs > (points[index - 1]?.timeUs ?? -1)));
  assert.ok(points.length > 500);
});

const DEFAULTS: Omit<ReportOptions, "format"> = {
  window: EVERYTHING,
  isLive: false,
  write: () => {},
};

/** A report; what was written on the way comes first. */
async function endingOf(
  trace: Uint8Array,
  format: ReportFormat,
  chosen: Chosen = {},
): Promise<Ending> {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const making = openReport({ ...DEFAULTS, ...chosen, format, write });
  const reader = new TraceReader(making.visitor);
  reader.push(trace);
  const { output, notes } = await making.finish(reader.end());
  return { output: typeof output === "string" ? written.join("") + output : output, notes };
}

async function textOf(trace: Uint8Array, format: ReportFormat, chosen?: Chosen): Promise<string> {
  return String((await endingOf(trace, format, chosen)).output);
}

function sumOf(collapsed: string): number {
  return collapsed
    .trimEnd()
    .split("\n")
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
