/**
 * Counter sources of an edge monitor; `wasm-monitoring/edge/counter-source`.
 */
import { CounterSource, type CounterSourceOptions } from "../instruments/counter-source.js";
import type { EdgeMonitor } from "./monitor.js";

/** Registers a source whose fields are one counter a key, and `total`. */
export function counterSource<E>(
  monitor: EdgeMonitor,
  options: CounterSourceOptions<E>,
): CounterSource<E> {
  return new CounterSource(monitor, options);
}
