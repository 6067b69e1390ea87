/**
 * AssemblyScript's runtimes: whatever the optimiser makes of `__new`, the words add up to those
 * that the program asked for, and what the collector frees is told.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { instrument } from "../../host/instrument/instrument.js";
import { type BuildOptions, compileAssembly, openGuest } from "./instrument-guest.js";

const COLLECT = "export function collect(): void { __collect(); }";
const RELEASE = "export function release(): void { kept = []; }";

/** Keeps an optimiser from putting \`__new\` into its only caller. */
const SECOND_CALL = `
  export function bytes(count: i32): usize {
    return changetype<usize>(new StaticArray<u8>(count));
  }`;

/** Buffers of 0 to count - 1 bytes, all garbage but the last of the first call. */
const BUFFERS = `${SECOND_CALL}
  let kept: ArrayBuffer | null = null;
  export function run(count: i32): void {
    for (let i = 0; i < count; i++) {
      const buffer = new ArrayBuffer(i);
      if (kept === null && i === count - 1) kept = buffer;
    }
  }
  ${COLLECT}`;

const SECOND_NODE = `
  export function node(): usize { return changetype<usize>(new Node(null, 0)); }`;

/** Ends in code of its own, which allocates: so may every function of the runtime that asserts. */
const ABORTING = `
  let said: ArrayBuffer | null = null;
  export function fail(message: string | null, file: string | null, line: u32, column: u32): void {
    if (message !== null) said = String.UTF8.encode(message + line.toString());
  }
  ${BUFFERS}`;

/** A class alone: an optimiser removes both parameters of `__new`. */
const NODES = `${SECOND_NODE}
  class Node { constructor(public next: Node | null, public value: f64) {} }
  let kept: Node | null = null;
  export function run(count: i32): void {
    for (let i = 0; i < count; i++) kept = new Node(null, i);
  }
  ${COLLECT}`;

/** Arrays that grow: the runtimes enlarge them in different ways. */
const GROWTH = `
  let kept: i32[] = [];
  export function run(count: i32): void {
    for (let i = 0; i < count; i++) kept.push(i);
  }
  ${RELEASE}
  ${COLLECT}`;

/** Blocks without a collector. */
const RAW = `
  export function run(count: i32): void {
    let block = heap.alloc(<usize>count);
    block = heap.realloc(block, <usize>count * 100);
    heap.free(block);
    block = heap.alloc(<usize>count);
  }
  ${COLLECT}`;

interface Guest {
  run(count: number): void;
  collect(): void;
  release(): void;
}

const BUILDS: readonly BuildOptions[] = [
  { runtime: "incremental", optimizeLevel: 0 },
  { runtime: "incremental", optimizeLevel: 3, shrinkLevel: 0 },
  { runtime: "incremental", optimizeLevel: 2, shrinkLevel: 2 },
  { runtime: "minimal", optimizeLevel: 0 },
  { runtime: "minimal", optimizeLevel: 3, shrinkLevel: 0 },
];

const nameOf = ({ runtime, optimizeLevel, shrinkLevel = 0 }: BuildOptions) =>
  `${runtime} -O${optimizeLevel}${"sz".slice(0, shrinkLevel).slice(-1)}`;

async function open(source: string, options: BuildOptions) {
  const bytes = await compileAssembly(source, options);
  const imports = { env: { abort: () => assert.fail("aborted") } };
  const guest = openGuest(bytes, { imports });
  return { ...guest, exports: guest.instance.exports as unknown as Guest };
}

/** The bytes of a ledger's lines. */
function sumOf(lines: readonly string[], sign: string): number {
  return lines
    .filter((line) => line.startsWith(sign))
    .reduce((sum, line) => sum + Math.abs(Number(line)), 0);
}

