/**
 * `nodejs_heap_*`, `nodejs_external_memory_bytes`: the heap of V8 in the thread that asks.
 */
import { getHeapSpaceStatistics, getHeapStatistics, type HeapSpaceInfo } from "node:v8";
import type { Gauge, GaugeSeries, Part, Registrar } from "./registrar.js";

/** Registers the size of the heap, and of what lives outside but belongs to it. */
export function registerHeap(registrar: Registrar): Part {
  const total = registrar.gauge({
    name: "nodejs_heap_size_total_bytes",
    help: "Process heap size from Node.js in bytes.",
  });
  const used = registrar.gauge({
    name: "nodejs_heap_size_used_bytes",
    help: "Process heap size used from Node.js in bytes.",
  });
  const external = registrar.gauge({
    name: "nodejs_external_memory_bytes",
    help: "Node.js external memory size in bytes.",
  });
  return {
    instruments: [total, used, external],
    refresh() {
      // The numbers of process.memoryUsage(), which would also read /proc for one we do not need.
      const heap = getHeapStatistics();
      total.set(heap.total_heap_size);
      used.set(heap.used_heap_size);
      external.set(heap.external_memory);
    },
  };
}

interface SpaceGauges<G extends GaugeSeries> {
  readonly total: G;
  readonly used: G;
  readonly available: G;
}

/** Registers the spaces of the heap, by name without its ending `_space`. */
export function registerHeapSpaces(registrar: Registrar): Part {
  const family = (what: string) =>
    registrar.gauge({
      name: `nodejs_heap_space_size_${what}_bytes`,
      help: `Process heap space size ${what} from Node.js in bytes.`,
      labels: ["space"],
    });
  const families = { total: family("total"), used: family("used"), available: family("available") };
  const spaces = new Map<string, SpaceGauges<GaugeSeries>>();
  return {
    instruments: Object.values(families),
    refresh() {
      for (const space of getHeapSpaceStatistics()) {
        let gauges = spaces.get(space.space_name);
        if (gauges === undefined) {
          gauges = childrenOf(families, space.space_name.replace(/_space$/, ""));
          spaces.set(space.space_name, gauges);
        }
        showSpace(space, gauges);
      }
    },
  };
}

function childrenOf(families: SpaceGauges<Gauge>, space: string): SpaceGauges<GaugeSeries> {
  return {
    total: families.total.child({ space }),
    used: families.used.child({ space }),
    available: families.available.child({ space }),
  };
}

function showSpace(space: HeapSpaceInfo, gauges: SpaceGauges<GaugeSeries>): void {
  gauges.total.set(space.space_size);
  gauges.used.set(space.space_used_size);
  gauges.available.set(space.space_available_size);
}
