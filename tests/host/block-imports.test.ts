/**
 * What a guest may ask of a block device: every wrong number is a status, nothing traps, nothing
 * outside the device or the guest's memory is touched, and each outcome is counted once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES_MAX, BLOCK_READONLY } from "../../assembly/abi.js";
import type { BlockImports } from "../../host/block/imports.js";
import { ProbedDevice } from "../../host/block/layer.js";
import { createMonitor } from "../../host/index.js";
import { Bench, MemoryDevice, statusName } from "./block-memory.js";

/** Of a device of eight sectors, from a memory of one page. */
const CAPACITY = 4096;
const PAGE = 65536;

type Call = readonly [rule: string, offset: bigint, byteCount: number, status: string];

/** Reads and writes at address 0. */
const SPANS: readonly Call[] = [
  ["the first sector", 0n, 512, "Ok"],
  ["the last sector", 3584n, 512, "Ok"],
  ["all of it", 0n, 4096, "Ok"],
  ["nothing, at the start", 0n, 0, "Ok"],
  ["nothing, at the end", 4096n, 0, "Ok"],
  ["nothing, past the end", 4608n, 0, "OutOfBounds"],
  ["an offset inside a sector", 1n, 512, "Unaligned"],
  ["half a sector", 0n, 256, "Unaligned"],
  ["a sector and a byte", 0n, 513, "Unaligned"],
  ["a length of 2^32 - 1", 0n, -1, "Unaligned"],
  ["a sector past the end", 4096n, 512, "OutOfBounds"],
  ["an end past the end", 3584n, 1024, "OutOfBounds"],
  ["a length of 2^31", 0n, -2147483648, "OutOfBounds"],
  ["an offset of 2^32", 1n << 32n, 512, "OutOfBounds"],
  ["an offset of 2^53", 1n << 53n, 512, "OutOfBounds"],
  ["an offset of 2^53 and a byte", (1n << 53n) + 1n, 512, "Unaligned"],
  ["an offset of 2^63, which arrives negative", -(1n << 63n), 512, "OutOfBounds"],
  ["an offset of 2^64 - 512, where a sum would wrap", -512n, 512, "OutOfBounds"],
  ["an offset of 2^64 - 1", -1n, 512, "Unaligned"],
];

for (const verb of ["read", "write"] as const) {
  for (const [rule, offset, byteCount, expected] of SPANS) {
    test(`block ${verb}: ${rule}: ${expected}`, () => {
      const device = new MemoryDevice(CAPACITY);
      const bench = new Bench({ disk: device });
      const status = bench.imports[`block_${verb}`](0, offset, 0, byteCount);
      assert.equal(statusName(status), expected);
      const reaches = expected === "Ok" && byteCount > 0;
      assert.deepEqual(device.calls, reaches ? [`${verb} ${offset}+${byteCount}`] : []);
      const outcome = { Ok: `${verb} ${byteCount}`, Unaligned: "fail EINVAL" }[expected];
      assert.equal(bench.counted[0], outcome ?? "fail ERANGE");
      assert.deepEqual(bench.counted.slice(1), expected === "Ok" ? ["settle"] : []);
    });
  }
}

const MEMORY_SPANS: readonly (readonly [string, number, number, string])[] = [
  ["the end of memory", PAGE - 512, 512, "Ok"],
  ["nothing, at the end of memory", PAGE, 0, "Ok"],
  ["a byte past the end", PAGE - 511, 512, "Fault"],
  ["an address of 2^32 - 512, where a sum would wrap", -512, 512, "Fault"],
  ["an address of 2^31", -2147483648, 512, "Fault"],
];

for (const verb of ["read", "write"] as const) {
  for (const [rule, address, byteCount, expected] of MEMORY_SPANS) {
    test(`block ${verb}: memory: ${rule}: ${expected}`, () => {
      const bench = new Bench({ disk: new MemoryDevice(CAPACITY) });
      const status = bench.imports[`block_${verb}`](0, 0n, address, byteCount);
      assert.equal(statusName(status), expected);
      if (expected === "Fault") assert.deepEqual(bench.counted, ["fail EFAULT"]);
    });
  }
}