describe("AssemblyScript", () => {
  for (const build of BUILDS) {
    test(`${nameOf(build)}: buffers, and what the collector frees`, async () => {
      const { exports, ledger } = await open(BUFFERS, build);
      exports.run(1000);
      exports.collect();
      exports.run(2000);
      exports.collect();
      exports.collect();
      assert.equal(sumOf(ledger.lines, "+"), (1000 * 999) / 2 + (2000 * 1999) / 2);
      assert.deepEqual([...ledger.live.values()], [999]);
    });

    test(`${nameOf(build)}: frees in a program with an abort of its own`, async () => {
      const { exports, ledger } = await open(ABORTING, { ...build, use: ["abort=input/fail"] });
      for (let round = 0; round < 50; round++) exports.run(1000);
      exports.collect();
      exports.collect();
      assert.equal(ledger.lost, 0);
      assert.deepEqual([...ledger.live.values()], [999]);
      assert.equal(sumOf(ledger.lines, "-"), (50 * 1000 * 999) / 2 - 999);
    });

    // Elsewhere `__new` has one caller, the constructor, and is put into it.
    const hasNew = build.optimizeLevel === 0 || nameOf(build) === "incremental -O3";
    if (hasNew)
      test(`${nameOf(build)}: objects of one class`, async () => {
        const { exports, ledger } = await open(NODES, build);
        exports.run(3000);
        exports.collect();
        exports.collect();
        assert.equal(sumOf(ledger.lines, "+"), 3000 * 16);
        assert.deepEqual([...ledger.live.values()], [16]);
      });

    // There, what grows in place is not seen, which is said.
    if (nameOf(build) === "minimal -O3") continue;
    test(`${nameOf(build)}: arrays that grow leave nothing behind`, async () => {
      const { exports, ledger } = await open(GROWTH, build);
      exports.run(3000);
      assert.ok(sumOf(ledger.lines, "+") > 3000 * 4);
      assert.ok(ledger.liveBytes >= 3000 * 4, `${ledger.liveBytes} live`);
      exports.release();
      exports.collect();
      exports.collect();
      assert.ok(ledger.liveBytes < 100, `${ledger.liveBytes} live`);
    });
  }

  for (const runtime of ["incremental", "minimal"]) {
    test(`${runtime}: blocks without a collector`, async () => {
      const { exports, ledger } = await open(RAW, { runtime, optimizeLevel: 0 });
      exports.run(40);
      assert.equal(ledger.take(), "+40 -40 +4000 -4000 +40");
    });
  }

  test("stub: every block, and no frees, which is said", async () => {
    const { exports, ledger, warnings } = await open(BUFFERS, {
      runtime: "stub",
      optimizeLevel: 3,
    });
    exports.run(1000);
    assert.equal(ledger.liveBytes, (1000 * 999) / 2);
    assert.match(warnings[0] ?? "", /^No free was found, as is right for the stub runtime/);
  });

  test("stub: arrays that grow drop the block they had", async () => {
    const { exports, ledger } = await open(GROWTH, { runtime: "stub", optimizeLevel: 0 });
    exports.run(3000);
    assert.ok(sumOf(ledger.lines, "-") > 0);
  });

  test("an allocator that was put into its caller is not hooked, and that is said", async () => {
    const bytes = await compileAssembly(NODES, { optimizeLevel: 2, shrinkLevel: 2 });
    const { description } = instrument(bytes);
    assert.deepEqual(description.hooked, []);
    assert.match(description.notHooked.join(), /has put __new into its only caller/);
  });

  test("minimal -O3: growth in place is not seen, and said", async () => {
    const { warnings } = await open(GROWTH, { runtime: "minimal", optimizeLevel: 3 });
    assert.match(warnings.join(), /tcms\/__renew was not found.*grows in place/);
  });

  test("without names, __new is hooked where it is exported", async () => {
    const { exports, ledger, description } = await open(BUFFERS, {
      debug: false,
      exportRuntime: true,
      optimizeLevel: 3,
    });
    exports.run(100);
    assert.deepEqual(
      description.hooked.map(({ name, found }) => [name, found]),
      [["__new", "export"]],
    );
    assert.equal(sumOf(ledger.lines, "+"), (100 * 99) / 2);
  });
});
