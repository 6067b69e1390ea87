/**
 * Hooks of C-like allocators: what is told, and when nothing is; what the rewriter leaves as it
 * was.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { originalPosition, readDescription } from "../../host/instrument/description.js";
import { openHooks } from "../../host/instrument/hooks.js";
import { instrument } from "../../host/instrument/instrument.js";
import { restoreOriginal } from "../../host/instrument/restore.js";
import {
  type Allocator,
  allocatorGuest,
  allocatorOf,
  assembleAll,
  BLOCK_MAX,
  openGuest,
} from "./instrument-guest.js";

const GUEST = allocatorGuest();

const RULES: readonly (readonly [string, (guest: Allocator) => void, string])[] = [
  ["malloc: the bytes asked for, not those taken", (g) => g.malloc(5), "+5"],
  ["malloc(0): no words, so never a sample", (g) => g.malloc(0), ""],
  ["malloc that fails: told with address 0", (g) => g.malloc(BLOCK_MAX + 1), `!${BLOCK_MAX + 1}`],
  ["malloc of 4 GiB less a byte: fails, whatever wraps around", (g) => g.malloc(-1), ""],
  ["free: told before the block is gone", (g) => g.free(g.malloc(8)), "+8 -8"],
  ["free(0): nothing", (g) => g.free(0), ""],
  ["calloc: the product, once, though it calls dlmalloc", (g) => g.calloc(3, 10), "+30"],
  ["aligned_alloc: once, without what alignment takes", (g) => g.aligned_alloc(64, 24), "+24"],
  ["posix_memalign: the address that was stored", (g) => g.free(g.posix_memalign(9)), "+9 -9"],
  [
    "posix_memalign that fails: nothing was stored",
    (g) => g.posix_memalign(BLOCK_MAX + 1),
    `!${BLOCK_MAX + 1}`,
  ],
  ["realloc(0, n): an allocation", (g) => g.realloc(0, 12), "+12"],
  ["realloc that moves: the old block once, then the new", (g) => grow(g, 40), "+16 -16 +40"],
  ["realloc in place: the old block, then the same with its new size", shrink, "+16 -16 +4"],
  [
    "realloc that fails: the old block stays",
    (g) => grow(g, BLOCK_MAX + 1),
    `+16 !${BLOCK_MAX + 1}`,
  ],
  ["realloc(p, 0): a free", (g) => grow(g, 0), "+16 -16"],
];

function grow(guest: Allocator, byteCount: number): void {
  guest.realloc(guest.malloc(16), byteCount);
}

function shrink(guest: Allocator): void {
  const block = guest.malloc(16);
  assert.equal(guest.realloc(block, 4), block);
}

describe("hooks", () => {
  for (const stacks of ["engine", "shadow"] as const) {
    for (const [rule, use, expected] of RULES) {
      test(`${stacks} stacks: ${rule}`, () => {
        const { instance, ledger } = openGuest(GUEST, { stacks });
        const guest = allocatorOf(instance);
        // The first block of all makes the guest's memory for hooks.
        guest.malloc(4);
        ledger.take();
        use(guest);
        assert.equal(ledger.take(), expected);
      });
    }
  }

  test("countdown: words are subtracted until it is zero or below, then read as they are", () => {
    const { bytes, description } = instrument(GUEST);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const guest = allocatorOf(instance);
    const seen: number[] = [];
    const hooks = openHooks(instance, description, {
      allocated(_, byteCount) {
        seen.push(byteCount, hooks?.countdown ?? 0);
        if (hooks) hooks.countdown = 10;
      },
      freed() {},
    });
    assert.ok(hooks);
    hooks.countdown = 10;
    for (const byteCount of [16, 17, 5, 1, 400]) guest.malloc(byteCount);
    // 4 + 5 leave 1; 2 make -1; then 1 + 100 of 10 make -91.
    assert.deepEqual(seen, [5, -1, 400, -91]);
  });

  test("closed hooks: nothing is told, and the guest runs on", () => {
    const { instance, ledger } = openGuest(GUEST);
    const guest = allocatorOf(instance);
    const block = guest.malloc(8);
    ledger.hooks.close();
    guest.free(block);
    for (let index = 0; index < 1000; index++) guest.malloc(100);
    assert.equal(ledger.take(), "+8");
  });

  test("a later receiver takes over, and what the first watched is forgotten", () => {
    const { instance, ledger, description } = openGuest(GUEST);
    const guest = allocatorOf(instance);
    const block = guest.malloc(8);
    const freed: number[] = [];
    const hooks = openHooks(instance, description, {
      allocated() {},
      freed: (address) => freed.push(address),
    });
    ledger.hooks.close();
    guest.free(block);
    assert.deepEqual(freed, []);
    hooks?.watch(block);
    guest.free(block);
    assert.deepEqual(freed, [block]);
  });

  test("free(0) is not told, even if a watched block shares its slot", () => {
    const { bytes, description } = instrument(GUEST);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const guest = allocatorOf(instance);
    const freed: number[] = [];
    const hooks = openHooks(instance, description, {
      allocated() {},
      freed: (address) => freed.push(address),
    });
    guest.malloc(4);
    hooks?.watch(8 * 65_536);
    guest.free(0);
    guest.free(16 * 65_536);
    assert.deepEqual(freed, [16 * 65_536]);
  });

  test("a counter that was full once stays: no free is missed", () => {
    const { instance, ledger } = openGuest(GUEST);
    const guest = allocatorOf(instance);
    const block = guest.malloc(8);
    for (let index = 0; index < 300; index++) ledger.hooks.watch(block);
    for (let index = 0; index < 300; index++) ledger.hooks.unwatch(block);
    guest.free(block);
    assert.equal(ledger.take(), "+8 -8");
  });

  test("the probe table is found again when the memory has grown", () => {
    const rest = `
      (func (export "grow") (drop (memory.grow (i32.const 1))))
      (func (export "call malloc") (param i32) (result i32) (call $malloc (local.get 0)))
      (func (export "call free") (param i32) (call $free (local.get 0)))`;
    const { instance, ledger } = openGuest(allocatorGuest(rest));
    const guest = allocatorOf(instance) as Allocator & { grow(): void };
    const first = guest.malloc(8);
    guest.grow();
    const second = guest.malloc(12);
    guest.free(first);
    guest.free(second);
    assert.equal(ledger.take(), "+8 +12 -8 -12");
  });

  test("no memory for the probe table: blocks are told, and those not watched are counted", () => {
    const text = `(module (memory 1)
      (func $malloc (param i32) (result i32)
        (select (i32.const 1024) (i32.const 0) (i32.lt_u (local.get 0) (i32.const 100))))
      (func $free (param i32))
      (func (export "call malloc") (param i32) (result i32) (call $malloc (local.get 0)))
      (func (export "call free") (param i32) (call $free (local.get 0))))`;
    const { instance, ledger } = openGuest(assembleAll(text));
    const guest = allocatorOf(instance);
    guest.free(guest.malloc(8));
    assert.equal(ledger.take(), "+8");
    assert.equal(ledger.hooks.unwatched, 1);
  });

  test("an instance of other bytes is refused", () => {
    const { description } = instrument(GUEST);
    const other = new WebAssembly.Instance(new WebAssembly.Module(GUEST as BufferSource));
    const receiver = { allocated() {}, freed() {} };
    assert.throws(() => openHooks(other, description, receiver), { code: "GUEST_INVALID" });
  });
});

describe("what is written", () => {
  const made = instrument(GUEST);

  test("imports nothing, and exports what it did before ours", () => {
    const module = new WebAssembly.Module(made.bytes);
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const exported = WebAssembly.Module.exports(module).filter(({ name }) => !/^wmon\./.test(name));
    const before = new WebAssembly.Module(GUEST as BufferSource);
    assert.deepEqual(exported, WebAssembly.Module.exports(before));
  });

  test("says what is hooked, in a section that both forms of a module give back", () => {
    const names = made.description.hooked.map(({ name }) => name);
    assert.deepEqual(names, [
      ...["dlmalloc", "dlfree", "malloc", "free", "calloc", "realloc"],
      ...["aligned_alloc", "posix_memalign"],
    ]);
    assert.deepEqual(readDescription(made.bytes), made.description);
    assert.deepEqual(readDescription(new WebAssembly.Module(made.bytes)), made.description);
    assert.equal(readDescription(GUEST), undefined);
  });

  for (const stacks of ["engine", "shadow"] as const) {
    test(`${stacks} stacks: every original byte is where the map says, or kept aside`, () => {
      const { bytes, description } = instrument(GUEST, { stacks });
      let mapped = 0;
      for (let position = 0; position < bytes.length; position++) {
        const original = originalPosition(description.segments, position);
        if (original === undefined) continue;
        mapped++;
        assert.equal(bytes[position], GUEST[original], `byte ${position}`);
      }
      assert.equal(mapped, GUEST.length - atob(description.removed).length);
      assert.ok(mapped > GUEST.length / 2);
      assert.deepEqual(restoreOriginal(bytes, description), Uint8Array.from(GUEST));
    });
  }

  test("positions before the module and behind it have no original", () => {
    const { segments } = made.description;
    assert.equal(originalPosition(segments, -1), undefined);
    assert.equal(originalPosition(segments, made.bytes.length - 1), undefined);
    assert.equal(originalPosition([], 5), undefined);
  });

  test("the name section names what was added, and still what was there", () => {
    const module = new WebAssembly.Module(made.bytes);
    const [section] = WebAssembly.Module.customSections(module, "name");
    const text = Buffer.from(section ?? new ArrayBuffer()).toString("latin1");
    for (const name of [
      "posix_memalign",
      "wmon:notify",
      "wmon:copy of dlmalloc",
      "wmon:slow free",
    ]) {
      assert.equal(text.includes(name), name !== "wmon:slow free", name);
    }
  });

  test("sections that the original lacks are made where they belong", () => {
    const text = `(module (memory 1) (func $malloc (param i32) (result i32) (i32.const 1024)))`;
    const bytes = assembleAll(text);
    const { instance, description } = openGuest(bytes);
    assert.equal(description.hooked.length, 1);
    assert.ok(instance.exports["wmon.hooks"] instanceof WebAssembly.Table);
  });
});
