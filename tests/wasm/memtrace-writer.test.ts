/**
 * The writer of memory traces as the host uses it: what it asks, what it refuses, what it cuts and
 * counts. Traces are read back by the reader of `host/trace`, which shares nothing with it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  AllocationSource,
  DEPTH_MAX,
  INFO_BYTES_MAX,
  TraceStatus,
} from "../../assembly/memtrace/abi.js";
import { MonitorError } from "../../host/errors.js";
import type { TraceLocation } from "../../host/memtrace/location-record.js";
import { type Locate, type TraceInfo, TraceWriter } from "../../host/memtrace/writer.js";
import type { CodeTable } from "../../host/trace/code-table.js";
import { TraceReader } from "../../host/trace/reader.js";
import type { TraceInfo as ReadInfo } from "../../host/trace/visitor.js";
import { Random, SEED } from "./random.js";

const module = new WebAssembly.Module(readFileSync("build/memtrace.wasm"));

const START_US = 1_763_780_000_000_000;
const INFO: TraceInfo = {
  samplingRate: 0.01,
  wordBits: 32,
  executable: "app.wasm",
  host: "unikernel-ß",
  runtimeParameters: "engine=v8",
  pid: -1,
  startUs: START_US,
  context: "",
};

const { External, Minor } = AllocationSource;

/** What a location says of a code, so that it can be compared with it. */
const describeCode: Locate = (low, high) => [
  { file: "a.ts", line: low % 1000, firstColumn: 1, lastColumn: 2, definition: `f${high}:${low}` },
];

/** A writer and all that it emitted. */
class Session {
  readonly packets: Buffer[] = [];
  readonly writer: TraceWriter;

  constructor(locate: Locate = describeCode, info: Partial<TraceInfo> = {}) {
    this.writer = new TraceWriter(module, (bytes) => this.packets.push(Buffer.from(bytes)), locate);
    this.writer.begin({ ...INFO, ...info });
  }

  /** An allocation of a word; the stack is given innermost first. */
  allocate(stack: readonly number[], timeUs = START_US): TraceStatus {
    this.writer.positions.set(stack);
    return this.writer.putAllocation(timeUs, 1, 1, External, stack.length);
  }

  /** Flushes, and reads everything back. */
  read() {
    this.writer.flush();
    return readBack(Buffer.concat(this.packets));
  }
}

/** A trace's events as text, and its codes; fails where the reader found damage. */
function readBack(trace: Uint8Array) {
  const events: string[] = [];
  const stacks: string[] = [];
  let info: ReadInfo | undefined;
  let codes: CodeTable | undefined;
  const reader = new TraceReader({
    begin(read, table) {
      info = read;
      codes = table;
    },
    allocate({ id, timeUs, lengthWords, samples, source, frames, frameCount }) {
      const path = Array.from(frames.subarray(0, frameCount), (frame) => codes?.code(frame));
      events.push(`A ${id} ${timeUs} ${lengthWords} ${samples} ${source} ${path.length}`);
      stacks.push(path.join(" "));
    },
    promote: ({ id, timeUs }) => events.push(`P ${id} ${timeUs}`),
    collect: ({ id, timeUs }) => events.push(`C ${id} ${timeUs}`),
  });
  reader.push(trace);
  const { damage } = reader.end();
  assert.equal(damage, undefined);
  const meanings = Array.from({ length: codes?.count ?? 0 }, (_, number) =>
    codes?.locations(number).map(({ definition }) => definition),
  );
  return { events, stacks, info, meanings };
}

