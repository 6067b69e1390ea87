/**
 * From the core's bytes to the first exposition, in whatever runtime this is loaded into: what an
 * adapter's start-up costs beside loading its script. `edge.ts` measures it.
 */
import { createEdgeMonitor } from "wasm-monitoring/edge";

const scope = globalThis as unknown as { startEdge: (bytes: Uint8Array) => Promise<number> };

/** Milliseconds that it took. */
scope.startEdge = async (bytes) => {
  const begin = performance.now();
  const module = await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  const monitor = createEdgeMonitor({ module });
  monitor.counter({ name: "jobs_total", help: "Jobs done." }).inc();
  if (monitor.prometheus().length === 0) throw new Error("nothing was exposed");
  return performance.now() - begin;
};
