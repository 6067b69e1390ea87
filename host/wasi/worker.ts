/**
 * The guest's thread: instantiates the core a second time over the shared memory, links the guest
 * to it and to WASI, runs it and says how it ended. Node's warning that WASI is experimental is for
 * our developers, not for users, so it is silenced before anything loads node:wasi.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type Level, LOG_LEVEL_OFFSET, Status } from "../../assembly/abi.js";
import type { Volume } from "../block/volume.js";
import { encodeValues } from "../definition.js";
import { DiskRegistry } from "../disk/registry.js";
import { originalPosition } from "../instrument/description.js";
import type { Backend, BackendOptions } from "./backend.js";
import { GuestExit } from "./backend.js";
import { Cells } from "./cells.js";
import { Asker, Operation } from "./channel.js";
import { Descriptors } from "./descriptors.js";
import { fileCalls } from "./file-calls.js";
import { type GuestHost, guestImports, type HotExports } from "./guest-imports.js";
import { type FileMeters, MemoryMeter, meterCalls } from "./metering.js";
import type { FromGuest, GuestOrder } from "./order.js";
import { PREVIEW1 } from "./preview1.js";
import { RingWriter } from "./ring.js";
import { Scratch } from "./scratch.js";
import type { GuestTracing } from "./tracing.js";

const FRAMES_MAX = 64;

const order = workerData as GuestOrder;
const cells = new Cells(order.memory);
const meter = new MemoryMeter(cells, order.cells.memory);
const asker = new Asker(order.channel, () => post({ kind: "asks" }));
/** Of files and block devices. */
const disks = new DiskRegistry({
  plan: order.cells.disk,
  memory: order.memory,
  register: (source, values) =>
    asker.ask({ operation: Operation.RunSeries, subject: source, bytes: encodeValues(values) }),
  fold: () => cells.add(order.cells.guest.filesFolded, 1),
});
const descriptors = new Descriptors(disks, Object.keys(order.setup.directories));
/** The guest's block devices, by handle. */
let volumes: readonly Volume[] = [];

await runGuest();

function post(message: FromGuest): void {
  parentPort?.postMessage(message);
}

