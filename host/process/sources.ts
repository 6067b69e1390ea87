/**
 * The default sources of the Node process: `process_*`, `nodejs_*`, `resource_usage`.
 *
 * Values are read just before a gather, so that a monitor nobody asks costs nothing. The
 * exceptions are observed while their families are enabled: delays of the event loop, from the
 * first gather on, and pauses for garbage.
 */
import { registerActivity } from "./activity.js";
import { registerCollections } from "./collections.js";
import { registerDelays, registerLag } from "./event-loop.js";
import { registerHeap, registerHeapSpaces } from "./heap.js";
import type { Counter, Part, Registrar } from "./registrar.js";
import { registerResourceUsage } from "./resource-usage.js";
import { registerCpu, registerFiles, registerMemory, registerStartTime } from "./system.js";
import { registerVersion } from "./version.js";

/**
 * Registers every source of the process and keeps them up to date; returns what ends that.
 *
 * What the system does not offer is left out. Nothing here keeps the process alive. What the system
 * refuses later keeps its last value and is counted in `process_read_failures_total`.
 */
export function registerProcessSources(registrar: Registrar): () => void {
  const parts = registerParts(registrar);
  const failures = registrar.counter({
    name: "process_read_failures_total",
    help: "Reads of the statistics of the process that the system refused.",
  });
  const observing = new Set<Part>();
  let stopped = false;
  const refresh = () => {
    if (stopped) return;
    for (const part of parts) refreshPart(part, observing, failures);
  };
  for (const part of parts) observeWhileEnabled(part, observing);
  registrar.onCollect(refresh);
  return () => {
    stopped = true;
    for (const part of observing) part.stop?.();
    observing.clear();
  };
}

function registerParts(registrar: Registrar): readonly Part[] {
  const parts = [
    registerCpu(registrar),
    registerStartTime(registrar),
    registerMemory(registrar),
    registerFiles(registrar),
    registerLag(registrar),
    registerDelays(registrar),
    ...registerActivity(registrar),
    registerHeap(registrar),
    registerHeapSpaces(registrar),
    registerVersion(registrar),
    registerCollections(registrar),
    registerResourceUsage(registrar),
  ];
  return parts.filter((part) => part !== undefined);
}

function refreshPart(part: Part, observing: Set<Part>, failures: Counter): void {
  if (!observeWhileEnabled(part, observing)) return;
  try {
    part.refresh?.();
  } catch {
    failures.inc(1);
  }
}

/** Starts or stops what the part observes, as its instruments ask; says whether any is enabled. */
function observeWhileEnabled(part: Part, observing: Set<Part>): boolean {
  const enabled = part.instruments.some(({ active }) => active !== false);
  if (enabled && !observing.has(part)) {
    part.start?.();
    observing.add(part);
  } else if (!enabled && observing.delete(part)) {
    part.stop?.();
  }
  return enabled;
}
