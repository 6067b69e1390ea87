/**
 * The sources that every run has, whatever the guest knows of us (PROTOCOLS §6): `memory`, `guest`,
 * `wasi` by call, `wasi_io`. Registered before the guest starts; the guest's thread then writes the
 * cells.
 */
import type { Core } from "../core.js";
import { encodeSource, encodeValues, type SourceOptions } from "../definition.js";
import { registerDiskSources } from "../disk/sources.js";
import type { CallCells } from "./metering.js";
import type { RunCells } from "./order.js";

const MEMORY: SourceOptions = {
  name: "memory",
  help: "Linear memory of the guest.",
  fields: [
    { key: "memory linear bytes", type: "gauge", help: "Bytes of linear memory now." },
    { key: "memory growths", type: "counter", help: "Growths seen at WASI calls." },
    { key: "memory high water bytes", type: "gauge", help: "Most bytes of linear memory so far." },
    { key: "memory limit bytes", type: "gauge", help: "Bytes to which linear memory may grow." },
  ],
};

const GUEST: SourceOptions = {
  name: "guest",
  help: "The program that runs under watch.",
  fields: [
    { key: "compile", type: "duration", help: "Time to compile the guest." },
    { key: "instantiate", type: "duration", help: "Time to instantiate the guest." },
    { key: "uptime", type: "duration", help: "Time since the guest was started." },
    { key: "running", type: "bool", help: "Whether the guest runs." },
    { key: "traps", type: "counter", help: "Traps that ended the guest." },
    { key: "refused calls", type: "counter", help: "Calls of the guest that wmon refused." },
    {
      key: "dropped logs",
      type: "counter",
      help: "Log messages that came too fast to be written.",
    },
    { key: "cut logs", type: "counter", help: "Log messages that were too long, and cut." },
    {
      key: "folded files",
      type: "counter",
      help: "Opens of files past the limit of ids, counted under id _overflow.",
    },
  ],
};

const CALL_TIME = "Time spent in calls; estimated for many short reads and writes of files.";

const WASI: SourceOptions = {
  name: "wasi",
  help: "WASI calls of the guest, by name.",
  tags: ["call"],
  fields: [
    { key: "calls", type: "counter", help: "Calls." },
    { key: "errors", type: "counter", help: "Calls that returned an error number." },
    { key: "duration", type: "float-counter", help: CALL_TIME, unit: "seconds" },
  ],
};

const TRANSFERS: SourceOptions = {
  name: "wasi_io",
  help: "Bytes that the guest moved through WASI.",
  fields: [
    {
      key: "read",
      type: "counter",
      help: "Bytes read from files, pipes and sockets.",
      unit: "bytes",
    },
    { key: "written", type: "counter", help: "Bytes written to them.", unit: "bytes" },
  ],
};

/** Registers the sources, with a series for each WASI function that the guest imports. */
export function registerRunSources(core: Core, calls: readonly string[]): RunCells {
  const memory = register(core, MEMORY)();
  const guest = register(core, GUEST)();
  const wasi = register(core, WASI);
  const transfers = register(core, TRANSFERS)();
  return {
    memory: { linear: memory(0), growths: memory(1), highWater: memory(2), limit: memory(3) },
    guest: {
      compile: guest(0),
      instantiate: guest(1),
      uptime: guest(2),
      running: guest(3),
      traps: guest(4),
      refused: guest(5),
      logsDropped: guest(6),
      logsCut: guest(7),
      filesFolded: guest(8),
    },
    transfers: { read: transfers(0), written: transfers(1) },
    calls: Object.fromEntries(calls.map((call) => [call, callCells(wasi(call))])),
    disk: registerDiskSources(core),
  };
}

/**
 * Registers a source; then makes a series of tag values; then finds the cell of a field by its
 * index.
 */
export function register(core: Core, definition: SourceOptions) {
  const source = core.registerSource(encodeSource(definition), definition.name);
  return (...tagValues: string[]) => {
    const series = core.registerSeries(source, encodeValues(tagValues), definition.name);
    return (fieldIndex: number) => series + core.fieldOffset(source, fieldIndex);
  };
}

function callCells(cell: (fieldIndex: number) => number): CallCells {
  return { calls: cell(0), errors: cell(1), duration: cell(2) };
}
