/**
 * The reader of memory traces: what memtrace wrote is read as memtrace's own tools read it, older
 * versions and what no vector has as the format says, and of what is damaged all that is before.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { TraceReader } from "../../host/trace/reader.js";
import type { TraceInfo } from "../../host/trace/visitor.js";
import {
  allocation,
  Bytes,
  collection,
  event,
  infoPacket,
  join,
  location,
  packet,
  packetsOf,
  vint,
} from "./trace-bytes.js";
import { readVector, tell, VECTORS } from "./trace-vector.js";

/** A packet with one allocation. */
const ONE = { nextId: 1 };

for (const name of VECTORS) {
  const { trace, dump } = readVector(name);
  for (const chunkBytes of [trace.length, 4096, 77]) {
    test(`trace: ${name} in chunks of ${chunkBytes} bytes is what the reference reads`, () => {
      const told = tell(trace, chunkBytes);
      assert.equal(told.dump, dump);
      assert.equal(told.summary.damage, undefined);
      assert.equal(told.summary.byteCount, trace.length);
    });
  }

  for (const version of [1, 2] as const) {
    test(`trace: ${name} as version ${version} has the same events`, () => {
      assert.equal(tell(downgrade(trace, version)).dump, dump);
    });
  }
}

test("trace: the info is what the first packet says", () => {
  const info = infoOf(infoPacket({ samplingRate: 0.25, wordBits: 64, context: "é", pid: -1n }));
  assert.deepEqual(info, {
    version: 3,
    samplingRate: 0.25,
    wordBytes: 8,
    program: "program",
    host: "host",
    parameters: "parameters",
    pid: -1n,
    startUs: 1_700_000_000_000_000,
    context: "é",
  });
  assert.equal(infoOf(infoPacket({ version: 1 })).context, "");
});

const INLINED = [
  { file: "a.c", definition: "outer" },
  { file: 0, definition: "inner" },
];

/** What is allowed: events of a trace of ours, and its dump. */
const EVENTS: readonly (readonly [string, () => Uint8Array, string])[] = [
  ["nothing but the info", () => join(), ""],
  ["an empty packet", () => packet(new Bytes()), ""],
  [
    "a code without locations is its number, in OCaml's 63 bits",
    () => packet(allocation(location(new Bytes(), 5n, []), { codes: [5n, 2n ** 63n + 6n] }), ONE),
    line("alloc_ext 1 len=1 dom=0    0: $5 $6"),
  ],
  [
    "an empty backtrace",
    () => packet(allocation(new Bytes(), { words: 0 }), ONE),
    line("alloc_ext 1 len=0 dom=0    0:"),
  ],
  [
    "inlined functions, outermost first",
    () => packet(allocation(location(new Bytes(), 5n, INLINED), { codes: [5n], source: 1 }), ONE),
    line("alloc_major 1 len=1 dom=0    0: outer@a.c:1:2-3 inner@a.c:1:2-3"),
  ],
  [
    "predictions: none, one, many",
    () => {
      const body = allocation(new Bytes(), { codes: [1n, 2n, 3n, 4n] });
      shortAllocation(body, [1 << 2]);
      shortAllocation(body, [(1 << 2) | 1]);
      shortAllocation(body, [(1 << 2) | 2], 3);
      return packet(body, { nextId: 4 });
    },
    line("alloc_ext 1 len=1 dom=0    0: $1 $2 $3 $4") +
      line("alloc 1 len=2 dom=0    0: $1", 1) +
      line("alloc 1 len=2 dom=0    0: $1 $2", 2) +
      line("alloc 1 len=2 dom=0    0: $1 $2 $3 $4", 3),
  ],
  [
    "a backtrace that shares more than there was is the one before",
    () => {
      const body = allocation(new Bytes(), { codes: [1n, 2n] });
      return packet(allocation(body, { shared: 9, codes: [3n] }), { nextId: 2 });
    },
    line("alloc_ext 1 len=1 dom=0    0: $1 $2") + line("alloc_ext 1 len=1 dom=0    9: $1 $2", 1),
  ],
  [
    "a wide number, negative where the end of a block in another domain comes first",
    () => {
      const body = allocation(new Bytes(), { words: 2 ** 40, samples: 70_000, codes: [1n] });
      return packet(collection(collection(body, -3), 0, 0, 3), ONE);
    },
    line("alloc_ext 70000 len=1099511627776 dom=0    0: $1") + line("collect", 3) + line("promote"),
  ],
  [
    "domains have backtraces and clocks of their own",
    () =>
      join(
        packet(allocation(new Bytes(), { timeUs: 900, codes: [1n] }), { ...ONE, domain: 0 }),
        packet(allocation(new Bytes(), { shared: 1, codes: [2n] }), {
          domain: 3,
          firstId: 10_000,
          nextId: 10_001,
        }),
      ),
    "0000000900 0000000000 alloc_ext 1 len=1 dom=0    0: $1\n" +
      "0000000000 0000010000 alloc_ext 1 len=1 dom=3    1:\n",
  ],
  [
    "a packet of another process is left out",
    () =>
      join(
        packet(allocation(new Bytes()), { ...ONE, pid: 8n }),
        packet(allocation(new Bytes()), ONE),
      ),
    line("alloc_ext 1 len=1 dom=0    0:"),
  ],
  [
    "time within a packet passes 2^25 µs",
    () => packet(allocation(new Bytes(), { timeUs: 33e6 }), { ...ONE, untilUs: 40e6 }),
    "0033000000 0000000000 alloc_ext 1 len=1 dom=0    0:\n",
  ],
];

