/**
 * Hooks in programs of Go's and TinyGo's compilers, in text as these would make them; what Go
 * itself makes is in tests/guests/memtrace-go.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GoCalls } from "../../host/instrument/go-calls.js";
import { allocatorOf, assembleAll, openGuest } from "./instrument-guest.js";

/** Go's globals; an allocator that leaves without room on the stack, to be entered again. */
const ENTER = `
  (if (i32.eqz (local.get 0)) (then
    (if (i32.le_u (global.get $SP) (i32.load offset=16 (i32.wrap_i64 (global.get $g))))
      (then (return (i32.const 1))))
    (global.set $entered (i32.add (global.get $entered) (i32.const 1)))))
  (i32.const 0)`;
const GO = `(module
  (memory (export "memory") 1)
  (global $SP (mut i32) (i32.const 1024))
  (global $CTXT (mut i64) (i64.const 0))
  (global $g (mut i64) (i64.const 64))
  (global $entered (export "entered") (mut i32) (i32.const 0))
  (func $runtime.mallocgc (export "mallocgc") (param i32) (result i32) ${ENTER})
  (func $runtime.mallocgcSmallNoScanSC2 (export "sized") (param i32) (result i32) ${ENTER})
  (func $runtime.mallocgcTiny (export "tiny") (param i32) (result i32) ${ENTER})
  (func $main.malloc (export "other") (param i32) (result i32) ${ENTER})
)`;

/** Addresses to return to: functions are numbered from 0x1000 on, blocks from 0. */
const MALLOCGC = 0x1000 * 65_536 + 3;
const MAIN = 0x1003 * 65_536 + 1;
const SP = 1024;
const GUARD = 64 + 16;

type GoFunction = (block: number) => number;

function openGo() {
  const guest = openGuest(assembleAll(GO));
  const { exports } = guest.instance;
  const memory = new DataView((exports.memory as WebAssembly.Memory).buffer);
  const enter = (name: string, bytes: number, { block = 0, caller = MAIN } = {}) => {
    memory.setBigUint64(SP, BigInt(caller), true);
    memory.setBigUint64(SP + 8, BigInt(bytes), true);
    return (exports[name] as GoFunction)(block);
  };
  return { ...guest, memory, enter };
}

test("Go: a block counts when its allocator is entered, with the bytes on Go's stack", () => {
  const { enter, ledger, description } = openGo();
  assert.deepEqual(
    description.hooked.map(({ name, found }) => `${name} ${found}`),
    ["runtime.mallocgc name section", "runtime.mallocgcSmallNoScanSC2 name section"],
  );
  assert.equal(enter("mallocgc", 100), 0);
  assert.equal(enter("mallocgc", 7), 0);
  assert.equal(ledger.take(), "+100 +7");
});

test("Go: what goes on in the middle does not count, nor what leaves for more stack", () => {
  const { enter, ledger, memory, instance } = openGo();
  enter("mallocgc", 100, { block: 5 });
  memory.setUint32(GUARD, SP, true);
  assert.equal(enter("mallocgc", 100), 1);
  assert.equal(ledger.take(), "");
  memory.setUint32(GUARD, SP - 1, true);
  assert.equal(enter("mallocgc", 100), 0);
  assert.equal(ledger.take(), "+100");
  assert.equal((instance.exports.entered as WebAssembly.Global).value, 1);
});

test("Go: an allocator for one size counts unless mallocgc calls it", () => {
  const { enter, ledger } = openGo();
  enter("sized", 16);
  enter("sized", 16, { caller: MALLOCGC });
  enter("tiny", 8);
  enter("other", 24);
  assert.equal(ledger.take(), "+16");
});

test("Go: what cannot be seen is said", () => {
  const { description, warnings } = openGo();
  assert.match(warnings.join("\n"), /Go's collector calls no function/);
  assert.match(warnings.join("\n"), /Go's table of functions .* could not be read/);
  assert.equal(description.stacks, "engine");
  const unchecked = "(func $runtime.mallocgc (param i32) (result i32) (i32.const 0))";
  const text = `(module (memory 1) (global (mut i32) (i32.const 0)) ${unchecked})`;
  const { notHooked } = openGuest(assembleAll(text)).description;
  assert.match(notHooked.join("\n"), /runtime\.mallocgc: its check that the stack has room/);
});

test("Go: its stack is read up to a first function, or what is no return address", () => {
  // Functions 0x1000, with a frame of 16 bytes, and 0x1002, of 0 bytes, where stacks begin.
  const calls = [0x80, 0x20, 16, 2, 1, 100, 3, 20, 2, 1, 1, 5, 30];
  const stack = new GoCalls(btoa(String.fromCharCode(...calls)));
  const memory = new DataView(new ArrayBuffer(4096));
  const read = (...addresses: readonly (readonly [at: number, address: number])[]) => {
    for (const [at, address] of addresses) memory.setBigUint64(at, BigInt(address), true);
    const positions = new Uint32Array(4);
    return [...positions.subarray(0, stack.read(memory.buffer, 64, positions))];
  };
  const [first, second, top] = [0x1000_0001, 0x1000_0004, 0x1002_0005];
  assert.deepEqual(read([64, first], [88, second], [112, top], [120, first]), [100, 120, 150]);
  assert.deepEqual(read([64, second], [88, 0x1000_0002]), [120]);
  assert.deepEqual(read([64, 7]), []);
  const endless = Array.from({ length: 20 }, (_, index) => [64 + 24 * index, first] as const);
  assert.deepEqual(read(...endless), [100, 100, 100, 100]);
  assert.equal(stack.read(memory.buffer, 4092, new Uint32Array(4)), 0);
});

const TINYGO = `(module
  (memory 4)
  (global $top (mut i32) (i32.const 1024))
  (func $runtime.alloc (param $size i32) (param $layout i32) (result i32)
    (global.set $top (i32.add (global.get $top) (i32.and (i32.const -16)
      (i32.add (local.get $size) (i32.const 31)))))
    (i32.sub (global.get $top) (i32.const 16)))
  (func $runtime.free (param $pointer i32))
  (func $runtime.libc_malloc (export "malloc") (param $size i32) (result i32)
    (call $runtime.alloc (local.get $size) (i32.const 0)))
  (func (export "call malloc") (param i32) (result i32)
    (call $runtime.libc_malloc (local.get 0)))
  (func (export "call calloc") (param i32 i32) (result i32)
    (call $runtime.alloc (i32.mul (local.get 0) (local.get 1)) (i32.const 3)))
  (func (export "call free") (param i32) (call $runtime.free (local.get 0))))`;

test("TinyGo: runtime.alloc and the malloc around it count once, runtime.free gives back", () => {
  const { description, instance, ledger } = openGuest(assembleAll(TINYGO));
  assert.deepEqual(
    description.hooked.map(({ name, role, found }) => `${name} ${role} ${found}`),
    [
      "runtime.alloc allocate name section",
      "runtime.free free name section",
      "malloc allocate export",
    ],
  );
  const guest = allocatorOf(instance);
  const block = guest.malloc(100);
  guest.calloc(3, 20);
  guest.free(block);
  assert.equal(ledger.take(), "+100 +60 -100");
});
