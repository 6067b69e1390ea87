/**
 * The allocators that we know, by the names of their functions: wasi-libc and other C libraries,
 * AssemblyScript's runtimes (std/assembly/rt of AssemblyScript 0.27), Rust, TinyGo, Go. And the
 * functions around them whose frames say nothing of the program.
 */
import type { HookRole } from "./description.js";
import { type FunctionType, I32 } from "./module.js";

export type Language = "c" | "assemblyscript" | "rust" | "tinygo" | "go";

/** How one function allocates or frees. Parameters are numbered, from the end if negative. */
export interface Allocator {
  readonly language: Language;
  readonly role: HookRole;
  /** The parameter that asks for bytes; of two, their product. */
  readonly bytes: readonly number[];
  /** Of those bytes, what the allocator asks for itself. @default 0 */
  readonly headerBytes?: number;
  /** The parameter with the block to free or to enlarge. */
  readonly block?: number;
  /** The parameter that says where to store the address; without it the address is returned. */
  readonly out?: number;
  /**
   * From what the function takes or returns to the address under which a block is known. @default 0
   */
  readonly offset?: number;
  /** How many there are, where an optimiser may have removed some and none could be told apart. */
  readonly paramCount?: number;
  /** AssemblyScript: the bytes asked for stand before the block, whatever became of parameters. */
  readonly hasHeader?: true;
}

/** From a block of AssemblyScript's memory manager to its payload, and to a managed object. */
const BLOCK_OVERHEAD = 4;
const OBJECT_OVERHEAD = 16;
const TOTAL_OVERHEAD = BLOCK_OVERHEAD + OBJECT_OVERHEAD;

/** C names, and what may stand before them: dlmalloc, glibc, Emscripten, mimalloc. */
const C_PREFIXES = ["", "dl", "__libc_", "emscripten_builtin_", "emmalloc_", "mi_"];

const C_FUNCTIONS: Readonly<Record<string, Omit<Allocator, "language">>> = {
  malloc: { role: "allocate", bytes: [0] },
  zalloc: { role: "allocate-zeroed", bytes: [0] },
  calloc: { role: "allocate-zeroed", bytes: [0, 1] },
  aligned_alloc: { role: "allocate-aligned", bytes: [1] },
  memalign: { role: "allocate-aligned", bytes: [1] },
  malloc_aligned: { role: "allocate-aligned", bytes: [0] },
  posix_memalign: { role: "allocate-aligned", bytes: [2], out: 0 },
  realloc: { role: "reallocate", bytes: [1], block: 0 },
  reallocarray: { role: "reallocate", bytes: [1, 2], block: 0 },
  free: { role: "free", bytes: [], block: 0 },
};

const RUST_FUNCTIONS: Readonly<Record<string, Omit<Allocator, "language">>> = {
  alloc: { role: "allocate", bytes: [0] },
  alloc_zeroed: { role: "allocate-zeroed", bytes: [0] },
  realloc: { role: "reallocate", bytes: [-1], block: 0 },
  dealloc: { role: "free", bytes: [], block: 0 },
};

/** The crate dlmalloc: its first parameter, the allocator itself, is often optimised away. */
const DLMALLOC_METHODS: Readonly<Record<string, Omit<Allocator, "language">>> = {
  malloc: { role: "allocate", bytes: [-1] },
  memalign: { role: "allocate-aligned", bytes: [-1] },
  realloc: { role: "reallocate", bytes: [-1], block: -2 },
  free: { role: "free", bytes: [], block: -1 },
};

const NEW = { role: "allocate", bytes: [0], hasHeader: true } as const;
const RAW = { offset: OBJECT_OVERHEAD } as const;

const ASSEMBLYSCRIPT_FUNCTIONS: Readonly<Record<string, Omit<Allocator, "language">>> = {
  __new: NEW,
  "~lib/rt/itcms/__new": NEW,
  "~lib/rt/tcms/__new": NEW,
  "~lib/rt/stub/__new": NEW,
  "~lib/rt/tcms/__renew": { role: "reallocate", bytes: [1], block: 0, paramCount: 2 },
  "~lib/rt/stub/__renew": { role: "reallocate", bytes: [1], block: 0, paramCount: 2 },
  "~lib/rt/tlsf/__alloc": { role: "allocate", bytes: [0], ...RAW },
  "~lib/rt/stub/__alloc": { role: "allocate", bytes: [0], ...RAW },
  "~lib/rt/tlsf/__realloc": { role: "reallocate", bytes: [1], block: 0, ...RAW },
  "~lib/rt/stub/__realloc": { role: "reallocate", bytes: [1], block: 0, ...RAW },
  "~lib/rt/tlsf/allocateBlock": {
    role: "allocate",
    bytes: [1],
    paramCount: 2,
    offset: TOTAL_OVERHEAD,
  },
  "~lib/rt/tlsf/moveBlock": {
    role: "reallocate",
    bytes: [2],
    block: 1,
    paramCount: 3,
    offset: TOTAL_OVERHEAD,
  },
  // `__free` is inlined at -O3; a block that becomes free always gets here.
  "~lib/rt/tlsf/insertBlock": { role: "free", bytes: [], block: -1, offset: TOTAL_OVERHEAD },
  "~lib/rt/stub/__free": { role: "free", bytes: [], block: 0, ...RAW },
};

const TINYGO_FUNCTIONS: Readonly<Record<string, Omit<Allocator, "language">>> = {
  "runtime.alloc": { role: "allocate", bytes: [0] },
  "runtime.realloc": { role: "reallocate", bytes: [1], block: 0 },
  "runtime.free": { role: "free", bytes: [], block: 0 },
};