for (const [what, packets, dump] of EVENTS) {
  test(`trace: ${what}`, () => {
    const told = tell(join(infoPacket(), packets()));
    assert.equal(told.dump, dump);
    assert.equal(told.summary.damage, undefined);
  });
}

test("trace: the first version's writer relies on names of a file that fell out", () => {
  const body = location(new Bytes(), 1n, [{ file: "0.ml", definition: "stale" }]);
  for (let file = 1; file < 31; file++)
    location(body, BigInt(file + 1), [{ file: `${file}.ml`, definition: "f" }]);
  location(body, 99n, [{ file: "new.ml", definition: 0 }]);
  allocation(body, { codes: [99n] });
  const trace = (version: number) =>
    join(infoPacket({ version }), packet(body, { version, nextId: 1 }));
  assert.match(tell(trace(1)).dump, /: stale@new\.ml:1:2-3\n$/);
  assert.match(
    tell(trace(3)).summary.damage?.reason ?? "",
    /refers to a definition that was never named/,
  );
});

test("trace: a code that is given another meaning keeps the first, counted", () => {
  const body = location(new Bytes(), 1n, [{ file: "a.c", definition: "f" }]);
  location(body, 1n, [{ file: 0, definition: "g" }]);
  const { dump, summary } = tell(
    join(infoPacket(), packet(allocation(body, { codes: [1n] }), ONE)),
  );
  assert.match(dump, / f@a\.c:1:2-3\n$/);
  assert.equal(summary.locationConflicts, 1);
});

test("trace: a backtrace over the limit loses its innermost frames, counted", () => {
  const body = allocation(new Bytes(), { codes: [1n] });
  // Bucket 1 comes to predict itself: each word then stands for 256 frames.
  event(body, 2, 0).u8(1).u8(1).u8(2).u8(1).u16(2000);
  for (let word = 0; word < 2000; word++) body.u16((1 << 2) | 2).u8(255);
  let frameCount = 0;
  const reader = new TraceReader({
    allocate: (told) => {
      frameCount = told.frameCount;
    },
  });
  reader.push(join(infoPacket(), packet(body, { nextId: 2 })));
  assert.equal(reader.end().cutFrames, 1 + 2000 * 256 - 2 ** 18);
  assert.equal(frameCount, 2 ** 18);
});

/** What is no trace, and what is said of it. */
const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["nothing", join(), /it is empty/],
  ["text", new TextEncoder().encode("Trace for a.wasm"), /looks like text; wanted is/],
  ["a wasm module", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), /WebAssembly module/],
  ["zeros", new Uint8Array(200), /looks like zeros/],
  ["big-endian CTF", Uint8Array.of(0xc1, 0xfc, 0x1f, 0xc1), /big-endian/],
  ["a cut info", infoPacket().subarray(0, 99), /damaged at byte 99: the trace ends within/],
  ["a cut header", infoPacket().subarray(0, 9), /damaged at byte 9: the trace ends within/],
  ["an unknown version", infoPacket({ version: 4 }), /at byte 28: version 4 .* known are 1 to 3/],
  ["no info", packet(allocation(new Bytes()), ONE), /at byte 68: .* does not say what is traced/],
  ["no rate", infoPacket({ samplingRate: Number.NaN }), /at byte 72: a sampling rate of NaN/],
  ["a rate of 0", infoPacket({ samplingRate: 0 }), /a sampling rate of 0/],
  ["words of 0 bits", infoPacket({ wordBits: 0 }), /at byte 80: words of 0 bits/],
];

for (const [what, bytes, message] of REFUSED) {
  test(`trace: refuses ${what}`, () => {
    assert.throws(
      () => tell(bytes),
      (error) => error instanceof MonitorError && error.code === "MALFORMED" && matches(error),
    );
    function matches({ message: text }: Error): true {
      assert.match(text, message);
      return true;
    }
  });
}

