/**
 * `nodejs_gc_duration_seconds`: pauses for garbage, by kind. Every pause is recorded, also when
 * several are reported at once. The observer never keeps the process alive.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import type { HistogramSeries, Part, Registrar } from "./registrar.js";

/** Upper bounds in seconds, as prom-client has them. */
const DURATION_BOUNDS = [0.001, 0.01, 0.1, 1, 2, 5];

const KINDS: readonly (readonly [code: number, kind: string])[] = [
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
];

/** Registers the histogram with all its kinds, so that the first pause of each is an increase. */
export function registerCollections(registrar: Registrar): Part {
  const family = registrar.histogram({
    name: "nodejs_gc_duration_seconds",
    help: "Garbage collection duration by kind, one of major, minor, incremental or weakcb.",
    labels: ["kind"],
    bounds: DURATION_BOUNDS,
  });
  const byKind = new Map(KINDS.map(([code, kind]) => [code, family.child({ kind })] as const));
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) observePause(entry, byKind);
  });
  return {
    instruments: [family],
    start: () => observer.observe({ entryTypes: ["gc"] }),
    stop: () => observer.disconnect(),
  };
}

/** An entry of type `gc`; Node's type declarations leave `detail` out. */
interface PauseEntry extends PerformanceEntry {
  readonly detail: { readonly kind: number };
}

function observePause(entry: PerformanceEntry, byKind: ReadonlyMap<number, HistogramSeries>): void {
  byKind.get((entry as PauseEntry).detail.kind)?.observe(entry.duration / 1000);
}
