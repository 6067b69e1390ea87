/**
 * Reads a guest from a file and checks before anything starts that it is a WASI preview1 command
 * whose every import can be provided, so that a user learns what is wrong in one sentence.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { MonitorError } from "../errors.js";
import type { Stacks } from "../instrument/description.js";
import type { TracedModule } from "../memtrace/modules.js";
import { memoryBytesMax } from "./memory-limit.js";
import { PREVIEW1, PREVIEW1_FUNCTIONS } from "./preview1.js";

/** A guest that can be started. */
export interface Program {
  readonly module: WebAssembly.Module;
  readonly compileMs: number;
  /** WASI functions that it imports. */
  readonly calls: readonly string[];
  /** Bytes to which its memory may grow. */
  readonly memoryBytesMax: number;
  /** How its allocators are hooked; absent when that was not asked for. */
  readonly hooked?: HookedGuest | undefined;
}

/** A guest that is traced, without the bytes that were compiled. */
export interface HookedGuest extends TracedModule {
  /** What a user should know of the hooks, a sentence each. */
  readonly warnings: readonly string[];
}

/** The module under which guests import us. */
const MONITOR = "monitor";

const MONITOR_FUNCTIONS: ReadonlySet<string> = new Set([
  "source",
  "series",
  "counter_add",
  "gauge_set",
  "gauge_add",
  "integer_set",
  "observe",
  "text_set",
  "is_active",
  "log_source",
  "log_passes",
  "log",
  "block_acquire",
  "block_read",
  "block_write",
  "block_discard",
  "block_flush",
]);

/** Unknown imports named in a message; more are counted. */
const NAMED_MAX = 8;

/**
 * Loads and compiles `file`, its allocators hooked if `stacks` says how a trace finds call stacks.
 * Throws `GUEST_INVALID`, saying what it is instead of a command.
 */
export async function loadProgram(file: string, stacks?: Stacks): Promise<Program> {
  const bytes = await readGuest(file);
  refuseOtherFormats(file, bytes);
  const startedMs = performance.now();
  const { module, hooked } = await compileHooked(file, bytes, stacks);
  const compileMs = performance.now() - startedMs;
  const imports = WebAssembly.Module.imports(module);
  checkImports(file, imports);
  checkExports(file, module);
  const calls = imports.filter((entry) => entry.module === PREVIEW1).map(({ name }) => name);
  const unique = [...new Set(calls)];
  return { module, compileMs, calls: unique, memoryBytesMax: memoryBytesMax(bytes), hooked };
}

/** Reads `file` and checks all that `loadProgram` checks. Throws `GUEST_INVALID`. */
export async function readProgram(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readGuest(file);
  refuseOtherFormats(file, bytes);
  const module = await compile(file, bytes);
  checkImports(file, WebAssembly.Module.imports(module));
  checkExports(file, module);
  return bytes;
}

async function readGuest(file: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return (await readFile(file)) as Buffer<ArrayBuffer>;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason =
      code === "ENOENT"
        ? "no such file"
        : code === "EISDIR"
          ? "is a directory, not a wasm file"
          : (cause as Error).message;
    throw new MonitorError("GUEST_INVALID", `${file}: ${reason}`, { cause });
  }
}

function refuseOtherFormats(file: string, bytes: Buffer): void {
  if (bytes.length < 8 || bytes.readUInt32BE(0) !== 0x0061736d) {
    const isText = bytes.subarray(0, 64).toString("latin1").trimStart().startsWith("(");
    const fix = isText ? "; it looks like WebAssembly text: assemble it first (wat2wasm)" : "";
    throw new MonitorError("GUEST_INVALID", `${file}: is not a wasm file${fix}`);
  }
  // Bytes 4 and 5 are the version, 6 and 7 the layer: 1 is the component model.
  if (bytes.readUInt16LE(6) === 1) {
    throw new MonitorError(
      "GUEST_INVALID",
      `${file}: is a component, not a core module; build it for WASI preview1 (wasm32-wasip1)`,
    );
  }
}

/** A guest that cannot be hooked runs as it is: its traces are empty, and say why. */
async function compileHooked(
  file: string,
  bytes: Buffer<ArrayBuffer>,
  stacks: Stacks | undefined,
): Promise<{ module: WebAssembly.Module; hooked?: HookedGuest }> {
  if (stacks === undefined) return { module: await compile(file, bytes) };
  const name = basename(file);
  const { hookModule, unhooked } = await import("../memtrace/hooked.js");
  try {
    const findDebug = async (original: Uint8Array) => {
      const { findDebugFiles } = await import("./debug-files.js");
      return findDebugFiles(file, original);
    };
    const { bytes: made, ...hooked } = hookModule(bytes, { name, stacks, findDebug });
    return { module: await WebAssembly.compile(made), hooked };
  } catch (error) {
    const module = await compile(file, bytes);
    const reason = error instanceof Error ? error.message : String(error);
    return { module, hooked: unhooked(bytes, name, `its allocators are not hooked: ${reason}`) };
  }
}

async function compile(file: string, bytes: Buffer<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^WebAssembly\.compile\(\): /, "");
    throw new MonitorError("GUEST_INVALID", `${file}: does not compile: ${reason}`, { cause });
  }
}

function checkImports(file: string, imports: readonly WebAssembly.ModuleImportDescriptor[]): void {
  const unknown = imports.filter((entry) => !isProvided(entry));
  if (unknown.length === 0) return;
  const named = unknown
    .slice(0, NAMED_MAX)
    .map(({ module, name, kind }) => `${module}.${name} (${kind})`)
    .join(", ");
  const more = unknown.length > NAMED_MAX ? ` and ${unknown.length - NAMED_MAX} more` : "";
  throw new MonitorError(
    "GUEST_INVALID",
    `${file}: imports what wmon does not provide: ${named}${more}; ` +
      `it provides the functions of ${PREVIEW1} and ${MONITOR}${adviceFor(unknown)}`,
  );
}

function isProvided({ module, name, kind }: WebAssembly.ModuleImportDescriptor): boolean {
  if (kind !== "function") return false;
  if (module === PREVIEW1) return PREVIEW1_FUNCTIONS.has(name);
  return module === MONITOR && MONITOR_FUNCTIONS.has(name);
}

function adviceFor(unknown: readonly WebAssembly.ModuleImportDescriptor[]): string {
  const modules = new Set(unknown.map(({ module }) => module));
  if (modules.has("wasi_unstable")) return "; wasi_unstable is older than preview1: rebuild it";
  if (modules.has("wasi")) return "; wasi-threads are not supported: build it without threads";
  return "";
}

function checkExports(file: string, module: WebAssembly.Module): void {
  const kinds = new Map(
    WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind as string]),
  );
  if (kinds.get("_start") !== "function") {
    const isReactor = kinds.has("_initialize");
    throw new MonitorError(
      "GUEST_INVALID",
      `${file}: exports no function _start, so there is nothing to run` +
        (isReactor ? "; it is a reactor: embed it with createMonitor() and monitor.imports()" : ""),
    );
  }
  const imported = WebAssembly.Module.imports(module).length > 0;
  if (imported && kinds.get("memory") !== "memory") {
    throw new MonitorError("GUEST_INVALID", `${file}: exports no memory, which its imports need`);
  }
}
