/**
 * WASI guests where there is no file system and no second thread: @wasmer/wasi in memory, every
 * call metered as under `wmon run`. A guest runs to its end in one go, so that it should be short;
 * left out are waiting (`poll_oneoff`), sockets and memory traces.
 */
import { init, MemFS, WASI } from "@wasmer/wasi";
import { MonitorError } from "../errors.js";
import { exitGuest, GuestExit, raiseSignal } from "../wasi/backend.js";
import { Cells } from "../wasi/cells.js";
import { MemoryMeter, meterCalls } from "../wasi/metering.js";
import type { RunCells } from "../wasi/order.js";
import { Errno, type ImportFunctions, PREVIEW1 } from "../wasi/preview1.js";
import { registerRunSources } from "../wasi/sources.js";
import { guestImports } from "./guest.js";
import type { EdgeMonitor } from "./monitor.js";

export interface SandboxOptions {
  /** The guest, compiled. */
  readonly module: WebAssembly.Module;
  /** The library's own wasm, compiled; needed where a runtime refuses bytes or has no `Buffer`. */
  readonly wasi?: WebAssembly.Module | undefined;
}

export interface RunOptions {
  /** `argv`, the program's name first. @default the name alone: "guest" */
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What the guest finds in its root directory, by name. @default nothing */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
  /** @default nothing */
  readonly stdin?: string | undefined;
}

/** How a guest ended. */
export interface RunEnd {
  /** The guest's own, 134 after a trap. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the engine threw, when the guest trapped. */
  readonly trap?: Error;
}

const TRAP_CODE = 134;
/** The descriptor of the first directory, where every guest looks. */
const FIRST_DIRECTORY = 3;

/**
 * Prepares to run one guest, and registers `memory`, `guest`, `wasi` and `wasi_io`. Throws
 * `NAME_TAKEN` for a second guest of a monitor.
 */
export async function openSandbox(
  monitor: EdgeMonitor,
  { module, wasi }: SandboxOptions,
): Promise<Sandbox> {
  await init(wasi).catch((cause) => {
    const fix = "give the library's own wasm, compiled, as option wasi";
    throw new MonitorError("OPTION_INVALID", `@wasmer/wasi cannot start here: ${fix}`, { cause });
  });
  const calls = WebAssembly.Module.imports(module)
    .filter((each) => each.module === PREVIEW1)
    .map(({ name }) => name);
  return new Sandbox(monitor, module, registerRunSources(monitor.core, calls));
}

/** Runs one guest as often as it is asked to. */
export class Sandbox {
  readonly #cells: Cells;
  #trapCount = 0;

  constructor(
    private readonly monitor: EdgeMonitor,
    private readonly module: WebAssembly.Module,
    private readonly targets: RunCells,
  ) {
    this.#cells = new Cells(monitor.core.memory);
  }

  /** Runs the guest to its end, and blocks until then. Throws what instantiation throws. */
  run(options: RunOptions = {}): RunEnd {
    const { guest, memory: memoryCells } = this.targets;
    const memory = new MemoryMeter(this.#cells, memoryCells);
    const wasi = openWasi(options);
    const instance = this.#instantiate(wasi, memory);
    const startedMs = performance.now();
    this.#cells.record(guest.running, 1);
    const end = start(instance);
    memory.observe();
    this.#cells.record(guest.running, 0);
    this.#cells.set(guest.uptime, (performance.now() - startedMs) * 1e6);
    if (end.trap !== undefined) this.#cells.record(guest.traps, ++this.#trapCount);
    const output = { stdout: wasi.getStdoutString(), stderr: wasi.getStderrString() };
    wasi.free();
    return { ...end, ...output };
  }

  #instantiate(wasi: WASI, memory: MemoryMeter): WebAssembly.Instance {
    const { calls, transfers } = this.targets;
    const imports = wasi.getImports(this.module) as Record<string, ImportFunctions>;
    const functions: ImportFunctions = {
      ...imports[PREVIEW1],
      proc_exit: exitGuest,
      proc_raise: raiseSignal,
      sock_accept: () => Errno.NotSupported,
      poll_oneoff: () => Errno.NotSupported,
    };
    const meters = { cells: this.#cells, memory, transfers, calls };
    const instance = new WebAssembly.Instance(this.module, {
      ...guestImports(this.monitor, () => memory.memory),
      [PREVIEW1]: meterCalls(functions, meters),
    });
    memory.attach(instance.exports.memory as WebAssembly.Memory);
    wasi.instantiate(instance);
    // It puts a root that nobody asked for first, without rights: ours takes its place.
    imports[PREVIEW1]?.fd_renumber?.(FIRST_DIRECTORY + 1, FIRST_DIRECTORY);
    return instance;
  }
}

function openWasi({ args = ["guest"], env = {}, files = {}, stdin }: RunOptions): WASI {
  const fs = new MemFS();
  for (const [name, content] of Object.entries(files)) {
    const file = fs.open(`/${name}`, { write: true, create: true, truncate: true });
    if (typeof content === "string") file.writeString(content);
    else file.write(content);
    file.flush();
    file.free();
  }
  const wasi = new WASI({ args: [...args], env: { ...env }, fs, preopens: { "/": "/" } });
  if (stdin !== undefined) wasi.setStdinString(stdin);
  return wasi;
}

function start(instance: WebAssembly.Instance): { code: number; trap?: Error } {
  try {
    (instance.exports._start as () => void)();
    return { code: 0 };
  } catch (thrown) {
    if (thrown instanceof GuestExit) return { code: thrown.code };
    return { code: TRAP_CODE, trap: thrown instanceof Error ? thrown : new Error(String(thrown)) };
  }
}
