/**
 * A page that watches its own wasm module, and lets its service worker (`service-worker.js`) answer
 * scrapes with it.
 */
import { answerScrapes, createEdgeMonitor } from "wasm-monitoring/edge";

const module = await WebAssembly.compileStreaming(fetch("/monitor.wasm"));
const monitor = createEdgeMonitor({ module, vmName: "page" });
answerScrapes(monitor);
await navigator.serviceWorker?.register("/service-worker.js", { type: "module" });

let memory;
const { instance } = await WebAssembly.instantiateStreaming(fetch("/plugin.wasm"), {
  ...monitor.imports(() => memory),
});
memory = instance.exports.memory;
instance.exports._initialize?.();

const bytes = monitor.gauge({ name: "plugin_memory_bytes", help: "Memory of the module." });
monitor.onCollect(() => bytes.set(memory.buffer.byteLength));
