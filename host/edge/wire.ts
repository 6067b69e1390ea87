/**
 * What carries a monitor's bytes out of an isolate, as a value: `serve()`, `push()`. A monitor has
 * the methods of the wires that it is given, and a script the code of those that it imports.
 */
import type { Level } from "../../assembly/abi.js";
import type { Part } from "../self.js";
import type { EdgeMonitor } from "./monitor.js";

/** What a wire works for. */
export interface WireHost {
  readonly monitor: EdgeMonitor;
  /** Lines carry no time: none goes out again that a broken connection may have delivered. */
  readonly bestEffort: boolean;
  /** Shows a part's numbers as a source. */
  readonly show: (part: Part) => void;
  /** Writes an audit line, whatever the thresholds are. */
  readonly audit: (level: Level, text: string) => void;
}

/** Joins a monitor as it is made, and gives it methods. */
export type Wire<Methods> = (host: WireHost) => Methods;
