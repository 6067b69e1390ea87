/**
 * An edge or serverless function under watch: any runtime that calls a function with a `Request`.
 * On Vercel the module comes from `import module from "…/monitor.wasm?module"`.
 */
import { createEdgeMonitor } from "wasm-monitoring/edge";
import { push } from "wasm-monitoring/edge/push";
import { serve } from "wasm-monitoring/edge/serve";

/** Makes a handler; `module` is the compiled core, `url` where lines go. */
export function createHandler({ module, url }) {
  const wires = { push: push(url), serve: serve() };
  const monitor = createEdgeMonitor({ module, vmName: "function", ...wires });
  const calls = monitor.counter({ name: "calls_total", help: "Calls." });
  return async function handler(request, context) {
    if (monitor.owns(request)) return monitor.fetch(request);
    calls.inc();
    const flushed = monitor.flushIfDue();
    // What has no `waitUntil` may be frozen once it has answered: then the push comes first.
    if (context?.waitUntil === undefined) await flushed;
    else context.waitUntil(flushed);
    return new Response("done\n");
  };
}
