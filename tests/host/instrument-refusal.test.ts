/**
 * What the rewriter refuses, what it says of allocators that it does not find, and by which names
 * it finds them.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findAllocator, isAllocatorName } from "../../host/instrument/allocators.js";
import { readDescription } from "../../host/instrument/description.js";
import { instrument } from "../../host/instrument/instrument.js";
import { allocatorGuest, assembleAll } from "./instrument-guest.js";

const GUEST = allocatorGuest();
const MALLOC = "(func $malloc (param i32) (result i32) (i32.const 1024))";

/** A module of hand-written sections behind the header. */
function handmade(...sections: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

const REFUSALS: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
  ["an empty file", () => new Uint8Array(), /^is not a wasm module$/],
  ["text", () => new TextEncoder().encode("(module)"), /^is not a wasm module$/],
  ["a header that is cut off", () => GUEST.subarray(0, 6), /cut off within the header/],
  [
    "a component",
    () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0),
    /is a component, not a core module/,
  ],
  [
    "another version",
    () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0),
    /of an unknown version/,
  ],
  ["a section that is cut off", () => GUEST.subarray(0, 40), /cut off at byte \d+$/],
  ["sections out of order", () => handmade([3, 1, 0], [1, 1, 0]), /section 1 .* out of order/],
  ["a section that is unknown", () => handmade([99, 1, 0]), /section 99 is unknown/],
  ["a count beyond the section", () => handmade([1, 2, 200, 1]), /a count exceeds the section/],
  ["a number without end", () => handmade([1, 6, 255, 255, 255, 255, 255, 1]), /too (long|large)/],
  ["functions without bodies", () => handmade([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0]), /0 bodies/],
  [
    "a shared memory",
    () => assembleAll(`(module (memory 1 1 shared) ${MALLOC})`),
    /shared between threads, .* without threads$/,
  ],
  [
    "a 64-bit memory",
    () => handmade([1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f], [5, 3, 1, 4, 1]),
    /64-bit \(memory64\), .* wasm32$/,
  ],
  ["a module that is instrumented", () => instrument(GUEST).bytes, /instrumented already/],
];

describe("refused with GUEST_INVALID", () => {
  for (const [what, make, message] of REFUSALS) {
    test(what, () => {
      assert.throws(() => instrument(make()), { code: "GUEST_INVALID", message });
    });
  }

  test("a description that is damaged", () => {
    const bytes = Buffer.from(instrument(GUEST).bytes);
    bytes.write("}", bytes.indexOf('{"stacks"'));
    assert.throws(() => readDescription(bytes), {
      code: "GUEST_INVALID",
      message: /section wmon\.hooks is damaged/,
    });
  });

  test("with shadow stacks, an instruction that is not known: which, and where", () => {
    const bytes = Uint8Array.from(
      assembleAll(`(module (memory 1) ${MALLOC}
      (func $maker (result i32) (i32.add (call $malloc (i32.const 77)) (i32.const 99))))`),
    );
    // i32.const 99 becomes a prefix of the GC proposal.
    const at = Buffer.from(bytes).indexOf(Buffer.of(0x41, 0xe3, 0, 0x6a));
    assert.ok(at > 0);
    bytes[at] = 0xfb;
    assert.throws(() => instrument(bytes, { stacks: "shadow" }), {
      code: "GUEST_INVALID",
      message: /^shadow stacks need .* maker has opcode 0xfb; use the engine's stacks$/,
    });
    assert.equal(instrument(bytes).description.hooked.length, 1);
  });

  test("shadow stacks where no memory can be had for them", () => {
    const text = `(module (memory 1)
      (func $runtime.alloc (param i32 i32) (result i32) (i32.const 1024)))`;
    assert.throws(() => instrument(assembleAll(text), { stacks: "shadow" }), {
      code: "GUEST_INVALID",
      message: /no memory .* runtime\.alloc; use the engine's stacks$/,
    });
  });
});

/** Modules of which not all, or nothing, is hooked, and what is said. */
const SENTENCES: readonly (readonly [string, string, number, RegExp])[] = [
  ["nothing at all", "(memory 1)", 0, /No allocator was found.* no function names/],
  ["functions of other names", '(func $f) (export "f" (func $f))', 0, /no known name, or was put/],
  [
    "an allocator that is imported",
    '(import "env" "malloc" (func $malloc (param i32) (result i32)))',
    0,
    /^env\.malloc is imported: its calls are not seen/,
  ],
  [
    "a function of that name but not that type",
    "(memory 1) (func $malloc (param f64) (result i32) (i32.const 0))",
    0,
    /^malloc: its type is not that/,
  ],
  ["no free", `(memory 1) ${MALLOC}`, 1, /^No free was found: every block/],
  [
    "TinyGo, whose collector calls no function",
    "(memory 1) (func $runtime.alloc (param i32 i32) (result i32) (i32.const 8))",
    1,
    /TinyGo's collector has none/,
  ],
  [
    "Go",
    "(memory 1) (func $runtime.mallocgc (param i32) (result i32) (i32.const 8))",
    0,
    /Go takes/,
  ],
  [
    "AssemblyScript without names",
    '(memory 1) (func (export "__new") (param i32 i32) (result i32) (i32.const 8))',
    1,
    /insertBlock was not found.*Compile the guest with --debug/,
  ],
];

