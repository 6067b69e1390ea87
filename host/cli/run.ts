/**
 * `wmon run`: a guest in a worker, its monitor in this thread. Everything that can be wrong is
 * found before the guest starts; however it ends, what it counted is pushed once more.
 */
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { refuseRemote } from "../control/binding.js";
import { MonitorError } from "../errors.js";
import { createMonitor, type Monitor } from "../index.js";
import { escapeControl } from "../logs/escape.js";
import { nodePlatform } from "../platforms/node.js";
import { attachment } from "../wasi/attachment.js";
import type { Images } from "../wasi/images.js";
import { Guest, type LaunchOptions } from "../wasi/launch.js";
import type { GuestEnd, RunCells } from "../wasi/order.js";
import { loadProgram, type Program } from "../wasi/program.js";
import type { SocketCarrier } from "../wasi/sockets/carrier.js";
import { registerRunSources } from "../wasi/sources.js";
import { openListeners, type Reach } from "./listeners.js";
import type { RunOptions } from "./options.js";
import { packageFile } from "./package.js";
import { dieBy, type EndSignal, firstSignal, signalExitCode } from "./signals.js";
import { put, say } from "./stderr.js";
import { checkTraceFile, openTracing, portPlace, wantedStacks, warnOfHooks } from "./tracing.js";

export interface RunRequest {
  /** The guest's wasm file. */
  readonly file: string;
  /** The guest's arguments, without its name. */
  readonly args: readonly string[];
  readonly options: RunOptions;
  /** Takes free ports where the default ones are in use. @default false */
  readonly isFlexible?: boolean;
  /** Called once everything listens, before the guest starts. */
  readonly onReady?: (reach: Reach) => void;
}

/** What a shell reports for SIGABRT, which is how a native program ends where a guest traps. */
const EXIT_TRAP = 134;
const EXIT_NOT_STARTED = 2;
/** Longest that a blocked guest may keep us from ending. */
const STOP_GRACE_MS = 1000;
/** The last push gives up after two seconds; this is for whatever else might not end. */
const CLOSE_GRACE_MS = 3000;

const CORE = packageFile("build/monitor.shared.wasm");
const MEMORY_PAGES = { initial: 16, maximum: 16384, shared: true };

/**
 * Runs a guest to its end; resolves with the exit code. Throws `MonitorError` if it cannot start.
 */
export async function run(request: RunRequest): Promise<number> {
  const signal = firstSignal();
  const program = await loadProgram(request.file, wantedStacks(request.options));
  checkOptions(request.options);
  checkTraceFile(request.file, request.options);
  const images = await openImages(request);
  try {
    return await runToEnd(request, { program, images, signal });
  } finally {
    images?.release();
  }
}

interface Preparation {
  readonly program: Program;
  readonly images: Images | undefined;
  readonly signal: Promise<EndSignal>;
}

async function runToEnd(
  request: RunRequest,
  { program, images, signal }: Preparation,
): Promise<number> {
  const core = await readFile(CORE);
  const monitor = await openMonitor(request.options, core);
  const prepared = await prepare(request, { program, images, monitor });
  const guest = await launch(request, { program, core, monitor, ...prepared });
  const outcome = await Promise.race([guest.ended, signal]);
  const { sockets } = prepared;
  return typeof outcome === "string"
    ? endBySignal(outcome, { guest, sockets, monitor })
    : endByItself(outcome, request.file, { sockets, monitor });
}

async function openImages({ file, options }: RunRequest): Promise<Images | undefined> {
  if (options.block.length === 0) return undefined;
  const { Images } = await import("../wasi/images.js");
  return new Images(options.block, file);
}

function checkOptions({ dir, memtrace, allowRemote = false }: RunOptions): void {
  if (memtrace.kind === "explicit") refuseRemote("memtrace", memtrace.address, allowRemote);
  for (const path of Object.values(dir)) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) continue;
    const reason = found ? "is not a directory" : "does not exist";
    throw new MonitorError("OPTION_INVALID", `--dir ${path}: ${reason}`);
  }
}

async function openMonitor(options: RunOptions, core: Uint8Array<ArrayBuffer>): Promise<Monitor> {
  const monitor = createMonitor({
    // Not `process.stderr`: it would make a pipe non-blocking that the guest writes to as well.
    platform: { ...nodePlatform, writeStderr: (text) => put(2, text) },
    module: await WebAssembly.compile(core),
    memory: new WebAssembly.Memory(MEMORY_PAGES),
    intervalMs: options.interval,
    vmName: options.hostname,
    strict: options.strict,
    timestamps: options.timestamps,
    logLevels: options.logLevel,
    metrics: options.metrics,
    allowRemote: options.allowRemote,
    controlToken: options.controlToken,
    logs: {
      format: options.logFormat,
      to: options.logTo,
    },
    defaultSources: true,
  });
  return monitor.catch(renameOption);
}

