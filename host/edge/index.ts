/**
 * The library for runtimes that are called: Workers, edge and serverless functions, pages, service
 * workers. No listeners, no timers; `wasm-monitoring/edge`. What a script needs besides, it imports
 * from the entries beside this one.
 */
import { Level as Levels } from "../../assembly/abi.js";
import { EdgeMonitor } from "./monitor.js";
import type { EdgeOptions } from "./options.js";

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
export type { EdgeMonitor } from "./monitor.js";
export type { EdgeOptions } from "./options.js";
export type { Wire, WireHost } from "./wire.js";

/** Importance of a message, and threshold of a log source. */
export type Level = Levels;
/** The same by name: an object that bundlers leave out where nobody asks, as they do not enums. */
export const Level = {
  Quiet: Levels.Quiet,
  App: Levels.App,
  Error: Levels.Error,
  Warning: Levels.Warning,
  Info: Levels.Info,
  Debug: Levels.Debug,
} as const;

/**
 * Makes a monitor, which has the methods of the wires that it is given; sends and opens nothing.
 * Throws `OPTION_INVALID`. On Workers call it in the first request: before it there are no random
 * numbers for the instance's name.
 */
export function createEdgeMonitor<Serving = unknown, Pushing = unknown>(
  options: EdgeOptions<Serving, Pushing>,
): EdgeMonitor & Serving & Pushing {
  return new EdgeMonitor(options) as EdgeMonitor & Serving & Pushing;
}
