/**
 * Every call instruction of real guests is where llvm-symbolizer has it, inlined functions
 * included; every row of their line tables is as llvm-dwarfdump prints it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { demangle } from "../../host/symbols/demangling/demangle.js";
import type { Location } from "../../host/symbols/location.js";
import { openSymbols, type Symbols } from "../../host/symbols/symbols.js";
import { ROOT } from "../guests/guest.js";
import {
  callPositions,
  codeBegin,
  compileC,
  compileRust,
  inFolder,
  type PeerFrame,
  readRows,
  symbolise,
} from "./llvm.js";
import { missing } from "./program.js";

const TOOLS = ["llvm-symbolizer", "llvm-dwarfdump", "wasm-objdump"];

type Row = readonly [compiler: string, source: string, ...options: string[]];

const GUESTS: readonly Row[] = [
  ["clang", "tests/guests/c/allocations.c", "-O0", "-gdwarf-4"],
  ["clang", "tests/guests/c/allocations.c", "-O1", "-gdwarf-5"],
  ["clang", "tests/guests/c/allocations.c", "-O2", "-gdwarf-4"],
  ["clang", "tests/guests/c/allocations.c", "-O2", "-gdwarf-5"],
  ["clang", "tests/guests/c/allocations.c", "-Os", "-gdwarf-5"],
  ["clang", "tests/guests/c/allocations.c", "-O2", "-gline-tables-only"],
  ["clang++", "tests/guests/cpp/allocations.cpp", "-O0", "-gdwarf-5"],
  ["clang++", "tests/guests/cpp/allocations.cpp", "-O1", "-gdwarf-4"],
  ["clang++", "tests/guests/cpp/allocations.cpp", "-O2", "-gdwarf-5"],
  ["clang++", "tests/guests/cpp/allocations.cpp", "-Os", "-gdwarf-4"],
  ["rustc", "tests/guests/rust/allocations.rs", "-Copt-level=0", "-Cdebuginfo=2"],
  ["rustc", "tests/guests/rust/allocations.rs", "-Copt-level=2", "-Cdebuginfo=1"],
  ["rustc", "tests/guests/rust/allocations.rs", "-Copt-level=2", "-Cdebuginfo=2"],
  ["rustc", "tests/guests/rust/allocations.rs", "-Copt-level=s", "-Cdebuginfo=2"],
];

for (const [compiler, source, ...options] of GUESTS) {
  const skip = missing(compiler, ...TOOLS);
  test(`llvm: ${source} ${options.join(" ")}: calls and rows agree`, { skip }, () => {
    inFolder((folder) => {
      const compile = compiler === "rustc" ? compileRust : compileC;
      const module = compile(folder, `${ROOT}${source}`, options);
      const symbols = openSymbols(readFileSync(module));
      checkCalls(module, symbols);
      checkRows(module, symbols);
      assert.deepEqual(symbols.problems, []);
    });
  });
}

function checkCalls(module: string, symbols: Symbols): void {
  const positions = callPositions(module);
  const peers = symbolise(module, positions);
  assert.ok(positions.length > 50, `${positions.length} calls`);
  assert.equal(peers.length, positions.length);
  const differences = positions.flatMap((position, index) => {
    const ours = symbols.locate(position);
    const theirs = (peers[index] ?? []).filter(({ FileName }) => FileName !== "");
    return agree(ours, theirs) ? [] : [{ position, ours, theirs }];
  });
  assert.deepEqual(differences, []);
}

function agree(ours: readonly Location[], theirs: readonly PeerFrame[]): boolean {
  if (theirs.length === 0) return ours.length === 1 && ours[0]?.file === "<unknown>";
  return ours.length === theirs.length && ours.every((our, index) => isSame(our, theirs[index]));
}

function isSame(our: Location, their: PeerFrame | undefined): boolean {
  if (their === undefined || our.file !== their.FileName) return false;
  const hasPlace =
    our.line === Math.max(1, their.Line) && our.firstColumn === Math.max(1, their.Column);
  return hasPlace && hasName(our.definition, demangle(their.FunctionName));
}

/**
 * Names without a mangled form are qualified here, bare there. Where a unit names a function that
 * the linker dropped, LLVM may lose the name of the one that is there.
 */
function hasName(our: string, their: string): boolean {
  return our === their || our.endsWith(`::${their}`) || their === "";
}

function checkRows(module: string, symbols: Symbols): void {
  const begin = codeBegin(module);
  const rows = readRows(module);
  assert.ok(rows.size > 100, `${rows.size} rows`);
  const differences = [...rows].flatMap(([address, place]) => {
    const [found] = symbols.locate(begin + address);
    const expected = place.replace(/\b0\b/g, "1");
    const ours = `${found?.line}:${found?.firstColumn}`;
    return ours === expected ? [] : [{ address, ours, expected }];
  });
  assert.deepEqual(differences, []);
}