/** What is damaged behind the info and one good allocation; byte and reason. */
const DAMAGED: readonly (readonly [string, () => Uint8Array, number, RegExp])[] = [
  ["no packet", () => Uint8Array.of(...new Uint8Array(99)), 0, /no packet begins/],
  ["a tiny packet", () => packet(new Bytes(), { bits: 8 }), 4, /cannot have 8 bits/],
  ["a huge packet", () => packet(new Bytes(), { bits: 2 ** 31 }), 4, /cannot have 2147483648 bits/],
  ["half a byte", () => packet(new Bytes(), { bits: 545 }), 4, /cannot have 545 bits/],
  ["a packet that ends early", () => packet(new Bytes(), { untilUs: -1 }), 8, /ends before/],
  ["ids that descend", () => packet(new Bytes(), { firstId: 3, nextId: 2 }), 0, /ids descend/],
  ["an unknown event", () => packet(event(new Bytes(), 9, 5)), 68, /unknown code 9/],
  ["a late event", () => packet(event(new Bytes(), 4, 2e6)), 68, /later than its packet/],
  ["time going back", () => packet(collection(new Bytes(), 0, 3)), 68, /time goes backwards/],
  ["a second info", () => packet(event(new Bytes(), 0, 9)), 68, /a second trace info/],
  ["a short allocation of 17 words", () => packet(event(new Bytes(), 117, 9)), 68, /code 117/],
  [
    "an event over its packet's end",
    () => packet(event(new Bytes(), 2, 9).u8(254)),
    73,
    /goes beyond the end of its packet/,
  ],
  [
    "an unknown source",
    () => packet(allocation(new Bytes(), { timeUs: 9, source: 3 }), { firstId: 1, nextId: 2 }),
    72,
    /unknown source/,
  ],
  [
    "a promotion of what is not allocated yet",
    () => packet(collection(new Bytes(), -1, 9, 3), { firstId: 1 }),
    72,
    /promotion of a block/,
  ],
  [
    "ids that do not add up",
    () => packet(allocation(new Bytes(), { timeUs: 9 }), { firstId: 1, nextId: 5 }),
    78,
    /end with id 1; its header says 4/,
  ],
  [
    "a cache that is not the writer's",
    () => packet(new Bytes(), { verifier: { index: 1, prediction: 0, code: 99n } }),
    68,
    /backtraces before this packet were misread/,
  ],
  [
    "a name that does not end",
    () => packet(event(new Bytes(), 1, 9).u64(1).u8(1).u32(0).u16(0xffff).u8(65)),
    87,
    /goes beyond the end/,
  ],
];

for (const [what, packets, byte, reason] of DAMAGED) {
  test(`trace: keeps what is before ${what}, and says where it is`, () => {
    const good = join(infoPacket(), packet(allocation(new Bytes(), { timeUs: 5 }), ONE));
    const { dump, summary } = tell(join(good, packets(), packet(new Bytes())));
    assert.match(dump, /^0000000005 0000000000 alloc_ext /);
    assert.match(summary.damage?.reason ?? "", reason);
    assert.equal((summary.damage?.byte ?? 0) - good.length, byte);
  });
}

test("trace: a cut packet gives its whole events", () => {
  const body = allocation(allocation(new Bytes(), { codes: [1n] }), { codes: [2n] });
  const trace = join(infoPacket(), packet(body, { nextId: 2 }));
  const { dump, summary } = tell(trace.subarray(0, trace.length - 1));
  assert.equal(dump, line("alloc_ext 1 len=1 dom=0    0: $1"));
  assert.deepEqual(summary.damage, {
    byte: trace.length - 1,
    reason: "the trace ends within a packet",
  });
});

test("trace: the reason why bytes ended is the damage", () => {
  const reader = new TraceReader({ allocate: () => {} });
  reader.push(infoPacket());
  const { damage } = reader.end("the disk is gone");
  assert.deepEqual(damage, { byte: infoPacket().length, reason: "the disk is gone" });
});

function line(text: string, id = 0): string {
  return `0000000000 ${String(id).padStart(10, "0")} ${text}\n`;
}

/** A short allocation of two words; `many` is behind each word of kind "many". */
function shortAllocation(bytes: Bytes, words: readonly number[], many?: number): void {
  vint(event(bytes, 102, 0), 0).u8(words.length);
  for (const word of words) bytes.u16(word);
  if (many !== undefined) bytes.u8(many);
}

function infoOf(bytes: Uint8Array): TraceInfo {
  const reader = new TraceReader({ allocate: () => {} });
  reader.push(bytes);
  return reader.end().info;
}

/** The trace as an older writer would have put it: no domain, and in version 1 no context. */
function downgrade(trace: Uint8Array, version: 1 | 2): Uint8Array {
  const packets = packetsOf(trace).map((bytes, index) => {
    const contextBytes = index === 0 && version === 1 ? contextLength(bytes) : 0;
    const older = join(bytes.subarray(0, 38), bytes.subarray(40, bytes.length - contextBytes));
    const view = new DataView(older.buffer);
    view.setUint32(4, 8 * older.length, true);
    view.setUint16(28, version, true);
    return older;
  });
  return join(...packets);
}

/** Bytes of the last string of the info packet, its NUL included. */
function contextLength(bytes: Uint8Array): number {
  // Behind the header, the event's, rate and word size come three strings and the pid.
  let at = 68 + 4 + 8 + 1;
  for (let strings = 0; strings < 3; strings++) at = bytes.indexOf(0, at) + 1;
  return bytes.length - (at + 8);
}