describe("trace writer: what comes out", () => {
  test("events come back as they were put, stacks caller first", () => {
    const session = new Session();
    const { writer } = session;
    assert.equal(session.allocate([30, 20, 10], START_US + 5), TraceStatus.Ok);
    writer.positions.set([21, 10]);
    assert.equal(writer.putAllocation(START_US + 6, 700, 3, Minor, 2), TraceStatus.Ok);
    assert.equal(writer.putPromote(START_US + 6, 1), TraceStatus.Ok);
    assert.equal(writer.putCollect(START_US + 9, 0), TraceStatus.Ok);
    assert.equal(writer.nextId, 2);
    const { events, stacks, meanings } = session.read();
    assert.deepEqual(events, ["A 0 5 1 1 external 3", "A 1 6 700 3 minor 2", "P 1 6", "C 0 9"]);
    assert.deepEqual(stacks, ["10 20 30", "10 21"]);
    assert.deepEqual(meanings.flat().sort(), ["f0:10", "f0:20", "f0:21", "f0:30"]);
  });

  test("positions and pairs of words make the same bytes", () => {
    const random = new Random(3);
    const [narrow, wide] = [new Session(), new Session()];
    for (let index = 0; index < 2000; index++) {
      const stack = Array.from({ length: 1 + random.below(20) }, () => 1 + random.below(9));
      narrow.allocate(stack, START_US + index);
      for (const [at, code] of stack.entries()) wide.writer.codes.set([code, 0], 2 * at);
      wide.writer.putWideAllocation(START_US + index, 1, 1, External, stack.length);
    }
    narrow.writer.flush();
    wide.writer.flush();
    assert.ok(Buffer.concat(narrow.packets).equals(Buffer.concat(wide.packets)));
  });

  test("codes of 64 bits arrive whole", () => {
    const session = new Session();
    session.writer.codes.set([0xffff_ffff, 0x7fff_ffff, 1, 0x8000_0000]);
    session.writer.putWideAllocation(START_US, 1, 1, External, 2);
    const [stack] = session.read().stacks;
    const codes = stack?.split(" ").map((code) => BigInt.asUintN(64, BigInt(code)));
    assert.deepEqual(codes, [0x8000_0000_0000_0001n, 0x7fff_ffff_ffff_ffffn]);
  });

  test("a writer that begins again forgets everything", () => {
    const session = new Session();
    const once = () => {
      session.packets.length = 0;
      session.writer.begin(INFO);
      for (let index = 1; index < 500; index++) session.allocate([index, index % 7, 1]);
      session.writer.flush();
      return Buffer.concat(session.packets);
    };
    assert.ok(once().equals(once()));
    assert.equal(session.writer.counts().allocations, 499);
  });

  test("what waits for a flush is counted, and a flush without events is 68 bytes", () => {
    const session = new Session();
    const { writer } = session;
    session.allocate([5]);
    writer.putCollect(START_US, 0);
    assert.equal(writer.pendingEvents, 2);
    assert.equal(session.packets.length, 1);
    writer.flush();
    assert.equal(writer.pendingEvents, 0);
    assert.equal(session.packets.length, 3); // the information, locations, events
    writer.flush();
    assert.equal(session.packets.at(-1)?.length, 68);
    const bytes = session.packets.reduce((sum, packet) => sum + packet.length, 0);
    assert.equal(writer.counts().bytes, bytes);
    assert.equal(writer.counts().packets, 4);
  });

  test("no packet is over 32,768 bytes, and every event is in one", () => {
    const session = new Session();
    for (let index = 0; index < 20_000; index++) {
      session.allocate([1 + (index % 3000), 1 + (index % 11)], START_US + index);
      session.writer.putCollect(START_US + index, index);
    }
    assert.equal(session.read().events.length, 40_000);
    assert.ok(session.packets.every(({ length }) => length <= 32_768));
  });
});

