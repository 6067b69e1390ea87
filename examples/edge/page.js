/**
 * A page that watches its own wasm module, and lets its service worker (`service-worker.js`) answer
 * scrapes with it.
 */
import { createEdgeMonitor } from "wasm-monitoring/edge";
import { guestImports } from "wasm-monitoring/edge/guest";
import { answerScrapes } from "wasm-monitoring/edge/page";
import { serve } from "wasm-monitoring/edge/serve";

const module = await WebAssembly.compileStreaming(fetch("/monitor.wasm"));
const monitor = createEdgeMonitor({ module, vmName: "page", serve: serve() });
answerScrapes(monitor);
await navigator.serviceWorker?.register("/service-worker.js", { type: "module" });

let memory;
const { instance } = await WebAssembly.instantiateStreaming(fetch("/plugin.wasm"), {
  ...guestImports(monitor, () => memory),
});
memory = instance.exports.memory;
instance.exports._initialize?.();

const bytes = monitor.gauge({ name: "plugin_memory_bytes", help: "Memory of the module." });
monitor.onCollect(() => bytes.set(memory.buffer.byteLength));
