/**
 * What a fixture gives to the behaviours: the runtime's view of the same few things.
 */

import type { Connect } from "wasm-monitoring/edge/tcp";
import type { createMonitor } from "../../host/index.js";

/** What a runtime may lack; a behaviour names what it needs. */
export const CAPABILITIES = [
  "edge",
  "plug-ins",
  "tcp push",
  "sandbox",
  "traces",
  "service worker",
  "listeners",
  "trace port",
  "wmon",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** The modules that behaviours run, by name. */
export type ModuleName = "monitor" | "memtrace" | "increments" | "actor" | "wasi";

export interface World {
  /** Of the harness: `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Where the harness takes line protocol over TCP. */
  readonly tcpPort: number;
  /** SHA-256 of the core, in hexadecimal. */
  readonly coreHash: string;
  /** What `expose` makes under the harness's own Node. */
  readonly exposition: string;
  readonly modules: Readonly<Record<ModuleName, WebAssembly.Module>>;
  /** The core's bytes as this runtime was given them. */
  readonly coreBytes: Uint8Array;
  /** The bytes of a module that allocates, for memory traces. */
  readonly churnBytes?: Uint8Array<ArrayBuffer>;
  /** Makes connections, where the edge monitor can have them. */
  readonly connect?: Connect;
  /** The library for programs, as the package has it. */
  readonly createMonitor?: typeof createMonitor;
  /**
   * Sends a text to a port of this machine, half-closes a moment later, and gives all that comes
   * back.
   */
  readonly dial?: (port: number, text: string) => Promise<string>;
  /** Runs `wmon` in this runtime to its end. */
  readonly wmon?: (...args: readonly string[]) => Promise<{ code: number; stdout: string }>;
}

/** The parts of a world that cross a process's border as JSON. */
export type WorldFacts = Pick<World, "origin" | "tcpPort" | "coreHash" | "exposition">;

/** One rule, and what a runtime needs for it. */
export interface Behaviour {
  readonly rule: string;
  readonly needs: Capability;
  run(world: World): Promise<void>;
}

/** What became of a rule in a runtime. */
export interface Outcome {
  readonly rule: string;
  readonly needs: Capability;
  /** Absent when it holds. */
  readonly failure?: string;
}

/** What a fixture reports, as JSON. */
export interface Report {
  /** The runtime's version, as it says itself. */
  readonly version: string;
  readonly coreHash: string;
  readonly outcomes: readonly Outcome[];
}

/** Throws unless both are the same text or number. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected)) return;
  throw new Error(`${what}: ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

/** Throws unless the text has the pattern. */
export function match(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text)) throw new Error(`${what}: no ${pattern} in ${JSON.stringify(text)}`);
}
