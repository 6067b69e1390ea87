/**
 * Memory traces of a run: the port's and the file's. Whatever is wrong is said before the guest
 * starts; a guest that cannot be hooked runs all the same.
 */
import { open } from "node:fs/promises";
import { MonitorError } from "../errors.js";
import type { Stacks } from "../instrument/description.js";
import { RemoteGuest } from "../memtrace/guest.js";
import type { Monitor } from "../monitor.js";
import type { LaunchOptions } from "../wasi/launch.js";
import type { Program } from "../wasi/program.js";
import type { Place, RunOptions } from "./options.js";
import { say } from "./stderr.js";

/** How call stacks are found; undefined when nothing is traced and the guest stays as it is. */
export function wantedStacks({ memtrace, memtraceFile, stacks }: RunOptions): Stacks | undefined {
  return memtrace.kind === "off" && memtraceFile === undefined ? undefined : stacks;
}

/** Where the port listens: while a file is written nobody could be served on the default one. */
export function portPlace({ memtrace, memtraceFile }: RunOptions): Place {
  return memtrace.kind === "default" && memtraceFile !== undefined ? { kind: "off" } : memtrace;
}

/**
 * Makes the guest known to the tracer, and begins the trace in a file if one is wanted: before the
 * port opens, for one trace is made at a time.
 */
export async function openTracing(
  monitor: Monitor,
  { hooked }: Program,
  options: RunOptions,
): Promise<LaunchOptions["tracing"]> {
  if (!hooked) return undefined;
  const tracer = await monitor.memtrace.tracer();
  await tracer.addModule(hooked);
  const guest = new RemoteGuest();
  tracer.addGuest(guest);
  const { description } = hooked;
  if (options.memtraceFile !== undefined) await startFile(monitor, options.memtraceFile, options);
  return { buffer: guest.buffer, description, pump: () => tracer.pump() };
}

/** Says what is wrong with the hooks, if somebody asked for traces. */
export function warnOfHooks({ hooked }: Program, { memtrace, memtraceFile }: RunOptions): void {
  const isWanted = memtrace.kind === "explicit" || memtraceFile !== undefined;
  if (!hooked || !isWanted) return;
  const { description, warnings } = hooked;
  const isEmpty = description.hooked.every(({ role }) => role === "free");
  for (const sentence of [...warnings, ...(isEmpty ? description.notHooked : [])]) {
    say(`warning: memory traces: ${sentence}`);
  }
}

/** A file is as fast as the guest, or the guest waits: no event is lost, and no cap is needed. */
async function startFile(
  monitor: Monitor,
  file: string,
  { samplingRate, maxSamples = 0 }: RunOptions,
): Promise<void> {
  const handle = await open(file, "w").catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "its folder does not exist" : cause.message;
    throw new MonitorError("OPTION_INVALID", `--memtrace-file ${file}: ${reason}`, { cause });
  });
  await monitor.memtrace.start(handle.createWriteStream(), {
    samplingRate,
    maxSamples,
    isLossless: true,
  });
}
