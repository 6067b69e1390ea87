/**
 * `process_*`: what the operating system accounts to this process, with the names that Prometheus's
 * client libraries share.
 */
import {
  countOpenFiles,
  hasProcfs,
  type ProcessMemory,
  readOpenFilesMax,
  readProcessMemory,
} from "./procfs.js";
import type { Gauge, Part, Registrar } from "./registrar.js";
import { RunningTotal } from "./running-total.js";

const MICROSECONDS_PER_SECOND = 1e6;

/** Registers CPU time, user, system and both. */
export function registerCpu(registrar: Registrar): Part {
  const total = (name: string, help: string) => new RunningTotal(registrar.counter({ name, help }));
  const user = total("process_cpu_user_seconds_total", "Total user CPU time spent in seconds.");
  const system = total(
    "process_cpu_system_seconds_total",
    "Total system CPU time spent in seconds.",
  );
  const both = total(
    "process_cpu_seconds_total",
    "Total user and system CPU time spent in seconds.",
  );
  return {
    instruments: [user.counter, system.counter, both.counter],
    refresh() {
      const usage = process.cpuUsage();
      user.raiseTo(usage.user / MICROSECONDS_PER_SECOND);
      system.raiseTo(usage.system / MICROSECONDS_PER_SECOND);
      both.raiseTo((usage.user + usage.system) / MICROSECONDS_PER_SECOND);
    },
  };
}

/** Registers when the process began, in seconds since the Unix epoch, to the millisecond. */
export function registerStartTime(registrar: Registrar): Part {
  const began = registrar.gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since unix epoch in seconds.",
  });
  const beganSeconds = Math.round(Date.now() - process.uptime() * 1000) / 1000;
  return { instruments: [began], refresh: () => began.set(beganSeconds) };
}

/** Registers the sizes of the process: on Linux resident, virtual and data, elsewhere resident. */
export function registerMemory(registrar: Registrar): Part {
  const resident = registrar.gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
  });
  if (!hasProcfs()) {
    return { instruments: [resident], refresh: () => resident.set(process.memoryUsage.rss()) };
  }
  const virtual = registrar.gauge({
    name: "process_virtual_memory_bytes",
    help: "Virtual memory size in bytes.",
  });
  const heap = registrar.gauge({
    name: "process_heap_bytes",
    help: "Process heap size in bytes.",
  });
  return {
    instruments: [resident, virtual, heap],
    refresh: () => showMemory(readProcessMemory(), { resident, virtual, heap }),
  };
}

function showMemory(
  memory: ProcessMemory,
  gauges: { readonly resident: Gauge; readonly virtual: Gauge; readonly heap: Gauge },
): void {
  gauges.resident.set(memory.residentBytes);
  gauges.virtual.set(memory.virtualBytes);
  gauges.heap.set(memory.dataBytes);
}

/** Registers open file descriptors and, read once, their limit. Linux only. */
export function registerFiles(registrar: Registrar): Part | undefined {
  if (!hasProcfs()) return undefined;
  const open = registrar.gauge({
    name: "process_open_fds",
    help: "Number of open file descriptors.",
  });
  const limit = readOpenFilesMax();
  if (limit === undefined) {
    return { instruments: [open], refresh: () => open.set(countOpenFiles()) };
  }
  const max = registrar.gauge({
    name: "process_max_fds",
    help: "Maximum number of open file descriptors.",
  });
  return {
    instruments: [open, max],
    refresh() {
      open.set(countOpenFiles());
      max.set(limit);
    },
  };
}
