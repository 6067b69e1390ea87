/**
 * The guests that keep books of their allocations, each compiled in several ways, with what a
 * debugger needs. `booksIn` reads what they print.
 */
import assert from "node:assert/strict";
import type { Guest } from "./guest.js";

/** What a guest says of itself; words are 4 bytes, without headers. */
export interface Books {
  readonly blocks: number;
  readonly words: number;
  readonly liveBlocks: number;
  readonly liveWords: number;
}

const DEBUG = ["--debug", "--sourceMap"];

/** AssemblyScript's levels with the incremental runtime, and the other runtimes. */
const ASSEMBLY_WAYS: readonly (readonly [string, readonly string[]])[] = [
  ...["-O0", "-O1", "-O2", "-O3", "-Os", "-Oz"].map((level) => [level, [level]] as const),
  ["-minimal-O0", ["-O0", "--runtime=minimal"]],
  ["-minimal-O3", ["-O3", "--runtime=minimal"]],
  ["-stub-O0", ["-O0", "--runtime=stub"]],
  ["-stub-O3", ["-O3", "--runtime=stub"]],
];

/** Those with books, by name; all are deterministic. */
export const BOOKKEEPERS: readonly Guest[] = [
  ...ASSEMBLY_WAYS.map(([way, options]) => assembly("allocations", way, [...options, ...DEBUG])),
  {
    name: "c-allocations",
    language: "c",
    source: "tests/guests/c/allocations.c",
    options: ["-O2", "-g"],
  },
  {
    name: "c-allocations-O0",
    language: "c",
    source: "tests/guests/c/allocations.c",
    options: ["-O0", "-g"],
  },
  {
    name: "cpp-allocations",
    language: "cpp",
    source: "tests/guests/cpp/allocations.cpp",
    options: ["-O2", "-g"],
  },
  {
    name: "rust-allocations",
    language: "rust",
    source: "tests/guests/rust/allocations.rs",
    options: ["-O", "-g"],
  },
  {
    name: "rust-allocations-O0",
    language: "rust",
    source: "tests/guests/rust/allocations.rs",
    options: ["-g"],
  },
];

const GO = { language: "go", source: "tests/guests/go/allocations.go" } as const;

/**
 * Programs of Go's compiler: as it is, stripped of names, without inlining, and with an allocator
 * for each size, which compiled code calls directly (Go 1.26 and later have that setting).
 */
export const GO_GUESTS: readonly Guest[] = [
  { ...GO, name: "go-allocations" },
  { ...GO, name: "go-allocations-s", options: ["-trimpath", "-ldflags=-s -w -buildid="] },
  { ...GO, name: "go-allocations-l", options: ["-gcflags=-l"] },
  { ...GO, name: "go-allocations-sized", options: ["GOEXPERIMENT=sizespecializedmalloc"] },
];

/** Arrays that grow, where the runtime enlarges blocks by ways of its own. */
export const GROWERS: readonly Guest[] = [
  assembly("growth", "-O3", ["-O3", ...DEBUG]),
  assembly("growth", "-minimal-O0", ["-O0", "--runtime=minimal", ...DEBUG]),
  assembly("growth", "-minimal-O3", ["-O3", "--runtime=minimal", ...DEBUG]),
  assembly("growth", "-stub-O0", ["-O0", "--runtime=stub", ...DEBUG]),
];

/** The optimizer has put `__renew` into its caller: growth cannot be seen. */
export const UNSEEN = assembly("growth", "-stub-O3", ["-O3", "--runtime=stub", ...DEBUG]);

/**
 * All allocation guests. `as-nameless` was compiled without names, and cannot be hooked; `…-churn`
 * are libraries for the benchmarks.
 */
export const ALLOCATION_GUESTS: readonly Guest[] = [
  ...BOOKKEEPERS,
  ...GROWERS,
  UNSEEN,
  assembly("endless", "", ["-O3", ...DEBUG]),
  assembly("steps", "", ["-O3", ...DEBUG]),
  { ...assembly("allocations", "", ["-O3"]), name: "as-nameless" },
  { name: "c-ending", language: "c", source: "tests/guests/c/ending.c", options: ["-O2", "-g"] },
  { ...assembly("churn", "", ["-O3", ...DEBUG]), start: "_initialize" },
  {
    name: "c-churn",
    language: "c",
    source: "tests/guests/c/churn.c",
    options: ["-O2", "-g"],
    start: "_initialize",
  },
  {
    name: "rust-churn",
    language: "rust",
    source: "tests/guests/rust/churn.rs",
    options: ["-O", "-g"],
  },
];

/** Reads the line that a bookkeeper prints; fails if there is none. */
export function booksIn(stdout: string): Books {
  const pattern = /^allocated (\d+) blocks, (\d+) words; live (\d+) blocks, (\d+) words$/m;
  const match = pattern.exec(stdout);
  assert.ok(match, `no books in: ${stdout}`);
  const [blocks = 0, words = 0, liveBlocks = 0, liveWords = 0] = match.slice(1).map(Number);
  return { blocks, words, liveBlocks, liveWords };
}

function assembly(source: string, way: string, options: readonly string[]): Guest {
  return {
    name: `as-${source}${way}`,
    language: "assemblyscript",
    source: `tests/guests/assembly/${source}.ts`,
    start: "_start",
    options,
  };
}
