/**
 * What linking makes of a module: the guest's memory, globals, tables and functions are what they
 * were, and what cannot be linked is refused in a sentence. Guests here are text.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { linkGuest } from "../../host/link/link.js";
import { assemble, guestFile, runWmon, temporaryFolder } from "../host/wmon.js";
import { guestPath, ROOT } from "./guest.js";
import { Linked, link } from "./linked.js";

const EXIT = `(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`;

/** A guest that exits with the number of the first check that does not hold, 0 if all do. */
function checking(declarations: string, ...checks: string[]): string {
  const steps = checks.map(
    (check, index) => `(if (i32.eqz ${check}) (then (call $exit (i32.const ${index + 1}))))`,
  );
  return `(module ${EXIT} ${declarations} (func (export "_start") ${steps.join(" ")}))`;
}

const equal = (left: string, right: number) => `(i32.eq ${left} (i32.const ${right}))`;
const grow = (pages: number) => `(memory.grow (i32.const ${pages}))`;
const load = (address: number) => `(i32.load (i32.const ${address}))`;

type Guest = string | readonly [declarations: string, ...checks: string[]];

/** A rule, and a module or what `checking` makes one of. */
const GUESTS: readonly (readonly [string, Guest])[] = [
  [
    "memory grows from where the guest's ends, is zero, and keeps what it holds",
    [
      `(memory (export "memory") 2) (data (i32.const 131068) "mine")
       (func $fill (result i32)
         (memory.fill (i32.const 131072) (i32.const 255) (i32.const 6553600)) (i32.const 1))
       (func $sum (param $at i32) (param $end i32) (result i32) (local $sum i32)
         (loop $next
           (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
           (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4)))
             (local.get $end))))
         (local.get $sum))`,
      equal("(memory.size)", 2),
      equal(grow(0), 2),
      equal(grow(1), 2),
      equal(grow(99), 3),
      equal("(memory.size)", 102),
      equal("(call $sum (i32.const 131072) (i32.const 6684672))", 0),
      "(call $fill)",
      equal(grow(500), 102),
      equal("(call $sum (i32.const 6684672) (i32.const 39452672))", 0),
      equal(load(131068), 0x656e696d),
      equal(load(6684668), -1),
    ],
  ],
  [
    "memory grows to the guest's maximum, and no further",
    [
      `(memory (export "memory") 1 3)`,
      equal(grow(3), -1),
      equal("(memory.size)", 1),
      equal(grow(2), 1),
      equal(grow(1), -1),
      equal(grow(65535), -1),
      equal("(memory.size)", 3),
    ],
  ],
  [
    "tables, function references, globals and passive data keep what they name",
    [
      `(memory (export "memory") 1) (type $number (func (result i32)))
       (func $seven (result i32) (i32.const 7)) (func $nine (result i32) (i32.const 9))
       (table $table 4 funcref) (elem (i32.const 1) $seven $nine)
       (elem declare func $nine)
       (global $mine (mut i32) (i32.const 42))
       (global $held (mut funcref) (ref.func $seven))
       (data $late "late")
       (func $copy (result i32)
         (memory.init $late (i32.const 16) (i32.const 0) (i32.const 4)) (data.drop $late)
         (i32.load (i32.const 16)))
       (func $put (result i32)
         (table.set $table (i32.const 0) (ref.func $nine))
         (table.set $table (i32.const 3) (global.get $held)) (i32.const 1))`,
      equal("(call_indirect (type $number) (i32.const 1))", 7),
      equal("(call_indirect (type $number) (i32.const 2))", 9),
      equal("(global.get $mine)", 42),
      equal("(call $copy)", 0x6574616c),
      "(call $put)",
      equal("(call_indirect (type $number) (i32.const 0))", 9),
      equal("(call_indirect (type $number) (i32.const 3))", 7),
    ],
  ],
  [
    "a start function runs first, and may call WASI",
    `(module ${EXIT}
       (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
       (memory (export "memory") 1) (global $started (mut i32) (i32.const 5))
       (func $first (global.set $started (call $yield)))
       (start $first)
       (func (export "_start") (call $exit (global.get $started))))`,
  ],
  [
    "a guest without memory of its first pages, and without imports",
    `(module (memory (export "memory") 0) (func (export "_start")))`,
  ],
];

for (const [rule, guest] of GUESTS) {
  test(`linked: ${rule}`, async (t) => {
    const text = typeof guest === "string" ? guest : checking(...guest);
    const image = await link(t, guestFile(t, text));
    const linked = new Linked(t, image, { env: { WMON_PROMETHEUS: "/monitor/prom" } });
    assert.equal(await linked.ended, 0, linked.stderr);
    assert.match(linked.read("prom"), /^guest_running 0$/m);
  });
}

test("linked: an unlinked guest's checks fail where they should", async (t) => {
  const text = checking(`(memory (export "memory") 1)`, "(i32.const 1)", equal("(memory.size)", 2));
  const linked = new Linked(t, await link(t, guestFile(t, text)));
  assert.equal(await linked.ended, 2);
});

