/**
 * The `…-churn` guests, untouched and hooked side by side, and a trace of the hooked one that goes
 * nowhere after it was encoded and counted.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createMonitor, type TraceStats } from "../../host/index.js";
import { guestPath } from "../guests/guest.js";

/** How backtraces are found. */
export type Stacks = "engine" | "shadow";

/** A guest's loops; each does `count` rounds. */
export interface Loops {
  churn(count: number): number;
  tight(count: number): number;
  deep(count: number): number;
}

/**
 * The same guest twice, and a trace of the hooked one. Each `edition` is compiled anew: where its
 * code comes to lie in memory makes more of a difference than the hooks do.
 */
export async function openPair(guest: string, stacks: Stacks, edition = 0) {
  const bytes = withEdition(readGuest(guest), edition);
  const monitor = await createMonitor({ defaultSources: false, logLevels: "*:quiet" });
  const { bytes: hookedBytes, description, attach } = await monitor.instrument(bytes, { stacks });
  assert.ok(
    description.hooked.some(({ role }) => role === "allocate"),
    "nothing is hooked",
  );
  const instance = instantiate(hookedBytes);
  const detach = attach(instance);
  const sink = new CountingSink();
  let stop: (() => Promise<TraceStats>) | undefined;
  return {
    untouched: loopsOf(instantiate(bytes)),
    hooked: loopsOf(instance),
    traceAt: async (samplingRate: number) => {
      const trace = await monitor.memtrace.start(sink, { samplingRate, maxSamples: 0, seed: 1n });
      stop = () => trace.stop();
    },
    /** Proves that what was to be traced was traced. */
    close: async (isTraced: boolean) => {
      const stats = await stop?.();
      assert.equal((stats?.allocations ?? 0) > 100, isTraced);
      assert.equal(stats?.droppedEvents ?? 0, 0);
      assert.equal(sink.byteCount, stats?.bytes ?? 0);
      detach();
      await monitor.close();
    },
  };
}

/** Takes a trace as fast as it comes: nothing waits, so nothing is dropped. */
class CountingSink {
  byteCount = 0;

  write(bytes: Uint8Array, done: () => void): boolean {
    this.byteCount += bytes.length;
    done();
    return true;
  }

  end(done: () => void): void {
    done();
  }

  destroy(): void {}

  on(): void {}
}

/** Appends a custom section that holds nothing but its name: the engine keeps code by the bytes. */
function withEdition(bytes: Uint8Array, edition: number): Uint8Array {
  const name = new TextEncoder().encode(`edition ${edition}`);
  const section = [0, name.length + 1, name.length, ...name];
  const edited = new Uint8Array(bytes.length + section.length);
  edited.set(bytes);
  edited.set(section, bytes.length);
  return edited;
}

/** A guest of `build/guests`; throws if it is not there. */
export function readGuest(name: string): Uint8Array {
  const path = guestPath(name);
  if (!existsSync(path)) throw new Error(`${path} is not built: npm run build:guests`);
  return readFileSync(path);
}

/** The loops call out of no module: what they import stands there for a panic. */
function instantiate(bytes: Uint8Array): WebAssembly.Instance {
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  const imports: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: () => 0 };
  }
  const instance = new WebAssembly.Instance(module, imports);
  const { _initialize: initialize } = instance.exports;
  if (typeof initialize === "function") initialize();
  return instance;
}

function loopsOf({ exports }: WebAssembly.Instance): Loops {
  return exports as unknown as Loops;
}
