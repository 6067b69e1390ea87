/**
 * What wasm modules of this thread import to be monitored; `wasm-monitoring/edge/guest`.
 */
import { guestImports as importsOf } from "../wasi/guest-imports.js";
import { Registrar } from "../wasi/registrar.js";
import type { EdgeMonitor } from "./monitor.js";

/** A plug-in that is instantiated again finds what it has registered. */
const registrars = new WeakMap<EdgeMonitor, Registrar>();

/** A guest's imports. `memory` gives its memory once it has one. */
export function guestImports(
  monitor: EdgeMonitor,
  memory: () => WebAssembly.Memory | undefined,
): { monitor: WebAssembly.ModuleImports } {
  return { monitor: importsOf(registrarOf(monitor), memory) };
}

function registrarOf(monitor: EdgeMonitor): Registrar {
  const known = registrars.get(monitor);
  if (known !== undefined) return known;
  const registrar = new Registrar({
    core: monitor.core,
    log: (source, level, text) => monitor.log(source).log(level, text),
    refuse: () => {
      monitor.core.refusals++;
    },
  });
  registrars.set(monitor, registrar);
  return registrar;
}
