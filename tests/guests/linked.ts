/**
 * Linked images, made by the real `wmon link` and run by a runtime in a process of its own.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { runWmon, temporaryFolder } from "../host/wmon.js";

/** A process to start. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
}

/** What a runtime is told. */
export interface ImageRun {
  readonly image: string;
  /** Seen as `/monitor`. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

export type Runtime = (run: ImageRun) => Launch;

/** The script that runs an image under `node:wasi`. */
export const SCRIPT = fileURLToPath(new URL("./linked-command.js", import.meta.url));

/** What the script is given. */
export function scriptArgs({ image, directory, env, args }: ImageRun): string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [image, directory, ...variables, "--", ...args];
}

/** Node itself. */
export const node: Runtime = (run) => ({
  program: process.execPath,
  args: ["--no-warnings", SCRIPT, ...scriptArgs(run)],
});

/** Links a guest into a folder of the test's; the image. */
export async function link(
  t: TestContext,
  guest: string,
  options: readonly string[] = [],
): Promise<string> {
  const image = join(temporaryFolder(t), "image.wasm");
  const { code, stderr } = await runWmon(t, ["link", ...options, guest, "-o", image]);
  assert.equal(code, 0, stderr);
  return image;
}

/** A process of an image; it is killed when its test ends. */
export class Linked {
  readonly directory: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout = "";
  stderr = "";

  constructor(
    t: TestContext,
    image: string,
    options: {
      readonly runtime?: Runtime;
      readonly directory?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly args?: readonly string[];
    } = {},
  ) {
    const { runtime = node, env = {}, args = [] } = options;
    // Before the folder goes, whose removal would fail while files are made in it.
    t.after(async () => {
      this.child.kill("SIGKILL");
      await this.ended;
    });
    this.directory = options.directory ?? temporaryFolder(t);
    const launch = runtime({ image, directory: this.directory, env, args });
    this.child = spawn(launch.program, launch.args, { stdio: ["pipe", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.child.stdin?.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.child.on("close", resolve);
    });
  }

  /** The text of a file in its directory; empty while it is not there. */
  read(name: string): string {
    const path = join(this.directory, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }
}

/** Sources of the monitor and of whoever runs the guest, which differ from run to run. */
const OWN =
  /^(memory|guest|wasi|wasi_io|(monitor|process|nodejs|resource|disk|mount|tcp|net)[\w-]*)[ ,]/;

/** The guest's own lines of line protocol, each series as it was last, sorted; no timestamps. */
export function guestLines(text: string): string[] {
  const series = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "" || OWN.test(line)) continue;
    series.set(line.replace(/(?<!\\) .*$/, ""), line);
  }
  return [...series.values()].sort();
}

const OWN_FAMILY =
  /^(memory|guest|wasi|monitor|logs_|process|nodejs|resource_usage|prometheus_logs|wasm_)/;

/** An exposition without the families of the monitor and of whoever runs the guest. */
export function guestFamilies(exposition: string): string {
  const lines = exposition.split("\n");
  const nameOf = (line: string) => line.replace(/^# (HELP|TYPE) /, "");
  return lines.filter((line) => !OWN_FAMILY.test(nameOf(line))).join("\n");
}
