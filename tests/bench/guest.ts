/**
 * What a wasm guest pays for one call, and what asking a disabled source costs on both sides.
 * These have no peer: the promise is in nanoseconds.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMonitor } from "../../host/index.js";
import { alone } from "./measure.js";
import type { Result, Row } from "./row.js";

const COMPILER = "node_modules/assemblyscript/bin/asc.js";
const GUEST_SOURCE = "tests/bench/assembly/loop.ts";

interface Guest {
  readonly memory: WebAssembly.Memory;
  increment(count: number): void;
  countActive(count: number): number;
}

/** Compiles the guest: optimized, as its users would. */
async function compileGuest(): Promise<WebAssembly.Module> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const outFile = join(folder, "guest.wasm");
    const options = [
      "-O3",
      "--runtime",
      "stub",
      "--exportStart",
      "begin",
      "--use",
      "abort=",
      "--outFile",
      outFile,
    ];
    execFileSync(process.execPath, [COMPILER, GUEST_SOURCE, ...options]);
    return await WebAssembly.compile(readFileSync(outFile));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A monitor with the guest in it, whose second source is disabled. */
async function openGuest() {
  const monitor = await createMonitor({ defaultSources: false });
  let guest: Guest | undefined;
  const imports = monitor.imports(() => {
    assert.ok(guest, "the guest is not instantiated yet");
    return guest.memory;
  });
  const instance = await WebAssembly.instantiate(await compileGuest(), imports);
  guest = instance.exports as unknown as Guest;
  (instance.exports.begin as () => void)();
  assert.equal(monitor.command("Mguest_idle_total:disable"), "ok");
  return { monitor, guest };
}

async function increment(): Promise<Result> {
  const { monitor, guest } = await openGuest();
  let total = 0;
  const ours = await alone((count) => {
    guest.increment(count);
    total += count;
  });
  const exposition = new TextDecoder().decode(monitor.prometheus());
  assert.match(exposition, new RegExp(`^guest_jobs_total\\{kind="short"\\} ${total}$`, "m"));
  await monitor.close();
  return { ours };
}

async function askFromWasm(): Promise<Result> {
  const { monitor, guest } = await openGuest();
  let activeCount = 0;
  const ours = await alone((count) => {
    activeCount += guest.countActive(count);
  });
  assert.equal(activeCount, 0);
  await monitor.close();
  return { ours };
}

async function askFromJs(): Promise<Result> {
  const monitor = await createMonitor({ defaultSources: false });
  const sources = ["a", "b", "c", "d"].map((name) =>
    monitor.source({ name, fields: [{ key: "value", type: "gauge" }] }),
  );
  monitor.command("M*:disable");
  let activeCount = 0;
  const ours = await alone((count) => {
    for (let i = 0; i < count; i++) if (sources[i & 3]?.active) activeCount++;
  });
  assert.equal(activeCount, 0);
  await monitor.close();
  return { ours };
}

export const GUEST_ROWS: readonly Row[] = [
  { name: "guest_counter_inc", oursMax: 8, run: increment },
  { name: "disabled_source_check_js", oursMax: 4, run: askFromJs },
  { name: "disabled_source_check_wasm", oursMax: 8, run: askFromWasm },
];