async function runGuest(): Promise<void> {
  Error.stackTraceLimit = FRAMES_MAX;
  try {
    const backend = await openBackend({
      ...order.setup,
      module: order.module,
      memory: () => meter.memory,
      note: (text) => post({ kind: "note", text }),
    });
    volumes = await openBlocks();
    const instance = await link(backend, await openTracing());
    start(backend, instance);
  } catch (error) {
    closeBlocks();
    post({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

async function openBackend(options: BackendOptions): Promise<Backend> {
  silenceExperimentalWarning();
  const backend = order.sandbox
    ? await (await import("./sandbox.js")).openSandbox(options)
    : (await import("./node-backend.js")).openNodeBackend(options);
  if (!order.sockets) return backend;
  const { withSockets } = await import("./sockets/layer.js");
  const tell = () => post({ kind: "sockets" });
  return withSockets(backend, options, { order: order.sockets, tell });
}

async function openBlocks(): Promise<readonly Volume[]> {
  if (order.volumes.length === 0) return [];
  const { openVolumes } = await import("./volumes.js");
  const note = (text: string) => post({ kind: "note", text });
  return openVolumes(order.volumes, { cells, disks, note });
}

/** Before the end is posted: whoever hears of it may end this thread, and takes the locks back. */
function closeBlocks(): void {
  for (const volume of volumes) volume.close();
  volumes = [];
}

async function openTracing(): Promise<GuestTracing | undefined> {
  if (!order.tracing) return undefined;
  const { GuestTracing } = await import("./tracing.js");
  return new GuestTracing(order.tracing, () => post({ kind: "samples" }));
}

/** A trap in the module's start function counts as one of the guest, like any later. */
async function link(
  backend: Backend,
  tracing: GuestTracing | undefined,
): Promise<WebAssembly.Instance | undefined> {
  const imports = {
    [PREVIEW1]: meterCalls(backend.functions, {
      cells,
      memory: meter,
      transfers: order.cells.transfers,
      calls: order.cells.calls,
      files: meterFiles(backend),
      look: tracing && (() => tracing.look()),
    }),
    monitor: guestImports(connectHost(), () => meter.memory, volumes),
  };
  const startedMs = performance.now();
  try {
    const instance = await WebAssembly.instantiate(order.module, imports);
    cells.record(order.cells.guest.instantiate, (performance.now() - startedMs) * 1e6);
    if (instance.exports.memory instanceof WebAssembly.Memory)
      meter.attach(instance.exports.memory);
    tracing?.attach(instance);
    return instance;
  } catch (error) {
    if (error instanceof WebAssembly.LinkError) throw error;
    reportEnd(error);
    return undefined;
  }
}

function meterFiles({ functions }: Backend): FileMeters {
  const memory = () => meter.memory;
  const scratch = new Scratch(functions, memory);
  return { descriptors, calls: fileCalls({ descriptors, disks, scratch, memory }) };
}

function start(backend: Backend, instance: WebAssembly.Instance | undefined): void {
  if (!instance) return;
  try {
    backend.start(instance);
    reportEnd(new GuestExit(0));
  } catch (error) {
    reportEnd(error);
  }
}

function reportEnd(reason: unknown): void {
  meter.observe();
  descriptors.closeAll();
  closeBlocks();
  if (reason instanceof GuestExit) {
    post({ kind: "exited", code: reason.code & 0xff });
    return;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  const stack = reason instanceof Error ? guestFrames(reason.stack ?? "") : [];
  post({ kind: "trapped", message, stack });
}

/**
 * Frames of wasm only: `at name (wasm://wasm/hash:wasm-function[3]:0x1a2)`; ours tell a user
 * nothing.
 */
function guestFrames(stack: string): string[] {
  return stack
    .split("\n")
    .filter((line) => line.includes("wasm://"))
    .map((line) => line.trim().replace(/0x([0-9a-f]+)(?=\)?$)/, (_, hex) => offsetInFile(hex)));
}

/** Where a byte of what runs is in the guest's file, which was hooked as it was loaded. */
function offsetInFile(hex: string): string {
  const segments = order.tracing?.description.segments ?? [];
  if (segments.length === 0) return `0x${hex}`;
  const original = originalPosition(segments, Number.parseInt(hex, 16));
  return original === undefined ? "added by wmon" : `0x${original.toString(16)}`;
}

/** Registers and logs through the main thread; increments go straight into shared memory. */
function connectHost(): GuestHost {
  const core = new WebAssembly.Instance(order.core, { env: { memory: order.memory } });
  const ring = new RingWriter(order.logs, () => post({ kind: "logs" }));
  const hot = core.exports as unknown as HotExports;
  const logs = new Set<number>();
  const texts = new Set<number>();
  let levels = new Uint32Array(order.memory.buffer);
  return {
    hot,
    source: (bytes) => asker.ask({ operation: Operation.Source, subject: 0, bytes }),
    series: (subject, bytes) => asker.ask({ operation: Operation.Series, subject, bytes }),
    text(subject, bytes) {
      // Disabled: not worth the trip to the main thread, which would ignore it too.
      if (texts.has(subject) && hot.isActive(subject) === 0) return Status.Ok;
      const result = asker.ask({ operation: Operation.Text, subject, bytes });
      if (result === Status.Ok) texts.add(subject);
      return result;
    },
    logSource(bytes) {
      const log = asker.ask({ operation: Operation.LogSource, subject: 0, bytes });
      if (log < 0) return log;
      logs.add(log);
      // It may lie in memory that has grown since.
      levels = new Uint32Array(order.memory.buffer);
      return log;
    },
    threshold: (log) =>
      logs.has(log) ? (levels[(log + LOG_LEVEL_OFFSET) >>> 2] as Level) : undefined,
    log: (log, level, text) => ring.push({ log, level, text }),
    refuse: () => cells.add(order.cells.guest.refused, 1),
  };
}

function silenceExperimentalWarning(): void {
  const emit = process.emitWarning.bind(process) as (...values: unknown[]) => void;
  process.emitWarning = (...values: unknown[]) => {
    const [warning, type] = values;
    const name = warning instanceof Error ? warning.name : type;
    if (name !== "ExperimentalWarning") emit(...values);
  };
}