test("block: a call moves 16 MiB at most", () => {
  const bench = new Bench({ disk: new MemoryDevice(BLOCK_BYTES_MAX * 2) });
  bench.memory.grow((BLOCK_BYTES_MAX * 2) / PAGE);
  const { block_read, block_write } = bench.imports;
  for (const call of [block_read, block_write]) {
    assert.equal(statusName(call(0, 0n, 0, BLOCK_BYTES_MAX)), "Ok");
    assert.equal(statusName(call(0, 0n, 0, BLOCK_BYTES_MAX + 512)), "Fault");
  }
});

const DISCARDS: readonly (readonly [string, bigint, bigint, string])[] = [
  ["a sector", 512n, 512n, "Ok"],
  ["all of it", 0n, 4096n, "Ok"],
  ["nothing", 0n, 0n, "Ok"],
  ["half a sector", 0n, 256n, "Unaligned"],
  ["an offset inside a sector", 1n, 512n, "Unaligned"],
  ["a length of 2^53 and a byte", 0n, (1n << 53n) + 1n, "Unaligned"],
  ["past the end", 0n, 4608n, "OutOfBounds"],
  ["a length of 2^63", 0n, -(1n << 63n), "OutOfBounds"],
  ["a length of 2^64 - 512, where a sum would wrap", 512n, -512n, "OutOfBounds"],
];

for (const [rule, offset, byteCount, expected] of DISCARDS) {
  test(`block discard: ${rule}: ${expected}`, () => {
    const device = new MemoryDevice(CAPACITY);
    device.bytes.fill(1);
    const bench = new Bench({ disk: device });
    assert.equal(statusName(bench.imports.block_discard(0, offset, byteCount)), expected);
    const zeros = device.bytes.filter((byte) => byte === 0).length;
    assert.equal(zeros, expected === "Ok" ? Number(byteCount) : 0);
  });
}

test("block: what is written is read, in the guest's memory and in no byte beside", () => {
  const bench = new Bench({ disk: new MemoryDevice(CAPACITY) });
  bench.bytes.fill(7, 0, 512);
  assert.equal(bench.imports.block_write(0, 1024n, 0, 512), 0);
  bench.bytes.fill(9);
  assert.equal(bench.imports.block_read(0, 1024n, 2048, 512), 0);
  const expected = new Uint8Array(PAGE).fill(9).fill(7, 2048, 2560);
  assert.deepEqual(bench.bytes, expected);
});

test("block: no handle but those of devices names one, and each wrong one is counted", () => {
  const device = new MemoryDevice(CAPACITY);
  const bench = new Bench({ disk: device });
  const { block_read, block_write, block_discard, block_flush } = bench.imports;
  const wrong = [-1, 1, 64, 2147483647, -2147483648];
  for (const handle of wrong) {
    const statuses = [
      block_read(handle, 0n, 0, 512),
      block_write(handle, 0n, 0, 512),
      block_discard(handle, 0n, 512n),
      block_flush(handle),
    ];
    assert.deepEqual(statuses.map(statusName), Array(4).fill("NoSuchDevice"));
  }
  assert.equal(bench.refusedCount, wrong.length * 4);
  assert.deepEqual(device.calls, []);
});

test("block: without devices every call says that there is none", () => {
  const bench = new Bench({});
  const { imports } = bench;
  const statuses = [bench.acquire("disk"), imports.block_read(0, 0n, 0, 512)];
  statuses.push(imports.block_write(0, 0n, 0, 512), imports.block_discard(0, 0n, 512n));
  statuses.push(imports.block_flush(0));
  assert.deepEqual(statuses.map(statusName), Array(5).fill("NoSuchDevice"));
  assert.equal(bench.refusedCount, 5);
});

test("block: a plug-in links and has no device; its calls are counted", async () => {
  const monitor = await createMonitor({ timestamps: "none" });
  const { monitor: imports } = monitor.imports(() => new WebAssembly.Memory({ initial: 1 }));
  const { block_acquire, block_flush } = imports as unknown as BlockImports;
  assert.equal(statusName(block_acquire(0, 4, 1024)), "NoSuchDevice");
  assert.equal(statusName(block_flush(0)), "NoSuchDevice");
  assert.match(new TextDecoder().decode(monitor.influx()), /^monitor .*refused=2i/m);
});

