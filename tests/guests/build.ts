/**
 * Compiles the test guests into build/guests/. AssemblyScript ones always; C and Rust ones when
 * their compiler is there: without it they are skipped in plain sight, and fail when CI is set.
 * A guest that is newer than everything it may be made of is left alone.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { main as asc } from "assemblyscript/asc";
import { GUESTS, type Guest, guestPath, ROOT } from "./guest.js";

/** What guests are made of besides their own file. */
const INGREDIENTS = [
  "assembly/abi.ts",
  "assembly/guest",
  "examples/census",
  "tests/guests/allocation.ts",
  "tests/guests/assembly/books.ts",
];

/** Debian's rustc with its libstd-rust-dev-wasm32, then any; the target's name changed in 1.78. */
const RUST_COMPILERS = [
  { path: "/usr/bin/rustc", target: "wasm32-wasi" },
  { path: "rustc", target: "wasm32-wasip1" },
  { path: "rustc", target: "wasm32-wasi" },
];

const CLANG_TARGET = "--target=wasm32-wasi";

/** What a compiler said: nothing when it was content, undefined when it is not there. */
type Complaint = string | undefined;

const COMPILERS = {
  assemblyscript: compileAssembly,
  c: compileC,
  cpp: compileCpp,
  rust: compileRust,
};

process.chdir(ROOT);
mkdirSync("build/guests", { recursive: true });
const newestIngredient = Math.max(...INGREDIENTS.map(newest));
let failedCount = 0;
for (const guest of GUESTS) failedCount += await build(guest);
process.exitCode = failedCount > 0 ? 1 : 0;

/** Builds one guest unless it is fresh; 1 when it failed. */
async function build(guest: Guest): Promise<number> {
  const output = guestPath(guest.name);
  const newestSource = Math.max(newestIngredient, newest(guest.source));
  if (existsSync(output) && statSync(output).mtimeMs > newestSource) return 0;
  const complaint = await COMPILERS[guest.language](guest, output);
  if (complaint === "") return 0;
  if (complaint === undefined) {
    console.error(`guests: ${guest.name} skipped: no compiler from ${guest.language} to WASI`);
    return process.env.CI ? 1 : 0;
  }
  console.error(`guests: ${guest.name} failed:\n${complaint}`);
  return 1;
}

async function compileAssembly(guest: Guest, output: string): Promise<Complaint> {
  const { error, stderr } = await asc([
    guest.source,
    "--config=none",
    ...(guest.options ?? ["-O3"]),
    "--use=abort=",
    `--exportStart=${guest.start}`,
    `--outFile=${output}`,
  ]);
  return error ? `${stderr.toString()}${error.message}` : "";
}

function compileC(guest: Guest, output: string): Complaint {
  return link("clang", guest, output, "-std=gnu11");
}

/** Without exceptions, for which wasi-libc's libc++ has no run-time. */
function compileCpp(guest: Guest, output: string): Complaint {
  return link("clang++", guest, output, "-std=c++17", "-fno-exceptions");
}

/** In two steps: a linking clang with -O would run any wasm-opt on the PATH, and lose names. */
function link(compiler: string, guest: Guest, output: string, ...dialect: string[]): Complaint {
  if (!canLink(compiler)) return undefined;
  const object = `${output}.o`;
  const options = ["-Wall", "-Wextra", "-Werror", ...(guest.options ?? ["-O2"]), "-c"];
  const complaint = run(compiler, CLANG_TARGET, ...dialect, ...options, guest.source, "-o", object);
  if (complaint !== "") return complaint;
  const model = guest.start === "_initialize" ? "reactor" : "command";
  const linked = run(compiler, CLANG_TARGET, `-mexec-model=${model}`, object, "-o", output);
  rmSync(object);
  return linked;
}

/** True if the compiler, its library and lld are there: links an empty program. */
function canLink(compiler: string): boolean {
  const output = "build/guests/empty.wasm";
  const [language, header] = compiler === "clang" ? ["-xc", "stdio.h"] : ["-xc++", "string"];
  const input = `#include <${header}>\nint main(void) { return 0; }\n`;
  const { status } = spawnSync(compiler, [CLANG_TARGET, language, "-", "-o", output], { input });
  rmSync(output, { force: true });
  return status === 0;
}

function compileRust(guest: Guest, output: string): Complaint {
  const compiler = RUST_COMPILERS.find(hasTarget);
  if (!compiler) return undefined;
  const options = ["--edition=2021", `--target=${compiler.target}`];
  options.push(...(guest.options ?? ["-O", "-Cstrip=debuginfo"]));
  const complaint = run(compiler.path, ...options, guest.source, "-o", output);
  return complaint?.includes("linker `rust-lld` not found") ? undefined : complaint;
}

function hasTarget(compiler: { path: string; target: string }): boolean {
  const options = ["--print=target-libdir", `--target=${compiler.target}`];
  const { status, stdout } = spawnSync(compiler.path, options, { encoding: "utf8" });
  return status === 0 && existsSync(stdout.trim());
}

/** Runs a compiler to its end. */
function run(command: string, ...options: string[]): Complaint {
  const { status, error, stderr } = spawnSync(command, options, { encoding: "utf8" });
  if (error && "code" in error && error.code === "ENOENT") return undefined;
  return status === 0 ? "" : stderr || `${command}: ${error?.message ?? `exit code ${status}`}`;
}

/** When a file, or the newest file of a folder, changed; milliseconds since the epoch. */
function newest(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  return Math.max(...readdirSync(path).map((name) => statSync(`${path}/${name}`).mtimeMs));
}
