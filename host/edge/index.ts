/**
 * The library for runtimes that are called: Workers, edge and serverless functions, pages, service
 * workers. No listeners, no timers; `wasm-monitoring/edge`.
 */
import { EdgeMonitor } from "./monitor.js";
import type { EdgeOptions } from "./options.js";

export { Level } from "../../assembly/abi.js";
export {
  BOUNDS,
  exponentialBounds,
  type FieldKind,
  type FieldOptions,
  linearBounds,
  type SourceOptions,
} from "../definition.js";
export { MonitorError, type MonitorErrorCode } from "../errors.js";
export type { Meter } from "../meter.js";
export { Collector, type CollectorOptions } from "./collector.js";
export type { EdgeMonitor } from "./monitor.js";
export type { EdgeOptions } from "./options.js";
export { answerScrapes, askPage, type PageClients } from "./page.js";
export type { Connect, EdgeSocket } from "./socket.js";

/**
 * Makes a monitor; sends and opens nothing. Throws `OPTION_INVALID`, `ADDRESS_INVALID`. On Workers
 * call it in the first request: before it there are no random numbers for the instance's name.
 */
export function createEdgeMonitor(options: EdgeOptions): EdgeMonitor {
  return new EdgeMonitor(options);
}