test("linked: growths and bytes are told as they are", async (t) => {
  const text = checking(`(memory (export "memory") 1)`, equal(grow(10), 1), equal(grow(200), 11));
  const image = await link(t, guestFile(t, text));
  const linked = new Linked(t, image, { env: { WMON_PROMETHEUS: "/monitor/prom" } });
  assert.equal(await linked.ended, 0, linked.stderr);
  assert.match(linked.read("prom"), /^memory_growths_total 2$/m);
  assert.match(linked.read("prom"), new RegExp(`^memory_linear_bytes ${211 * 65536}$`, "m"));
});

test("linked: descriptors that the monitor keeps open are none of the guest's", async (t) => {
  // Asks for the standard streams, the directory, and the next: 0 0 0 0 and then EBADF.
  const text = checking(
    `(import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
     (memory (export "memory") 1)`,
    equal("(call $stat (i32.const 2) (i32.const 64))", 0),
    equal("(call $stat (i32.const 3) (i32.const 64))", 0),
    equal("(call $stat (i32.const 4) (i32.const 64))", 8),
  );
  const folder = temporaryFolder(t);
  execFileSync("mkfifo", [join(folder, "in")]);
  const env = { WMON_CONTROL: "/monitor/in", WMON_PROMETHEUS: "/monitor/prom" };
  const image = await link(t, guestFile(t, text));
  const linked = new Linked(t, image, { env, directory: folder });
  assert.equal(await linked.ended, 0, linked.stderr);
  assert.match(linked.read("prom"), /^wasi_errors_total\{call="fd_fdstat_get"\} 1$/m);
});

test("linked: other exports stay, and nothing but WASI is imported", async (t) => {
  const text = `(module (import "monitor" "log_passes" (func (param i32 i32) (result i32)))
    (memory (export "memory") 1) (global (export "g") i32 (i32.const 3))
    (func (export "_start")) (func (export "five") (result i32) (i32.const 5)))`;
  const module = new WebAssembly.Module(readFileSync(await link(t, guestFile(t, text))));
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.deepEqual(names.sort(), ["_start", "five", "g", "memory"]);
  const modules = WebAssembly.Module.imports(module).map((entry) => entry.module);
  assert.deepEqual([...new Set(modules)], ["wasi_snapshot_preview1"]);
});

interface Refusal {
  readonly what: string;
  readonly guest: string | Uint8Array;
  readonly message: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  { what: "text", guest: "(module)", message: /looks like WebAssembly text: assemble it first/ },
  {
    what: "a component",
    guest: Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0),
    message: /is a component, not a core module; build it for WASI preview1/,
  },
  {
    what: "a library",
    guest: assemble(`(module (memory (export "memory") 1) (func (export "_initialize")))`),
    message: /exports no function _start.*it is a reactor/,
  },
  {
    what: "no memory",
    guest: assemble(`(module (func (export "_start")))`),
    message: /has no memory of its own/,
  },
  {
    what: "other imports",
    guest: assemble(`(module (import "env" "f" (func)) (memory (export "memory") 1)
      (func (export "_start")))`),
    message: /imports what wmon does not provide: env\.f \(function\)/,
  },
  {
    what: "all memory there is",
    guest: assemble(`(module (memory (export "memory") 65500) (func (export "_start")))`),
    message: /begins with all memory there can be/,
  },
];

for (const { what, guest, message } of REFUSALS) {
  test(`wmon link refuses ${what}, and writes nothing`, async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, "guest.wasm");
    writeFileSync(file, guest);
    const run = await runWmon(t, ["link", file]);
    assert.equal(run.code, 2);
    assert.match(run.stderr, message);
    assert.match(run.stderr, /^wmon: [^\n]+\n$/);
    assert.ok(!existsSync(join(folder, "guest.monitored.wasm")));
  });
}

test("wmon link refuses what is linked already, and to write over the guest", async (t) => {
  const image = await link(t, guestPath("kinds"));
  const again = await runWmon(t, ["link", image]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /is linked already: run it as it is\n$/);
  const same = await runWmon(t, ["link", image, "-o", image]);
  assert.match(same.stderr, /is the guest itself; name another file/);
});

test("what is damaged is refused or linked, and never fails otherwise", () => {
  const monitor = readFileSync(`${ROOT}build/link.wasm`);
  const guest = readFileSync(guestPath("kinds"));
  let state = 20261123;
  const draw = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  for (let round = 0; round < 300; round++) {
    const damaged = Uint8Array.from(guest);
    damaged[8 + draw(guest.length - 8)] = draw(256);
    if (!WebAssembly.validate(damaged)) continue;
    const seed = `seed 20261123, round ${round}`;
    try {
      assert.ok(WebAssembly.validate(linkGuest(damaged, monitor)), seed);
    } catch (error) {
      assert.ok(error instanceof MonitorError, `${seed}: ${error}`);
    }
  }
});