/** Its parameter is where to go on; what it is asked for lies on a stack of Go's own. */
const MALLOCGC: Allocator = { language: "go", role: "allocate", bytes: [], paramCount: 1 };

const BY_NAME = new Map<string, Allocator>();
for (const prefix of C_PREFIXES) addAll(C_FUNCTIONS, "c", prefix);
for (const prefix of ["__rust_", "__rdl_", "__rg_"]) addAll(RUST_FUNCTIONS, "rust", prefix);
addAll(ASSEMBLYSCRIPT_FUNCTIONS, "assemblyscript");
addAll(TINYGO_FUNCTIONS, "tinygo");
BY_NAME.set("runtime.mallocgc", MALLOCGC);

function addAll(
  functions: Readonly<Record<string, Omit<Allocator, "language">>>,
  language: Language,
  prefix = "",
): void {
  for (const [name, allocator] of Object.entries(functions)) {
    BY_NAME.set(prefix + name, { language, ...allocator });
  }
}

/** `__rustc::__rust_alloc` as newer compilers have it, mangled (v0) or not. */
const RUSTC_SHIM = /(?:7___rustc\d+_|__rustc(?:\[[0-9a-f]+\])?::)(__(?:rust|rdl|rg)_[a-z_]+)$/;

/** Go's allocators for one size (runtime/malloc_generated.go), where its compiler calls them. */
const MALLOCGC_OF_SIZE = /^runtime\.mallocgc(Tiny|SmallNoScan|SmallScanNoHeader)S(ize|C)\d+$/;

/** `dlmalloc::dlmalloc::Dlmalloc<A>::malloc`, mangled in either way or not. */
const DLMALLOC_METHODS_OF = [
  /8dlmalloc8dlmalloc17Dlmalloc\$LT\$A\$GT\$\d([a-z]+)17h/,
  /8dlmalloc8dlmalloc\w*8Dlmalloc\w*E[4678](malloc|free|realloc|memalign)(?=[BC]|$)/,
  /dlmalloc::Dlmalloc<.*>::([a-z]+)$/,
];

/** The allocator of this name; undefined for any other function. */
export function findAllocator(name: string): Allocator | undefined {
  const known = BY_NAME.get(name);
  if (known) return known;
  const shim = RUSTC_SHIM.exec(name)?.[1];
  if (shim !== undefined) return BY_NAME.get(shim);
  if (MALLOCGC_OF_SIZE.test(name)) return MALLOCGC;
  if (!name.includes("lmalloc")) return undefined;
  const match = DLMALLOC_METHODS_OF.map((pattern) => pattern.exec(name)?.[1]);
  const method = DLMALLOC_METHODS[match.find((found) => found !== undefined) ?? ""];
  return method && { language: "rust", ...method };
}

/**
 * An allocator of AssemblyScript's whose bytes include an object's header, because an optimiser has
 * put the function that adds it into its callers.
 */
export function withHeader(allocator: Allocator): Allocator {
  return { ...allocator, headerBytes: OBJECT_OVERHEAD };
}

/** Absolute numbers of the parameters that an allocator uses. */
export function paramsOf(allocator: Allocator, count: number): number[] {
  const { bytes, block, out } = allocator;
  const used = [...bytes, ...[block, out].filter((param) => param !== undefined)];
  return used.map((param) => param + (param < 0 ? count : 0));
}

/** Whether a function of this type can be that allocator. */
export function fits(allocator: Allocator, { params, results }: FunctionType): boolean {
  const { paramCount = params.length } = allocator;
  if (params.length !== paramCount) return false;
  const hasParams = paramsOf(allocator, params.length).every((param) => params[param] === I32);
  if (allocator.role === "free") return hasParams;
  return hasParams && results.length === 1 && results[0] === I32;
}

/**
 * Names whose frames are stripped where a backtrace ends: what stands between a program and what is
 * hooked. C's functions, Rust's shims, C++'s `operator new`, AssemblyScript's runtime; as pprof
 * does with heap profiles (profile/legacy_profile.go). What an allocator itself calls is never
 * seen.
 */
const ALLOCATOR_FRAMES = [
  /^(dl|__libc_|emscripten_builtin_|emmalloc_|mi_)?(malloc|calloc|realloc|reallocarray|free)$/,
  /^(dl|__libc_|emscripten_builtin_|emmalloc_|mi_)?(aligned_alloc|memalign|posix_memalign)$/,
  /^(internal_memalign|_?mi_(heap_)?[a-z]*(alloc|free)[a-z_]*)$/,
  /(^|7___rustc\d+_|__rustc(\[[0-9a-f]+\])?::)__(rust|rdl|rg)_(de|re)?alloc(_zeroed)?$/,
  /8dlmalloc8dlmalloc|8Dlmalloc|^dlmalloc::|dlmalloc\.\.sys/,
  /^_Z(nw|na|dl|da)|^operator (new|delete)/,
  /^~lib\/rt\//,
  /^runtime\.(alloc|free|realloc)/,
];

/** Go's heap profiles leave all of its runtime out where they end (runtime/pprof/protomem.go). */
const GO_RUNTIME = /^(runtime\.|internal[/_]runtime[/_])/;

/** Whether frames of a function of this name are an allocator's. */
export function isAllocatorName(name: string, isGo = false): boolean {
  if (isGo) return GO_RUNTIME.test(name);
  return ALLOCATOR_FRAMES.some((pattern) => pattern.test(name));
}
