/**
 * The runtimes: how each is started, what of it is here, and all of it in one call.
 */
import { readFileSync } from "node:fs";
import { ROOT } from "../guests/guest.js";
import { findProgram } from "../peers/program.js";
import { expose } from "./exposition.js";
import { installPackages } from "./installation.js";
import { findRuntime, runProgram } from "./program.js";
import { openReceiver } from "./receiver.js";
import { browserFiles, hasPackage, runBrowser, runEdgeRuntime, runWorkerd } from "./sandboxes.js";
import { hash } from "./suite.js";
import { extractWasi } from "./wasi-module.js";
import type { Report, WorldFacts } from "./world.js";

export interface Runtime {
  /** The row that it belongs to. */
  readonly row: string;
  /** As the table calls it. */
  readonly title: string;
  readonly isHere: () => boolean;
  readonly run: (facts: WorldFacts) => Promise<Report>;
}

/** Every runtime, in the order of the table. */
export const RUNTIMES: readonly Runtime[] = [
  program("node", "Node", "node-20"),
  program("node", "Node", "node-24"),
  program("deno", "Deno", "deno"),
  program("bun", "Bun", "bun"),
  { row: "workerd", title: "workerd", isHere: () => hasPackage("miniflare"), run: runWorkerd },
  {
    row: "edge-runtime",
    title: "edge-runtime",
    isHere: () => hasPackage("@edge-runtime/vm"),
    run: runEdgeRuntime,
  },
  {
    row: "browser",
    title: "Chromium",
    isHere: () => findProgram("chromium") !== undefined,
    run: runBrowser,
  },
];

function program(row: string, title: string, name: string): Runtime {
  return {
    row,
    title,
    isHere: () => findRuntime(name) !== undefined,
    run: (facts) => runProgram(name, facts),
  };
}

/** Installs what the runtimes come in; why that failed. Needed before anything is run. */
export function prepare(): string | undefined {
  extractWasi();
  return installPackages();
}

/** Runs the behaviours in one runtime. Rejects when it gives no report. */
export async function runIn(runtime: Runtime): Promise<Report> {
  const receiver = await openReceiver(runtime.row === "browser" ? await browserFiles() : {});
  const core = readFileSync(`${ROOT}build/monitor.wasm`);
  try {
    return await runtime.run({
      origin: receiver.origin,
      tcpPort: receiver.tcpPort,
      coreHash: await hash(core),
      exposition: expose(new WebAssembly.Module(core)),
    });
  } finally {
    await receiver.close();
  }
}