describe("trace writer: what it asks", () => {
  test("a code is located once, while the cache has it", () => {
    const asked: number[] = [];
    const session = new Session((low, high) => {
      asked.push(low);
      return describeCode(low, high);
    });
    for (let round = 0; round < 3; round++) session.allocate([7, 8, 9 + round]);
    assert.deepEqual(asked, [9, 8, 7, 10, 11]);
    assert.equal(session.writer.counts().locations, 5);
  });

  test("a locate that throws leaves a trace that reads, and an error", () => {
    const session = new Session((low, high) => {
      if (low === 8) throw new Error("no symbols");
      return describeCode(low, high);
    });
    assert.throws(() => session.allocate([7, 8, 9]), /no symbols/);
    assert.equal(session.writer.nextId, 1);
    assert.equal(session.allocate([7, 8, 9]), TraceStatus.Ok);
    const { events, meanings } = session.read();
    assert.equal(events.length, 2);
    assert.deepEqual(meanings.flat().sort(), ["??", "f0:7", "f0:9"]);
  });

  const MANY: readonly (readonly [string, TraceLocation[], readonly string[]])[] = [
    ["no location is none", [], []],
    ["255 locations are written", many(255, "d"), many(255, "d").map(() => "d")],
    ["256 locations are unknown", many(256, "d"), ["??"]],
    ["4,096 bytes are written", many(1, "d".repeat(4078)), ["d".repeat(4078)]],
    ["4,097 bytes are unknown", many(1, "d".repeat(4079)), ["??"]],
    ["a name of a million characters is unknown", many(1, "ß".repeat(1e6)), ["??"]],
    ["a name ends at a NUL", many(1, "d\0e"), ["d"]],
  ];

  for (const [rule, locations, expected] of MANY) {
    test(`locations: ${rule}`, () => {
      const session = new Session(() => locations);
      session.allocate([7]);
      assert.deepEqual(session.read().meanings.flat(), expected);
      const unknown = expected[0] === "??" ? 1 : 0;
      assert.equal(session.writer.counts().unknownLocations, unknown);
    });
  }

  test("names as text and as bytes are the same, and are found again", () => {
    const texts = ["é.ts", "définition"] as const;
    const locate =
      (file: string | Uint8Array, definition: string | Uint8Array) => (low: number) => [
        { file, line: low, firstColumn: 300, lastColumn: Number.NaN, definition },
      ];
    const [asText, asBytes] = [
      new Session(locate(...texts)),
      new Session(locate(Buffer.from(texts[0]), Buffer.from(texts[1]))),
    ];
    for (const session of [asText, asBytes]) {
      session.allocate([7, 8, 9]);
      session.writer.flush();
      assert.equal(session.writer.counts().clampedFields, 6);
    }
    assert.ok(Buffer.concat(asText.packets).equals(Buffer.concat(asBytes.packets)));
    const [, locations] = asText.packets;
    assert.equal(locations?.toString("utf8").split("définition").length, 2);
  });
});

function many(count: number, definition: string): TraceLocation[] {
  const location = { file: "f", line: 1, firstColumn: 1, lastColumn: 1, definition };
  return Array.from({ length: count }, () => location);
}

