/**
 * Names of whole libraries read as llvm-cxxfilt prints them: C++'s standard library for wasm, and a
 * Rust program with v0 names.
 */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { demangle } from "../../host/symbols/demangling/demangle.js";
import { ROOT } from "../guests/guest.js";
import { inFolder, run } from "./llvm.js";
import { missing } from "./program.js";

const TOOLS = ["llvm-cxxfilt", "llvm-nm"];

const LIBRARIES = ["libc++.a", "libc++abi.a"].map((name) => `/usr/lib/wasm32-wasi/${name}`);

/** The mangled names in object files and libraries. */
function namesIn(...paths: readonly string[]): string[] {
  const names = run("llvm-nm", ["--format=just-symbols", ...paths]).split("\n");
  return [...new Set(names.filter((name) => /^_(Z|R)/.test(name)))].sort();
}

function checkNames(names: readonly string[]): void {
  const expected = run("llvm-cxxfilt", [], `${names.join("\n")}\n`)
    .trimEnd()
    .split("\n");
  const differences = names.flatMap((name, index) => {
    const [ours, theirs] = [demangle(name), expected[index] ?? ""];
    return closed(ours) === closed(theirs) ? [] : [{ name, ours, theirs }];
  });
  assert.deepEqual(differences, []);
}

/** LLVM writes `> >` up to version 14 and `>>` since. */
function closed(name: string): string {
  return name.replaceAll("> >", ">>").replaceAll("> >", ">>");
}

function skipWithoutLibraries(): string | false {
  const skip = missing(...TOOLS);
  if (skip !== false || process.env.CI === "true") return skip;
  const absent = LIBRARIES.filter((path) => !existsSync(path));
  return absent.length > 0 ? `not installed: ${absent.join(", ")} (npm run peers)` : false;
}

test("names: all of libc++ for wasm as llvm-cxxfilt", { skip: skipWithoutLibraries() }, () => {
  const names = namesIn(...LIBRARIES);
  assert.ok(names.length > 3_000, `${names.length} names`);
  checkNames(names);
});

const HARD = `
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>
namespace deep { namespace {
template <class... Items> struct Pack {
  template <class Visit> auto each(Visit visit, Items... items) -> decltype((visit(items), ...)) {
    return (visit(items), ...);
  }
  operator std::tuple<Items...>() const { return {}; }
};
template <auto Value> struct Constant { static int get() { return (int)Value; } };
template <template <class, class...> class Box, class Item> int sizeOf(const Box<Item> &box) {
  return box.size();
}
struct Odd {
  int operator()(int) const & { return 1; }
  Odd &operator[](const char *) && { return *this; }
  bool operator<(const Odd &) const noexcept { return false; }
  int (*field(int (&)[3]))(double) { return nullptr; }
  int Odd::*pointer(int (Odd::*)(int) const &) { return nullptr; }
};
template <class T> auto twice(T value) -> decltype(value + value) { return value + value; }
template <int N, class = std::enable_if_t<(N > 2)>> int big() { return N; }
} }
extern "C" int run(int count) {
  deep::Pack<int, const char *> pack;
  pack.each([](auto item) { return sizeof(item); }, count, "");
  std::tuple<int, const char *> tuple = pack;
  std::map<std::string, std::vector<std::function<void(int &&)>>> map;
  map["a"].push_back([&tuple](int &&value) { std::get<0>(tuple) = value; });
  deep::Odd odd;
  int array[3] = {};
  odd.field(array);
  odd.pointer(nullptr);
  std::move(odd)["x"];
  auto inner = [](auto... items) { return [=] { return sizeof...(items); }(); };
  return inner(1, 2.0) + deep::Constant<5ul>::get() + deep::Constant<'x'>::get() +
         deep::sizeOf(std::vector<int>()) + deep::twice(2.5f) + deep::big<7>() + (odd < odd);
}
`;

const skipCpp = missing("clang++", ...TOOLS);

test("names: a C++ program of hard cases as llvm-cxxfilt", { skip: skipCpp }, () => {
  inFolder((folder) => {
    const [source, object] = [join(folder, "hard.cpp"), join(folder, "hard.o")];
    writeFileSync(source, HARD);
    const options = ["--target=wasm32-wasi", "-std=c++17", "-fno-exceptions", "-O0", "-w"];
    run("clang++", [...options, "-c", source, "-o", object]);
    const names = namesIn(object);
    assert.ok(names.length > 300, `${names.length} names`);
    checkNames(names);
  });
});

const skipRust = missing("rustc", ...TOOLS);

test("names: a Rust program with v0 names as llvm-cxxfilt", { skip: skipRust }, () => {
  inFolder((folder) => {
    const object = join(folder, "guest.o");
    const options = ["--edition=2021", "--target=wasm32-wasi", "-Csymbol-mangling-version=v0"];
    const source = `${ROOT}tests/guests/rust/allocations.rs`;
    run("rustc", [...options, "--emit=obj", "-Ccodegen-units=1", source, "-o", object]);
    const names = namesIn(object).filter((name) => name.startsWith("_R"));
    assert.ok(names.length > 50, `${names.length} names`);
    checkNames(names);
  });
});
