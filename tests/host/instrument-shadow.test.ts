/**
 * Shadow stacks against V8's own: at each block both must name the same calls, whatever way
 * functions call and leave each other.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { originalPosition } from "../../host/instrument/description.js";
import { instrument } from "../../host/instrument/instrument.js";
import { allocatorGuest, openGuest } from "./instrument-guest.js";

/** V8's frame of a structured stack. */
interface CallSite {
  getScriptNameOrSourceURL(): string | null;
  getPosition(): number;
}

/** Guests that export `run`. Each allocates at several depths. */
const GUESTS: readonly (readonly [rule: string, text: string])[] = [
  [
    "direct calls, and a loop in the outermost function",
    `(func $leaf (drop (call $malloc (i32.const 8))))
     (func $middle (call $leaf) (drop (call $calloc (i32.const 2) (i32.const 8))) (call $leaf))
     (func (export "run") (local $i i32)
       (loop $again (call $middle) (call $leaf)
         (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
           (i32.const 5)))))`,
  ],
  [
    "returns from the middle, branches to the function's end, values on the way out",
    `(func $pick (param i32) (result i32)
       (if (i32.eqz (local.get 0)) (then (return (call $malloc (i32.const 4)))))
       (drop (br_if 0 (call $malloc (i32.const 8)) (i32.eq (local.get 0) (i32.const 1))))
       (block $out (result i32)
         (br_table $out 1 (call $malloc (i32.const 12))
           (i32.eq (local.get 0) (i32.const 2))))
       (drop)
       (call $malloc (i32.const 16)))
     (func (export "run") (local $i i32)
       (loop $again (drop (call $pick (local.get $i)))
         (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
           (i32.const 4)))))`,
  ],
  [
    "indirect calls by type",
    `(type $maker (func (result i32)))
     (table 2 funcref) (elem (i32.const 0) $first $second)
     (func $first (result i32) (call $malloc (i32.const 4)))
     (func $second (result i32) (call_indirect (type $maker) (i32.const 0)))
     (func (export "run") (drop (call_indirect (type $maker) (i32.const 1)))
       (drop (call_indirect (type $maker) (i32.const 0))))`,
  ],
  [
    "two results, and a result that is a reference",
    `(func $two (param i64 f32) (result i32 i64) (local f64)
       (call $malloc (i32.const 4)) (local.get 0))
     (func $reference (result funcref) (drop (call $malloc (i32.const 4))) (ref.null func))
     (func (export "run") (drop (drop (call $two (i64.const 1) (f32.const 1))))
       (drop (call $reference)) (drop (call $malloc (i32.const 8))))`,
  ],
  [
    "tail calls leave no frame",
    `(func $last (result i32) (call $malloc (i32.const 4)))
     (func $middle (result i32) (drop (call $malloc (i32.const 8))) (return_call $last))
     (func (export "run") (drop (call $middle)) (drop (call $malloc (i32.const 12))))`,
  ],
  [
    "frames that an exception takes away are gone",
    `(tag $stop)
     (func $throw (drop (call $malloc (i32.const 4))) (throw $stop))
     (func $through (call $throw) (drop (call $malloc (i32.const 4))))
     (func $catch (try (do (call $through)) (catch $stop))
       (drop (call $malloc (i32.const 8))) (call $leaf))
     (func $leaf (drop (call $malloc (i32.const 12))))
     (func (export "run") (call $catch) (call $leaf) (call $catch))`,
  ],
  [
    "imports that call back",
    `(func $leaf (export "leaf") (drop (call $malloc (i32.const 4))))
     (func $middle (call $leaf) (call $host))
     (func (export "run") (call $middle) (call $leaf))`,
  ],
  [
    "recursion, deeper than is kept before there is a block",
    `(func $down (param i32)
       (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))))
       (drop (call $malloc (local.get 0))))
     (func (export "run") (call $down (i32.const 12)) (call $down (i32.const 40)))`,
  ],
];

