/**
 * LLVM's tools, asked about wasm files: which call is where, which function has which name. And its
 * compilers, to make files to ask about. Debian's version 14 is what the tests are held to.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listSections, SectionId } from "../../host/symbols/sections.js";
import { needProgram } from "./program.js";

const OUTPUT_BYTES_MAX = 1 << 28;

/** One function at a position, as llvm-symbolizer has it; empty or 0 where it does not know. */
export interface PeerFrame {
  readonly FunctionName: string;
  readonly FileName: string;
  readonly Line: number;
  readonly Column: number;
}

/** Runs a program to its end and returns its output; throws if it fails. */
export function run(name: string, args: readonly string[], input = ""): string {
  const options = { input, encoding: "utf8", maxBuffer: OUTPUT_BYTES_MAX } as const;
  const { status, stdout, stderr, error } = spawnSync(needProgram(name), args, options);
  if (status !== 0) throw new Error(`${name} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** A folder that is removed when `use` returns. */
export function inFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "wmon-llvm-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles C or C++ in two steps: a linking clang with -O would run any wasm-opt on the PATH. */
export function compileC(folder: string, source: string, options: readonly string[]): string {
  const clang = source.endsWith(".cpp") ? "clang++" : "clang";
  const [object, module] = [join(folder, "guest.o"), join(folder, "guest.wasm")];
  const language = source.endsWith(".cpp") ? ["-std=c++17", "-fno-exceptions"] : [];
  run(clang, ["--target=wasm32-wasi", "-g", ...language, ...options, "-c", source, "-o", object]);
  run(clang, ["--target=wasm32-wasi", object, "-o", module]);
  return module;
}

/** Compiles Rust with Debian's compiler. */
export function compileRust(folder: string, source: string, options: readonly string[]): string {
  const module = join(folder, "guest.wasm");
  run("rustc", ["--edition=2021", "--target=wasm32-wasi", ...options, source, "-o", module]);
  return module;
}

/** Byte offsets of all call instructions of a module. */
export function callPositions(module: string): number[] {
  const call = /^ ([0-9a-f]{6,}): 1[01] [^|]*\| *call(_indirect)? /gm;
  return [...run("wasm-objdump", ["-d", module]).matchAll(call)].map((match) =>
    Number.parseInt(match[1] ?? "", 16),
  );
}

/** Where the contents of a module's code section begin: addresses in DWARF count from there. */
export function codeBegin(module: string): number {
  const { sections } = listSections(readFileSync(module));
  return sections.find(({ id }) => id === SectionId.Code)?.begin ?? 0;
}

/** The frames at byte offsets of a module, innermost first; function names are mangled. */
export function symbolise(module: string, positions: readonly number[]): PeerFrame[][] {
  const begin = codeBegin(module);
  const addresses = positions.map((position) => `0x${(position - begin).toString(16)}\n`);
  const args = [`--obj=${module}`, "--inlines", "--no-demangle", "--output-style=JSON"];
  const lines = run("llvm-symbolizer", args, addresses.join("")).trim().split("\n");
  return lines.map((line) => (JSON.parse(line) as { Symbol: PeerFrame[] }).Symbol);
}

/** A function in a line table: line and column by address. */
interface Sequence {
  readonly low: number;
  readonly high: number;
  readonly places: ReadonlyMap<number, string>;
}

/**
 * Line and column by address, from every row of the line tables that is of code in the module. Of
 * several rows at one address the last counts.
 */
export function readRows(module: string): ReadonlyMap<number, string> {
  const sequences = readSequences(run("llvm-dwarfdump", ["--debug-line", module]));
  const isAlone = (one: Sequence) =>
    sequences.every((each) => each === one || each.high <= one.low || each.low >= one.high);
  return new Map(sequences.filter(isAlone).flatMap(({ places }) => [...places]));
}

/** A dropped function begins at 0 or beyond 2^32; one whose name lives on may begin anywhere. */
function readSequences(dump: string): Sequence[] {
  const sequences: Sequence[] = [];
  let places = new Map<number, string>();
  for (const text of dump.split("\n")) {
    const row = /^0x([0-9a-f]{16}) +(\d+) +(\d+) +\d+ +\d+ +\d+(.*)$/.exec(text);
    if (row === null) continue;
    const [, digits = "", line, column, flags = ""] = row;
    const address = Number.parseInt(digits, 16);
    if (!flags.includes("end_sequence")) {
      places.set(address, `${line}:${column}`);
      continue;
    }
    const [low = 0] = places.keys();
    if (low > 0 && low < 0xffff_fffe) sequences.push({ low, high: address, places });
    places = new Map();
  }
  return sequences;
}