describe("trace writer: what it refuses, clamps and cuts", () => {
  const REFUSED: readonly (readonly [string, TraceStatus, (writer: TraceWriter) => TraceStatus])[] =
    [
      ["a time that is no number", TraceStatus.TimeInvalid, (w) => put(w, Number.NaN)],
      ["a time past 2^53", TraceStatus.TimeInvalid, (w) => put(w, 2 ** 54)],
      ["an infinite time", TraceStatus.TimeInvalid, (w) => w.putCollect(Infinity, 0)],
      ["negative words", TraceStatus.CountInvalid, (w) => w.putAllocation(0, -1, 1, 2, 1)],
      [
        "words that are no number",
        TraceStatus.CountInvalid,
        (w) => w.putAllocation(0, NaN, 1, 2, 1),
      ],
      ["infinite samples", TraceStatus.CountInvalid, (w) => w.putAllocation(0, 1, Infinity, 2, 1)],
      [
        "a source that is none",
        TraceStatus.SourceInvalid,
        (w) => w.putAllocation(0, 1, 1, 3 as never, 1),
      ],
      ["no frames", TraceStatus.DepthInvalid, (w) => w.putAllocation(0, 1, 1, 2, 0)],
      [
        "65,537 frames",
        TraceStatus.DepthInvalid,
        (w) => w.putAllocation(0, 1, 1, 2, DEPTH_MAX + 1),
      ],
      ["a negative depth", TraceStatus.DepthInvalid, (w) => w.putWideAllocation(0, 1, 1, 2, -1)],
      ["an id of the future", TraceStatus.IdInvalid, (w) => w.putCollect(START_US, 1)],
      ["a negative id", TraceStatus.IdInvalid, (w) => w.putPromote(START_US, -1)],
      ["an id that is no number", TraceStatus.IdInvalid, (w) => w.putCollect(START_US, Number.NaN)],
    ];

  function put(writer: TraceWriter, timeUs: number): TraceStatus {
    return writer.putAllocation(timeUs, 1, 1, External, 1);
  }

  for (const [what, status, attempt] of REFUSED) {
    test(`refused, and nothing changes: ${what}`, () => {
      const [session, untouched] = [new Session(), new Session()];
      session.allocate([3, 2, 1]);
      untouched.allocate([3, 2, 1]);
      assert.equal(attempt(session.writer), status);
      for (const { writer } of [session, untouched]) writer.positions.set([4, 2, 1]);
      for (const { writer } of [session, untouched]) writer.putAllocation(START_US, 1, 1, 2, 3);
      session.read();
      untouched.read();
      assert.ok(Buffer.concat(session.packets).equals(Buffer.concat(untouched.packets)));
    });
  }

  test("before it begins a writer refuses events and flushes nothing", () => {
    let emitted = 0;
    const writer = new TraceWriter(module, () => emitted++, describeCode);
    assert.equal(writer.putAllocation(0, 1, 1, External, 1), TraceStatus.NotBegun);
    assert.equal(writer.putCollect(0, 0), TraceStatus.NotBegun);
    writer.flush();
    assert.equal(emitted, 0);
  });

  const WRONG: readonly Partial<TraceInfo>[] = [
    { samplingRate: 0 },
    { samplingRate: 1.1 },
    { samplingRate: Number.NaN },
    { wordBits: 0 },
    { wordBits: 256 },
    { startUs: -1 },
    { startUs: Number.POSITIVE_INFINITY },
    { pid: 0.5 },
    { pid: 2n ** 63n },
  ];

  for (const info of WRONG) {
    const [[key, value] = []] = Object.entries(info);
    test(`begin refuses ${key} ${value}`, () => {
      const isWanted = (error: unknown) =>
        error instanceof MonitorError && error.code === "OPTION_INVALID";
      assert.throws(() => new Session(describeCode, info), isWanted);
    });
  }

  test("time that goes backwards stands still, and is counted", () => {
    const session = new Session();
    session.allocate([1], START_US + 100);
    session.allocate([1], START_US + 50);
    session.writer.putCollect(-1e300, 0);
    const expected = ["A 0 100 1 1 external 1", "A 1 100 1 1 external 1", "C 0 100"];
    assert.deepEqual(session.read().events, expected);
    assert.equal(session.writer.counts().clampedTimes, 2);
  });

  test("a packet of over 30 seconds is not continued", () => {
    const session = new Session();
    session.allocate([1]);
    session.allocate([1], START_US + 30_000_000);
    assert.equal(session.packets.length, 1);
    session.allocate([1], START_US + 30_000_001);
    assert.equal(session.packets.length, 3);
    const times = session.read().events.map((event) => event.split(" ")[2]);
    assert.deepEqual(times, ["0", "30000000", "30000001"]);
  });

  test("code 0 is written as 1, and is counted", () => {
    const session = new Session();
    session.allocate([0, 5]);
    session.allocate([0, 5]);
    assert.deepEqual(session.read().stacks, ["5 1", "5 1"]);
    assert.equal(session.writer.counts().zeroCodes, 2);
  });

  test("the deepest backtrace is cut from within at 4,096 bytes, and is counted", () => {
    const session = new Session();
    const { writer } = session;
    for (let index = 0; index < DEPTH_MAX; index++) writer.positions[index] = 1 + index;
    assert.equal(writer.putAllocation(START_US, 1, 1, External, DEPTH_MAX), TraceStatus.Ok);
    assert.equal(writer.counts().cutBacktraces, 1);
    const [stack = ""] = session.read().stacks;
    const frames = stack.split(" ").map(Number);
    assert.equal(frames.length, 409);
    assert.deepEqual(
      frames,
      Array.from(frames, (_, index) => DEPTH_MAX - index),
    );
  });

  test("texts that do not fit are cut at a character, the context first", () => {
    const session = new Session(describeCode, { executable: "x", context: "ß".repeat(20_000) });
    const { info } = session.read();
    const others = Buffer.byteLength(`x${INFO.host}${INFO.runtimeParameters}`);
    const characters = Math.floor((INFO_BYTES_MAX - others) / 2);
    assert.equal(info?.context, "ß".repeat(characters));
    assert.equal(info?.program, "x");
    assert.equal(session.writer.counts().cutTexts, 1);
    assert.ok((session.packets[0]?.length ?? 0) <= 32_768);
  });

  test("whatever numbers a caller hands over, nothing traps and the trace reads", (t) => {
    t.diagnostic(`SEED=${SEED}`);
    const random = new Random(SEED);
    const session = new Session();
    const odd = [
      0,
      1,
      2,
      -1,
      0.5,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      2 ** 64,
      1e300,
      -1e300,
      NaN,
      Infinity,
    ];
    const number = () => random.pick([random.below(70_000), START_US, ...odd]);
    const { writer } = session;
    let accepted = 0;
    for (let round = 0; round < 20_000; round++) {
      writer.codes[random.below(64)] = random.pick([0, random.word(), random.below(9)]);
      const put = random.pick([
        () => writer.putAllocation(number(), number(), number(), number(), number()),
        () => writer.putWideAllocation(number(), number(), number(), number(), number()),
        () => writer.putAllocation(number(), 1, 1, External, random.below(50)),
        () => writer.putCollect(number(), number()),
        () => writer.putPromote(number(), number()),
      ]);
      if (put() === TraceStatus.Ok) accepted++;
    }
    assert.equal(session.read().events.length, accepted);
    assert.ok(accepted > 1000, `${accepted} accepted`);
  });
});