test("block: acquire tells capacity, sector and mode, the same handle each time", () => {
  const bench = new Bench({
    disk: new MemoryDevice(CAPACITY),
    "cd.rom-1": new MemoryDevice(512, true),
  });
  const infos = ["disk", "cd.rom-1", "disk"].map((name) => {
    const handle = bench.acquire(name);
    const view = new DataView(bench.memory.buffer, 1024);
    const flags = view.getUint32(12, true);
    return [handle, view.getBigUint64(0, true), view.getUint32(8, true), flags];
  });
  assert.deepEqual(infos, [
    [0, 4096n, 512, 0],
    [1, 512n, 512, BLOCK_READONLY],
    [0, 4096n, 512, 0],
  ]);
});

/** Names are compared in full; `disk` is there. */
for (const name of ["", "dis", "disk2", "DISK", "disk\0", "d\u00efsk"]) {
  test(`block acquire: ${JSON.stringify(name)} is no device`, () => {
    const bench = new Bench({ disk: new MemoryDevice(CAPACITY) });
    assert.equal(statusName(bench.acquire(name)), "NoSuchDevice");
    assert.equal(bench.refusedCount, 1);
  });
}

test("block acquire: a name or an info outside of memory is a fault, and writes nothing", () => {
  const bench = new Bench({ disk: new MemoryDevice(CAPACITY) });
  bench.bytes.set(new TextEncoder().encode("disk"));
  const before = bench.bytes.slice();
  const { block_acquire } = bench.imports;
  const spans = [
    [PAGE - 3, 4, 1024],
    [0, -1, 1024],
    [0, 4, PAGE - 15],
    [0, 4, -1],
  ] as const;
  for (const [name, byteCount, info] of spans) {
    assert.equal(statusName(block_acquire(name, byteCount, info)), "Fault");
  }
  assert.deepEqual(bench.bytes, before);
  assert.equal(bench.refusedCount, spans.length);
});

test("block: a call before the guest has its memory is a fault", () => {
  const bench = new Bench({ disk: new MemoryDevice(CAPACITY) });
  const [volume] = bench.volumes;
  assert.equal(statusName(volume?.read(0n, 512, undefined) ?? 0), "Fault");
  assert.equal(statusName(volume?.write(0n, 512, undefined) ?? 0), "Fault");
});

test("block: a device that cannot be written refuses to, and reads", () => {
  const device = new MemoryDevice(CAPACITY, true);
  const bench = new Bench({ disk: device });
  const { block_read, block_write, block_discard, block_flush } = bench.imports;
  const statuses = [
    block_write(0, 0n, 0, 512),
    block_discard(0, 0n, 512n),
    block_read(0, 0n, 0, 512),
    block_flush(0),
  ];
  assert.deepEqual(statuses.map(statusName), ["ReadOnly", "ReadOnly", "Ok", "Ok"]);
  assert.deepEqual(device.calls, ["read 0+512"]);
  assert.deepEqual(bench.counted.slice(0, 2), ["fail EROFS", "fail EROFS"]);
});

const FAULTS = [
  ["io", "IoError", "EIO"],
  ["corrupt", "IoError", "EIO"],
  ["no-space", "NoSpace", "ENOSPC"],
] as const;

for (const [fault, expected, errno] of FAULTS) {
  test(`block: storage that fails (${fault}) is ${expected}, counted and told`, () => {
    const device = new MemoryDevice(CAPACITY);
    device.fault = fault;
    const bench = new Bench({ disk: device });
    const { block_read, block_write, block_discard, block_flush } = bench.imports;
    const statuses = [
      block_read(0, 0n, 0, 512),
      block_write(0, 0n, 0, 512),
      block_discard(0, 0n, 512n),
      block_flush(0),
    ];
    assert.deepEqual(statuses.map(statusName), Array(4).fill(expected));
    const failures = bench.counted.filter((text) => text !== "settle");
    assert.deepEqual(failures, Array(4).fill(`fail ${errno}`));
    assert.deepEqual(bench.notes, [
      "block disk: read failed: a disk on fire",
      "block disk: write failed: a disk on fire",
      "block disk: discard failed: a disk on fire",
      "block disk: flush failed: a disk on fire",
    ]);
  });
}

