/**
 * A module that allocates, hooked for memory traces.
 */
import type { EdgeMemtrace } from "wasm-monitoring/edge/memtrace";

/** Hooks and instantiates it; calling the result makes it build 20 trees of 4,095 blocks. */
export async function startChurn(
  bytes: Uint8Array | undefined,
  tracing: { instrument: EdgeMemtrace["instrument"] },
): Promise<() => void> {
  const plugin = await tracing.instrument(bytes ?? new Uint8Array(), { name: "churn" });
  const { instance } = await WebAssembly.instantiate(plugin.bytes);
  plugin.attach(instance);
  (instance.exports._initialize as (() => void) | undefined)?.();
  return () => (instance.exports.churn as (trees: number) => void)(20);
}
