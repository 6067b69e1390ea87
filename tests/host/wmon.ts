/**
 * The real `wmon`, as a child process, for tests: started, watched, and killed when its test ends.
 * Guests are assembled from text by binaryen, so that no compiler is needed.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";
import { until } from "./until.js";

const MAIN = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

/** No listener: for runs that need none. */
export const QUIET = ["--control", "off", "--prometheus", "off", "--memtrace", "off"];
/** Control and metrics, on free ports. */
export const LISTENING = [
  ...["--control", "tcp:127.0.0.1:0"],
  ...["--prometheus", "tcp:127.0.0.1:0"],
  ...["--memtrace", "off"],
];

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A `wmon` that runs. */
export class Wmon {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ending>;
  stdout = "";
  stderr = "";

  constructor(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const { WMON_CONTROL_TOKEN: _token, ...inherited } = process.env;
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { ...inherited, ...env } });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.child.stdin.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.child.on("close", (code, signal) => resolve({ code, signal }));
    });
    t.after(async () => {
      this.child.kill("SIGKILL");
      await this.ended;
    });
  }

  /** Where the control port is, once it is printed. */
  control(): Promise<string> {
    return this.printed(/^wmon: control (\S+)$/m);
  }

  /** The URL of `/metrics`, once it is printed. */
  metrics(): Promise<string> {
    return this.printed(/^wmon: prometheus (\S+)$/m);
  }

  /** The number of the memory trace port, once it is printed. */
  async memtrace(): Promise<number> {
    return Number(await this.printed(/^wmon: memtrace tcp:127\.0\.0\.1:(\d+)$/m));
  }

  /** The first group of `pattern` on standard error, as soon as it is there. */
  async printed(pattern: RegExp): Promise<string> {
    await until(`stderr has ${pattern}; it has:\n${this.stderr}`, () => pattern.test(this.stderr));
    return pattern.exec(this.stderr)?.[1] ?? "";
  }
}

/** Runs `wmon` to its end, with `input` on its standard input. */
export async function runWmon(
  t: TestContext,
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Wmon & Ending> {
  const wmon = new Wmon(t, args, env);
  wmon.child.stdin.end(input);
  return Object.assign(wmon, await wmon.ended);
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "wmon-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Assembles a guest into a file; its path. */
export function guestFile(t: TestContext, text: string): string {
  const file = join(temporaryFolder(t), "guest.wasm");
  writeFileSync(file, assemble(text));
  return file;
}

/** Assembles WebAssembly text, names kept. */
export function assemble(text: string): Uint8Array {
  const { Features } = binaryen;
  binaryen.setDebugInfo(true);
  const module = binaryen.parseText(text);
  module.setFeatures(Features.BulkMemory | Features.SignExt | Features.MutableGlobals);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}