test("block: of storage that goes on failing the user is told eight times", () => {
  const device = new MemoryDevice(CAPACITY);
  device.fault = "io";
  const bench = new Bench({ disk: device });
  for (let call = 0; call < 100; call++) bench.imports.block_flush(0);
  assert.equal(bench.notes.length, 8);
  assert.match(bench.notes.at(-1) ?? "", /from now on its failures are only counted$/);
  assert.equal(bench.counted.filter((text) => text === "fail EIO").length, 100);
});

test("block: a device that fails in no way of storage is never touched again", () => {
  const device = new MemoryDevice(CAPACITY);
  device.surprise = new RangeError("Maximum call stack size exceeded");
  const bench = new Bench({ disk: device });
  const { block_write, block_flush, block_read } = bench.imports;
  assert.equal(statusName(block_write(0, 0n, 0, 512)), "IoError");
  device.surprise = undefined;
  const statuses = [block_flush(0), block_read(0, 0n, 0, 512), block_write(0, 0n, 0, 512)];
  assert.deepEqual(statuses.map(statusName), Array(3).fill("IoError"));
  bench.volumes[0]?.close();
  assert.deepEqual(device.calls, ["write 0+512"]);
  assert.equal(bench.counted.filter((text) => text === "fail EIO").length, 4);
  assert.deepEqual(bench.notes, [
    "block disk: write failed: Maximum call stack size exceeded; it is not used any more",
    "block disk: it broke, and is left as it was at its last flush",
  ]);
});

test("block: a device whose close fails ends like any other", () => {
  const device = new MemoryDevice(CAPACITY);
  device.fault = "io";
  const bench = new Bench({ disk: device });
  bench.volumes[0]?.close();
  assert.deepEqual(bench.notes, ["block disk: close failed: a disk on fire"]);
});

/** What a guest writes into the first sector of a raw image, and whether it may. */
const HEADERS = [
  ["zeros", [0, 0, 0, 0], true],
  ["most of a magic number", [0x51, 0x46, 0x49, 0xfa], true],
  ["a qcow2 header", [0x51, 0x46, 0x49, 0xfb], false],
] as const;

for (const [what, bytes, isAllowed] of HEADERS) {
  test(`block: ${what} ${isAllowed ? "may" : "may not"} begin a raw image`, () => {
    const raw = new MemoryDevice(CAPACITY);
    const bench = new Bench({ disk: new ProbedDevice(raw) });
    bench.bytes.set(bytes);
    const status = bench.imports.block_write(0, 0n, 0, 1024);
    assert.equal(statusName(status), isAllowed ? "Ok" : "IoError");
    assert.deepEqual([...raw.bytes.subarray(0, 4)], isAllowed ? bytes : [0, 0, 0, 0]);
    if (!isAllowed) assert.match(bench.notes[0] ?? "", /qcow2 image of a raw one.*,raw allows it/);
    assert.equal(statusName(bench.imports.block_write(0, 512n, 0, 512)), "Ok");
  });
}

test("block: calls with any numbers at all return a status", () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9);
  const draw = drawer(seed);
  const bench = new Bench({ disk: new MemoryDevice(CAPACITY) });
  const odd = [0, 1, 511, 512, 4096, PAGE, -1, -512, 2147483647, -2147483648];
  const number = () => odd[draw() % odd.length] ?? 0;
  const wide = () => (BigInt(number()) << BigInt(draw() % 40)) + BigInt(number());
  const { imports } = bench;
  for (let round = 0; round < 20_000; round++) {
    const handle = draw() % 4 === 0 ? number() : 0;
    const statuses = [
      imports.block_read(handle, BigInt.asIntN(64, wide()), number(), number()),
      imports.block_write(handle, BigInt.asIntN(64, wide()), number(), number()),
      imports.block_discard(handle, BigInt.asIntN(64, wide()), BigInt.asIntN(64, wide())),
      imports.block_flush(handle),
    ];
    const isKnown = statuses.every((status) => status === 0 || (status <= -20 && status >= -24));
    assert.ok(isKnown, `${statuses} with SEED=${seed}, round ${round}`);
  }
  assert.deepEqual(bench.notes, [], `SEED=${seed}`);
});

/** Numbers that look random: Marsaglia's xorshift32. */
function drawer(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