/** The library names its options; who gave ours has not seen those. */
function renameOption(error: unknown): never {
  if (!(error instanceof MonitorError)) throw error;
  const message = error.message
    .replace(/^logLevels /, "--log-level ")
    .replace(/^metrics /, "--metrics ");
  throw new MonitorError(error.code, message, { cause: error });
}

/**
 * Opens the listeners, registers the built-in sources, says where to find them, and begins to push.
 */
async function prepare(
  { options, isFlexible = false, onReady }: RunRequest,
  { program, images, monitor }: Omit<Preparation, "signal"> & { readonly monitor: Monitor },
): Promise<Pick<Parts, "cells" | "volumes" | "sockets" | "tracing">> {
  let sockets: SocketCarrier | undefined;
  try {
    const tracing = await openTracing(monitor, program, options);
    const { samplingRate, maxSamples } = options;
    const reach = await openListeners(
      monitor,
      { ...options, memtrace: portPlace(options) },
      { warn: say, isFlexible, trace: { samplingRate, maxSamples } },
    );
    const cells = registerRunSources(monitor.core, program.calls);
    const volumes = images?.register(monitor.core) ?? [];
    if (options.tcplisten.length > 0) {
      sockets = await (await import("./sockets.js")).openSockets(monitor, options);
    }
    await monitor.startPush(options.push);
    if (reach.control) say(`control ${reach.control}`);
    if (reach.metrics) say(`prometheus ${reach.metrics}`);
    if (reach.memtrace) say(`memtrace ${reach.memtrace}`);
    warnOfHooks(program, options);
    onReady?.(reach);
    return { cells, volumes, sockets, tracing };
  } catch (error) {
    await sockets?.close({ graceMs: 0 });
    await monitor.close();
    throw error;
  }
}

interface Parts {
  readonly program: Program;
  readonly core: Uint8Array;
  readonly monitor: Monitor;
  readonly cells: RunCells;
  readonly volumes: LaunchOptions["volumes"];
  readonly sockets: SocketCarrier | undefined;
  readonly tracing: LaunchOptions["tracing"];
}

async function launch({ file, args, options }: RunRequest, parts: Parts): Promise<Guest> {
  const { program, core, monitor, cells, volumes, sockets, tracing } = parts;
  const guest = new Guest({
    program,
    core: await WebAssembly.compile(attachment(core)),
    memory: monitor.core.memory,
    cells,
    registrar: monitor.registrar,
    setup: { args: [basename(file), ...args], env: options.env, directories: options.dir },
    sandbox: options.sandbox === true,
    volumes,
    sockets,
    tracing,
    note: say,
  });
  monitor.onCollect(() => guest.refresh());
  return guest;
}

/** What still runs when a guest has ended. */
type Remains = Pick<Parts, "sockets" | "monitor">;

async function endByItself(end: GuestEnd, file: string, remains: Remains): Promise<number> {
  if (end.kind === "failed") say(`${file}: ${end.message}`);
  if (end.kind === "trapped") {
    const frames = end.stack.map((frame) => `\n    ${escapeControl(frame)}`).join("");
    say(`${file} trapped: ${escapeControl(end.message)}${frames}`);
  }
  await close(remains, end.kind === "exited");
  if (end.kind === "exited") return end.code;
  return end.kind === "trapped" ? EXIT_TRAP : EXIT_NOT_STARTED;
}

/** Stops the guest first, so that the last push has its final values. */
async function endBySignal(
  name: EndSignal,
  { guest, ...remains }: Remains & { readonly guest: Guest },
): Promise<number> {
  const isStopped = await guest.stop(STOP_GRACE_MS);
  await close(remains, true);
  return isStopped ? signalExitCode(name) : dieBy(name);
}

/** First clients and the reader of a memory trace get their end, each in a time of its own. */
async function close({ sockets, monitor }: Remains, isOrderly: boolean): Promise<void> {
  if (sockets) await (await import("./sockets.js")).closeSockets(sockets, isOrderly);
  await monitor.memtrace.close();
  const { promise, timer } = delay(CLOSE_GRACE_MS);
  await Promise.race([monitor.close(), promise]);
  clearTimeout(timer);
}

function delay(durationMs: number): { promise: Promise<void>; timer: NodeJS.Timeout | undefined } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, durationMs);
  });
  return { promise, timer };
}