describe("memtrace.wasm", () => {
  test("imports nothing and is at most 8 KiB", () => {
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const { length } = readFileSync("build/memtrace.wasm");
    assert.ok(length <= 8192, `${length} bytes`);
  });

  test("locations that do not decode are refused", () => {
    const { exports } = new WebAssembly.Instance(module);
    const { begin, explain, putAllocation, memory, input } = exports as Record<string, unknown> as {
      begin(...values: (number | bigint)[]): number;
      explain(index: number, records: number, byteCount: number): number;
      putAllocation(...values: number[]): number;
      memory: WebAssembly.Memory;
      input: WebAssembly.Global;
    };
    const words = new Uint32Array(memory.buffer, Number(input.value), 64);
    assert.equal(explain(0, 1, 32), TraceStatus.Malformed);
    begin(1, 32, 1n, 0, 0, 0, 0, 0);
    assert.equal(begin(1, 32, 1n, 0, 0, 0, -1, 8), TraceStatus.InfoTooLong);
    words[0] = 7;
    assert.equal(putAllocation(0, 1, 1, 2, 1), 2);
    assert.equal(explain(1, 0, 0), TraceStatus.Malformed);
    assert.equal(explain(0, 1, 31), TraceStatus.Malformed);
    words[6] = 0xffff_ffff;
    words[7] = 0xffff_ffff;
    assert.equal(explain(0, 1, 64), TraceStatus.Malformed);
    assert.equal(explain(0, 0x8000_0000, 64), 0);
  });
});
