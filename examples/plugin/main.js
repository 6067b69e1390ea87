/**
 * A Node program with a wasm plug-in; both report through one monitor.
 * Run: node examples/plugin/main.js; prints what a scrape would return.
 */
import { readFile } from "node:fs/promises";
import { createMonitor } from "wasm-monitoring";

const monitor = await createMonitor({ vmName: "plugin", defaultSources: false });
const bytes = await readFile(new URL("../../build/examples/plugin.wasm", import.meta.url));
let memory;
const { instance } = await WebAssembly.instantiate(
  bytes,
  monitor.imports(() => memory),
);
memory = instance.exports.memory;
instance.exports._initialize(); // after `memory` is known: this is where the plug-in registers

for (let start = 1n; start <= 1000n; start++) instance.exports.collatz(start);
process.stdout.write(monitor.prometheus());
await monitor.close();
