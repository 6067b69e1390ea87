/**
 * One process of the disk rows: `disk-pair.js pread|pwrite BYTES` prints the nanoseconds of a call,
 * metered and alone. Each the time that one round in twelve stays below: what the machine does
 * beside, and the disk behind the page cache, only ever add.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
import { packageFile } from "../../host/cli/package.js";
import { encodeValues } from "../../host/definition.js";
import { DiskRegistry } from "../../host/disk/registry.js";
import { createMonitor } from "../../host/index.js";
import { Cells } from "../../host/wasi/cells.js";
import { Descriptors } from "../../host/wasi/descriptors.js";
import { fileCalls } from "../../host/wasi/file-calls.js";
import { MemoryMeter, meterCalls } from "../../host/wasi/metering.js";
import { openNodeBackend } from "../../host/wasi/node-backend.js";
import { type ImportFunctions, PREVIEW1 } from "../../host/wasi/preview1.js";
import { Scratch } from "../../host/wasi/scratch.js";
import { registerRunSources } from "../../host/wasi/sources.js";
import { assemble } from "../host/wmon.js";

const ROUNDS = 400;
const WARM_UP_ROUNDS = 60;
/** Calls a round: about a millisecond. */
const ROUND_BYTES_MAX = 16 << 20;
const CALLS_MAX = 1000;

/** Opens `bench.bin`, and reads or writes its beginning `count` times. */
const GUEST = `(module
  (import "${PREVIEW1}" "path_open" (func $path_open
    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "${PREVIEW1}" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "${PREVIEW1}" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 1024) "bench.bin")
  (func (export "_start"))
  (func (export "open") (result i32)
    (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 9) (i32.const 0)
      (i64.const 0x66) (i64.const 0) (i32.const 0) (i32.const 16)))
  ${["pread", "pwrite"].map(loop).join("\n")})`;

function loop(name: string): string {
  return `(func (export "${name}") (param $count i32) (param $bytes i32)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (local.get $bytes))
    (loop $more
      (if (call $${name} (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i64.const 0)
        (i32.const 8)) (then (unreachable)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $more (local.get $count))))`;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  open(): number;
  pread(count: number, byteCount: number): void;
  pwrite(count: number, byteCount: number): void;
}

const module = await WebAssembly.compile(assemble(GUEST) as Uint8Array<ArrayBuffer>);
const folder = mkdtempSync(join(tmpdir(), "wmon-bench-"));
const directories = { "/data": folder };
const [call = "pread", byteCount = 4096] = [
  process.argv[2] as "pread" | "pwrite",
  Number(process.argv[3]),
];

try {
  writeFileSync(join(folder, "bench.bin"), Buffer.alloc(1 << 20, 1));
  const sides = [await openMetered(), openAlone()] as const;
  const count = Math.min(CALLS_MAX, ROUND_BYTES_MAX / byteCount);
  const times: [number[], number[]] = [[], []];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const begin = process.hrtime.bigint();
      sides[side][call](count, byteCount);
      if (round >= 0) times[side].push(Number(process.hrtime.bigint() - begin) / count);
    }
  }
  console.log(times.map(quickRound).join(" "));
} finally {
  rmSync(folder, { recursive: true });
}

/** The guest as `wmon run` runs it, in this thread. */
async function openMetered(): Promise<Exports> {
  const { core } = await createMonitor({
    module: await WebAssembly.compile(readFileSync(packageFile("build/monitor.shared.wasm"))),
    memory: new WebAssembly.Memory({ initial: 16, maximum: 1024, shared: true }),
  });
  const sources = registerRunSources(core, ["path_open", "fd_pread", "fd_pwrite"]);
  const cells = new Cells(core.memory);
  const meter = new MemoryMeter(cells, sources.memory);
  const disks = new DiskRegistry({
    plan: sources.disk,
    memory: core.memory,
    register: (source, values) => core.registerSeries(source, encodeValues(values), "disk"),
  });
  const memory = () => meter.memory;
  const setup = { module, args: [], env: {}, directories, memory, note: console.error };
  const backend = openNodeBackend(setup);
  const { functions } = backend;
  const descriptors = new Descriptors(disks, Object.keys(directories));
  const scratch = new Scratch(functions, memory);
  const calls = fileCalls({ descriptors, disks, scratch, memory });
  const files = { descriptors, calls };
  const { transfers, calls: callCells } = sources;
  const meters = { cells, memory: meter, transfers, calls: callCells, files };
  return open(meterCalls(functions, meters), (instance) => {
    meter.attach(instance.exports.memory as WebAssembly.Memory);
    backend.start(instance);
  });
}

function openAlone(): Exports {
  const wasi = new WASI({ version: "preview1", preopens: directories });
  const closures = Object.entries(wasi.wasiImport as ImportFunctions).map(([name, native]) => [
    name,
    (...values: unknown[]) => native(...values),
  ]);
  return open(Object.fromEntries(closures), (instance) => wasi.start(instance));
}

function open(imports: ImportFunctions, start: (instance: WebAssembly.Instance) => void): Exports {
  const instance = new WebAssembly.Instance(module, { [PREVIEW1]: imports });
  start(instance);
  const exports = instance.exports as unknown as Exports;
  if (exports.open() !== 0) throw new Error("the guest cannot open its file");
  return exports;
}

/** One round in twelve took no longer. */
function quickRound(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 12)] ?? Number.NaN;
}