/** The engine's stack of this moment as byte offsets in the original, the allocator's stripped. */
function engineStack({ segments, allocatorRanges }: ReturnType<typeof openGuest>["description"]) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 200;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error().stack as unknown as CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  const isAllocator = (position: number) =>
    allocatorRanges.some(({ begin, until }) => position >= begin && position < until);
  return sites
    .filter((site) => site.getScriptNameOrSourceURL()?.startsWith("wasm:"))
    .map((site) => originalPosition(segments, site.getPosition()))
    .filter((position) => position !== undefined && !isAllocator(position));
}

describe("shadow stack", () => {
  for (const [rule, text] of GUESTS) {
    test(rule, () => {
      const before = text.includes("$host") ? '(import "host" "call" (func $host))' : "";
      let leaf: unknown;
      const imports = { host: { call: () => (leaf as () => void)() } };
      const guest = openGuest(allocatorGuest(text, before), { stacks: "shadow", imports });
      leaf = guest.instance.exports.leaf;
      const positions = new Uint32Array(100);
      let blockCount = 0;
      guest.ledger.onBlock = () => {
        blockCount++;
        const count = guest.ledger.hooks.readStack(positions);
        assert.deepEqual([...positions.subarray(0, count)], engineStack(guest.description));
      };
      (guest.instance.exports.run as () => void)();
      assert.ok(blockCount >= 2, `${blockCount} blocks`);
    });
  }

  test("deeper than there is room: the outer frames are right, and again on the way back", () => {
    const text = `
      (global $found (export "found") (mut i32) (i32.const 0))
      (func $down (param i32)
        (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))))
        (if (i32.le_u (local.get 0) (i32.const 1)) (then (drop (call $malloc (i32.const 4))))))
      (func (export "run") (drop (call $malloc (i32.const 4)))
        (call $down (i32.const 17000)) (drop (call $malloc (i32.const 8))))`;
    const { instance, ledger } = openGuest(allocatorGuest(text), { stacks: "shadow" });
    const positions = new Uint32Array(20_000);
    const depths: number[] = [];
    ledger.onBlock = () => depths.push(ledger.hooks.readStack(positions));
    try {
      (instance.exports.run as () => void)();
    } catch (error) {
      // The engine's own stack may be smaller than that.
      assert.ok(error instanceof RangeError);
      return;
    }
    assert.deepEqual(depths, [1, 16_384, 16_384, 1]);
  });

  test("what cannot reach an allocator is left as it is", () => {
    const text = `
      (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
      (func $sum (param i32) (result i32) (i32.add (call $square (local.get 0)) (i32.const 1)))
      (func (export "run") (drop (call $malloc (call $sum (i32.const 4)))))`;
    const engine = instrument(allocatorGuest(text));
    const shadow = instrument(allocatorGuest(text), { stacks: "shadow" });
    const size = ({ bytes }: typeof engine) => bytes.length;
    const twice = instrument(
      allocatorGuest(text.replace("(call $square (local.get 0))", "(call $malloc (local.get 0))")),
      { stacks: "shadow" },
    );
    assert.ok(size(shadow) > size(engine));
    assert.ok(size(twice) > size(shadow) + 40, "$sum pushes once it can reach malloc");
  });

  test("engine stacks have none", () => {
    const { instance, ledger } = openGuest(
      allocatorGuest(`(func (export "run") (drop (call $malloc (i32.const 4))))`),
    );
    let count = -1;
    ledger.onBlock = () => {
      count = ledger.hooks.readStack(new Uint32Array(8));
    };
    (instance.exports.run as () => void)();
    assert.equal(count, 0);
  });

  test("no more positions are copied than there is room for, innermost first", () => {
    const text = `
      (func $leaf (drop (call $malloc (i32.const 4))))
      (func $middle (call $leaf))
      (func (export "run") (call $middle))`;
    const { instance, ledger } = openGuest(allocatorGuest(text), { stacks: "shadow" });
    const all = new Uint32Array(8);
    const two = new Uint32Array(2);
    ledger.onBlock = () => {
      assert.equal(ledger.hooks.readStack(all), 3);
      assert.equal(ledger.hooks.readStack(two), 2);
    };
    (instance.exports.run as () => void)();
    assert.deepEqual([...two], [...all.subarray(0, 2)]);
  });
});
