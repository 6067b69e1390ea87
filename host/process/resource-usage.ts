/**
 * `resource_usage`: getrusage(2) of this process, with the fields that MirageOS's metrics-rusage
 * writes, in its units: seconds, and KiB for `maxrss`.
 */
import type { FieldDefinition, Part, Registrar } from "./registrar.js";
import { RunningTotal } from "./running-total.js";

type Usage = NodeJS.ResourceUsage;
type Row = readonly [
  key: string,
  type: FieldDefinition["type"],
  unit: string,
  help: string,
  read: (usage: Usage) => number,
];

const ROWS: readonly Row[] = [
  ["utime", "float-counter", "seconds", "User CPU time.", (u) => u.userCPUTime / 1e6],
  ["stime", "float-counter", "seconds", "System CPU time.", (u) => u.systemCPUTime / 1e6],
  ["maxrss", "gauge", "kibibytes", "Largest resident set so far.", (u) => u.maxRSS],
  ["ixrss", "counter", "", "Integral of shared memory.", (u) => u.sharedMemorySize],
  ["idrss", "counter", "", "Integral of unshared data.", (u) => u.unsharedDataSize],
  ["isrss", "counter", "", "Integral of unshared stack.", (u) => u.unsharedStackSize],
  ["minflt", "counter", "", "Page faults without input.", (u) => u.minorPageFault],
  ["majflt", "counter", "", "Page faults with input.", (u) => u.majorPageFault],
  // The original writes majflt under this name, so its dashboards ask for it.
  ["maxflt", "counter", "", "The same as majflt.", (u) => u.majorPageFault],
  ["nswap", "counter", "", "Times swapped out.", (u) => u.swappedOut],
  ["inblock", "counter", "", "Inputs by file systems.", (u) => u.fsRead],
  ["outblock", "counter", "", "Outputs by file systems.", (u) => u.fsWrite],
  ["msgsnd", "counter", "", "Messages sent.", (u) => u.ipcSent],
  ["msgrcv", "counter", "", "Messages received.", (u) => u.ipcReceived],
  ["nsignals", "counter", "", "Signals received.", (u) => u.signalsCount],
  ["nvcsw", "counter", "", "Voluntary context switches.", (u) => u.voluntaryContextSwitches],
  ["nivcsw", "counter", "", "Involuntary context switches.", (u) => u.involuntaryContextSwitches],
];

/** Registers the source `resource_usage`; what a system does not count stays 0. */
export function registerResourceUsage(registrar: Registrar): Part {
  const source = registrar.source({
    name: "resource_usage",
    help: "System rusage counters",
    fields: ROWS.map(([key, type, unit, help]) => ({ key, type, help, ...(unit && { unit }) })),
  });
  const shown = ROWS.map(([key, type, , , read]) => {
    if (type === "gauge") {
      const gauge = source.gauge(key);
      return { read, show: (value: number) => gauge.set(value) };
    }
    const total = new RunningTotal(source.counter(key));
    return { read, show: (value: number) => total.raiseTo(value) };
  });
  return {
    instruments: [source],
    refresh() {
      const usage = process.resourceUsage();
      for (const { read, show } of shown) show(read(usage));
    },
  };
}
