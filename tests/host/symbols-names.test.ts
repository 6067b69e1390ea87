/**
 * Demangling: a table of names with what their language calls them. That whole libraries read as
 * llvm-cxxfilt has them is the business of `tests/peers/llvm-cxxfilt.test.ts`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { demangle } from "../../host/symbols/demangling/demangle.js";

type Row = readonly [rule: string, mangled: string, readable: string];

const CPP: readonly Row[] = [
  ["a function", "_Z3addid", "add(int, double)"],
  ["no parameters", "_Z4quitv", "quit()"],
  ["namespaces", "_ZN4shop5shelf3putEPKc", "shop::shelf::put(char const*)"],
  ["const member", "_ZNK4shop4Item4costEv", "shop::Item::cost() const"],
  ["reference-qualified member", "_ZNO1A1fEv", "A::f() &&"],
  ["constructor and destructor", "_ZN4shop4ItemD2Ev", "shop::Item::~Item()"],
  ["template with its result", "_Z3maxIiET_S0_S0_", "int max<int>(int, int)"],
  ["substitutions", "_ZN1A1BIiE1CIcE1fIdEEvT_", "void A::B<int>::C<char>::f<double>(double)"],
  ["std abbreviations", "_ZlsRSoRKSs", "operator<<(std::ostream&, std::string const&)"],
  [
    "the constructor of an abbreviation",
    "_ZNSsC1Ev",
    "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string()",
  ],
  ["operators", "_ZN1AixEi", "A::operator[](int)"],
  ["conversion", "_ZN1AcvT_IiEEv", "A::operator int<int>()"],
  ["literal operator", "_Zli2_xy", 'operator"" _x(unsigned long long)'],
  ["operator new", "_ZN1AnwEj", "A::operator new(unsigned int)"],
  ["pointer to function", "_Z1fPFivE", "f(int (*)())"],
  ["pointer to array", "_Z1fPA3_i", "f(int (*) [3])"],
  ["pointer to member function", "_Z1fM1AKFivE", "f(int (A::*)() const)"],
  ["pack", "_Z1fIJidEEvDpT_", "void f<int, double>(int, double)"],
  ["empty pack", "_Z1fIJEEvDpT_", "void f<>()"],
  ["literals", "_Z1fILl5ELj6ELc97ELb1ELin3EEvv", "void f<5l, 6u, (char)97, true, -3>()"],
  ["float literals", "_Z1fILd3ff8000000000000ELfbf000000EEvv", "void f<0x1.8p+0, -0x1p-1f>()"],
  ["expression", "_Z1fIXplLi5ELi3EEEvv", "void f<(5) + (3)>()"],
  ["decltype", "_Z1fIiEDTcl3barfp_EET_", "decltype(bar(fp)) f<int>(int)"],
  ["lambda", "_ZZ4mainENKUlvE_clEv", "main::'lambda'()::operator()() const"],
  ["second lambda, generic", "_ZZ4mainENKUlT_E0_clIiEEDaS_", ""],
  ["local class", "_ZZ1fvEN1A1gEv", "f()::A::g()"],
  ["anonymous namespace", "_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f()"],
  ["abi tag", "_ZN1AB5cxx111fEv", "A[abi:cxx11]::f()"],
  ["internal linkage", "_ZL4helpi", "help(int)"],
  ["virtual table", "_ZTV4Item", "vtable for Item"],
  ["thunks", "_ZThn8_N1A3fooEv", "non-virtual thunk to A::foo()"],
  ["guard", "_ZGVZ4mainE1x", "guard variable for main::x"],
  ["nullptr", "_Z1fDn", "f(std::nullptr_t)"],
  ["reference collapse", "_Z1fIRiEvOT_", "void f<int&>(int&)"],
  ["suffix", "_Z4quitv.cold", "quit() (.cold)"],
  ["LLVM's own suffix is left out", "_Z4quitv.llvm.12345", "quit()"],
];

const RUST: readonly Row[] = [
  ["legacy: the hash is dropped", "_ZN4core3ptr4read17h0123456789abcdefE", "core::ptr::read"],
  [
    "legacy: escapes",
    "_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE",
    "<alloc::string::String as core::fmt::Display>::fmt",
  ],
  [
    "legacy: a closure",
    "_ZN4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
    "main::{{closure}}",
  ],
  [
    "legacy: written out by wasm-ld",
    "core::ptr::drop_in_place$LT$alloc..string..String$GT$::h0123456789abcdef",
    "core::ptr::drop_in_place<alloc::string::String>",
  ],
  ["v0: a function", "_RNvCs1234_7mycrate3foo", "mycrate::foo"],
  ["v0: generic", "_RINvCs1234_7mycrate3foolE", "mycrate::foo::<i32>"],
  [
    "v0: a trait's method",
    "_RNvXCs1234_7mycrateNtB2_3BoxNtB2_4Cost4cost",
    "<mycrate::Box as mycrate::Cost>::cost",
  ],
  ["v0: a closure", "_RNCNvC1a4mains_0", "a::main::{closure#1}"],
  ["v0: constants", "_RINvC1a1fKj5_Kb1_Kc78_Kin3_E", "a::f::<5, true, 'x', -3>"],
  ["v0: punycode", "_RNvNtC1au10mnchen_3ya7strasse", "a::münchen::strasse"],
  ["v0: references and slices", "_RINvC1a1fRShQAtj3_E", "a::f::<&[u8], &mut [u16; 3]>"],
  ["v0: function types", "_RINvC1a1fFUKChEuE", 'a::f::<unsafe extern "C" fn(u8)>'],
  ["v0: bound lifetimes", "_RINvC1a1fFG_RL0_hERL0_hE", "a::f::<for<'a> fn(&'a u8) -> &'a u8>"],
  ["v0: a trait object", "_RINvC1a1fDNtB2_4Costp4ItemhEL_E", "a::f::<dyn a::Cost<Item = u8>>"],
];

for (const [rule, mangled, readable] of [...CPP, ...RUST].filter((row) => row[2] !== "")) {
  test(`names: ${rule}`, () => assert.equal(demangle(mangled), readable));
}

const LEFT_ALONE: readonly (readonly [string, string])[] = [
  ["C", "main"],
  ["AssemblyScript", "~lib/array/Array<i32>#push"],
  ["Go", "runtime.mallocgc"],
  ["Swift", "$s4main3fooyyF"],
  ["a cut name", "_ZN4shop5she"],
  ["more behind the name", "_Z1fv1234"],
  ["a substitution of nothing", "_Z1fS0_"],
  ["a template parameter of nothing", "_Z1fT_"],
  ["a Rust reference to itself", "_RNvB_3foo"],
  ["empty", ""],
];

for (const [what, name] of LEFT_ALONE) {
  test(`names: ${what} stays as it is`, () => assert.equal(demangle(name), name));
}

/** Names that stand for endless text or work, or are nested without end. */
const BOMBS: readonly (readonly [string, string])[] = [
  ["each part repeats the one before twice", bomb()],
  ["pointers nested", `_Z1f${"P".repeat(10_000)}i`],
  ["templates nested", `_Z1f${"1AI".repeat(5_000)}i${"E".repeat(5_000)}`],
  ["names nested", `_Z${"N1a".repeat(5_000)}`],
  ["a length beyond the text", "_Z99999999999999999999f"],
  ["longer than anything", `_Z1f${"i".repeat(1_000_000)}`],
  ["Rust: references nested", `_RINvC1a1f${"R".repeat(10_000)}hE`],
  ["Rust: back references that double", rustBomb()],
  ["Rust: a binder of millions", "_RINvC1a1fFGzzzzz_EuE"],
  ["Rust: endless punycode", `_RNvC1au9000_${"z".repeat(9_000)}`],
];

function bomb(): string {
  const codes = Array.from({ length: 30 }, (_, index) => `S${index === 0 ? "" : base36(index)}_`);
  return `_Z1f1AIiiE${codes.map((code) => `1BI${code}${code}E`).join("")}`;
}

function base36(value: number): string {
  return (value - 1).toString(36).toUpperCase();
}

function rustBomb(): string {
  let name = "INvC1a1fT";
  for (let turn = 0, from = 8; turn < 30; turn++) {
    const at = name.length;
    name += `TB${base62(from)}B${base62(from)}E`;
    from = at;
  }
  return `_R${name}EE`;
}

function base62(value: number): string {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (value === 0) return "_";
  let text = "";
  for (let left = value - 1; left > 0 || text === ""; left = Math.floor(left / 62)) {
    text = (digits[left % 62] ?? "") + text;
  }
  return `${text}_`;
}

for (const [what, name] of BOMBS) {
  test(`names: bounded: ${what}`, () => {
    const readable = demangle(name);
    assert.ok(readable === name || readable.length <= 16_384);
  });
}
