/**
 * `wmon run`: a guest in a worker, its monitor in this thread. Everything that can be wrong is found before the
 * guest starts; however it ends, what it counted is pushed once more.
 */
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Level } from "../../assembly/abi.js";
import { formatAddress } from "../address.js";
import { refuseRemote } from "../control/binding.js";
import { MonitorError } from "../errors.js";
import { createMonitor, type Monitor } from "../monitor.js";
import { nodePlatform } from "../platforms/node.js";
import { Guest } from "../wasi/launch.js";
import type { GuestEnd } from "../wasi/order.js";
import { loadProgram, type Program } from "../wasi/program.js";
import { registerRunSources } from "../wasi/sources.js";
import type { RunOptions } from "./options.js";
import { choosePlace } from "./places.js";
import { dieBy, type EndSignal, firstSignal, signalExitCode } from "./signals.js";
import { say } from "./stderr.js";

export interface RunRequest {
  /** The guest's wasm file. */
  readonly file: string;
  /** The guest's arguments, without its name. */
  readonly args: readonly string[];
  readonly options: RunOptions;
  /** Takes free ports where the default ones are in use. @default false */
  readonly isFlexible?: boolean;
  /** Called once everything listens, just before the guest starts. */
  readonly onReady?: (places: ReadyPlaces) => void;
}

/** Where a run can be reached. */
export interface ReadyPlaces {
  /** As `--to` takes it. */
  readonly control?: string | undefined;
  /** The URL of `/metrics`. */
  readonly prometheus?: string | undefined;
}

/** What a shell reports for SIGABRT, which is how a native program ends where a guest traps. */
const EXIT_TRAP = 134;
const EXIT_NOT_STARTED = 2;
/** Longest that a blocked guest may keep us from ending. */
const STOP_GRACE_MS = 1000;
/** The push gives up after two seconds; this is for whatever else might not end. */
const CLOSE_GRACE_MS = 3000;

const CORE = new URL("../../monitor.shared.wasm", import.meta.url);
const MEMORY_PAGES = { initial: 16, maximum: 16384, shared: true };

/** Runs a guest to its end; resolves with the exit code. Throws `MonitorError` when it cannot start. */
export async function run(request: RunRequest): Promise<number> {
  const signal = firstSignal();
  const program = await loadProgram(request.file);
  checkDirectories(request.options.dir);
  const core = await WebAssembly.compile(await readFile(CORE));
  const monitor = await openMonitor(request, core);
  const guest = launch(request, { program, core, monitor });
  const outcome = await Promise.race([guest.ended, signal]);
  return typeof outcome === "string"
    ? endBySignal(outcome, guest, monitor)
    : endByItself(outcome, request.file, monitor);
}

async function openMonitor(
  { options, isFlexible = false }: RunRequest,
  module: WebAssembly.Module,
): Promise<Monitor> {
  const places = { platform: nodePlatform, warn: say, isFlexible };
  return createMonitor({
    platform: nodePlatform,
    module,
    memory: new WebAssembly.Memory(MEMORY_PAGES),
    control: await choosePlace("control", options.control, places),
    prometheus: await choosePlace("prometheus", options.prometheus, places),
    push: options.push,
    intervalMs: options.interval,
    vmName: options.hostname,
    strict: options.strict,
    timestamps: options.timestamps,
    logLevels: options.logLevel,
    metrics: options.metrics,
    allowRemote: options.allowRemote,
    controlToken: options.controlToken,
    logs: { format: options.logFormat, to: options.logTo },
  });
}

interface Parts {
  readonly program: Program;
  readonly core: WebAssembly.Module;
  readonly monitor: Monitor;
}

function launch(request: RunRequest, { program, core, monitor }: Parts): Guest {
  const { file, args, options } = request;
  const cells = registerRunSources(monitor.core, program.calls);
  announce(request, monitor);
  const guest = new Guest({
    program,
    core,
    memory: monitor.core.memory,
    cells,
    registrar: monitor.registrar,
    setup: { args: [basename(file), ...args], env: options.env, directories: options.dir },
    sandbox: options.sandbox,
    note: say,
  });
  monitor.onCollect(() => guest.refresh());
  return guest;
}

/** One line a listener, for people and for scripts that wait for it. */
function announce({ options, onReady }: RunRequest, monitor: Monitor): void {
  const { control, prometheus } = monitor.addresses;
  if (control) say(`control ${formatAddress(control)}`);
  if (prometheus) say(`prometheus ${metricsUrl(prometheus)}`);
  const { memtrace } = options;
  if (memtrace.kind === "explicit") {
    refuseRemote("memtrace", memtrace.address, options.allowRemote);
    say(
      `memtrace: tracing is not built yet, so nothing listens on ${formatAddress(memtrace.address)}`,
    );
  }
}