describe("said", () => {
  for (const [what, text, hookedCount, sentence] of SENTENCES) {
    test(`${what}`, () => {
      const named = assembleAll(`(module ${text})`);
      const bytes = what.includes("without names") ? withoutNames(named) : named;
      const { description, warnings } = instrument(bytes);
      assert.equal(description.hooked.length, hookedCount);
      assert.match(description.notHooked[0] ?? "", sentence);
      assert.deepEqual(warnings, description.notHooked);
    });
  }

  test("an allocator with an instruction that is not known is hooked, but not looked into", () => {
    const bytes = Uint8Array.from(
      assembleAll(`(module (memory 1)
      (func $malloc (param i32) (result i32) (i32.add (local.get 0) (i32.const 99)))
      (func $free (param i32)))`),
    );
    bytes[Buffer.from(bytes).indexOf(Buffer.of(0x41, 0xe3, 0, 0x6a))] = 0xfb;
    const { description, warnings } = instrument(bytes);
    assert.equal(description.hooked.length, 2);
    assert.match(warnings.join(), /^malloc: unknown opcode 0xfb: .* may count twice\.$/);
  });

  test("a module in which nothing is hooked comes back as it was", () => {
    const bytes = assembleAll("(module (memory 1))");
    assert.deepEqual(instrument(bytes).bytes, Uint8Array.from(bytes));
  });
});

/** Drops the name section, which is the last. */
function withoutNames(bytes: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes).lastIndexOf("name") - 1;
  return bytes.subarray(0, Buffer.from(bytes).lastIndexOf(0, at));
}

const NAMES: readonly (readonly [string, string | undefined])[] = [
  ["malloc", "allocate"],
  ["dlmalloc", "allocate"],
  ["emscripten_builtin_memalign", "allocate-aligned"],
  ["mi_realloc", "reallocate"],
  ["__libc_free", "free"],
  ["__rust_alloc_zeroed", "allocate-zeroed"],
  ["__rdl_dealloc", "free"],
  ["_RNvCs691rhTbG0Ee_7___rustc12___rust_alloc", "allocate"],
  ["_RNvCs691rhTbG0Ee_7___rustc14___rust_realloc", "reallocate"],
  ["__rustc::__rust_dealloc", "free"],
  ["__rustc[4e3bb7e5d1bbc3b0]::__rdl_alloc", "allocate"],
  ["_ZN8dlmalloc8dlmalloc17Dlmalloc$LT$A$GT$6malloc17h0d49dc60e377c70eE", "allocate"],
  ["_ZN8dlmalloc8dlmalloc17Dlmalloc$LT$A$GT$4free17hc162d4563cf6e25bE", "free"],
  [
    "_RNvMs_NtCs3aB_8dlmalloc8dlmallocINtB4_8DlmallocNtNtB6_3sys6SystemE7reallocCs1x_3std",
    "reallocate",
  ],
  ["dlmalloc::dlmalloc::Dlmalloc<A>::memalign", "allocate-aligned"],
  ["<dlmalloc::dlmalloc::Dlmalloc<dlmalloc::sys::System>>::free", "free"],
  ["_ZN8dlmalloc8dlmalloc17Dlmalloc$LT$A$GT$13dispose_chunk17hf88d5c91704b6402E", undefined],
  ["~lib/rt/itcms/__new", "allocate"],
  ["~lib/rt/tlsf/insertBlock", "free"],
  ["~lib/rt/itcms/__renew", undefined],
  ["runtime.alloc", "allocate"],
  ["operator new(unsigned long)", undefined],
  ["xmalloc", undefined],
  ["free_list", undefined],
  ["constructor", undefined],
];

describe("names of allocators", () => {
  for (const [name, role] of NAMES) {
    test(`${name}: ${role ?? "none"}`, () => assert.equal(findAllocator(name)?.role, role));
  }
});

const FRAMES: readonly (readonly [string, boolean])[] = [
  ["operator new(unsigned long)", true],
  ["operator new[](unsigned long, std::nothrow_t const&)", true],
  ["_Znwm", true],
  ["_ZnajSt11align_val_t", true],
  ["__rg_alloc", true],
  ["_RNvCs691rhTbG0Ee_7___rustc12___rust_alloc", true],
  ["~lib/rt/itcms/__renew", true],
  ["~lib/array/ensureCapacity", false],
  ["alloc::raw_vec::finish_grow", false],
  ["std::vector<int>::push_back(int const&)", false],
  ["dlist_alloc", false],
  ["xmalloc", false],
];

describe("frames that are an allocator's", () => {
  for (const [name, isAllocator] of FRAMES) {
    test(`${name}: ${isAllocator ? "stripped" : "kept"}`, () => {
      assert.equal(isAllocatorName(name), isAllocator);
    });
  }
});
