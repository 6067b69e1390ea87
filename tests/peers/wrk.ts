/**
 * wrk, an HTTP load generator, for a few seconds on this machine.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needProgram } from "./program.js";

export interface WrkOptions {
  readonly url: string;
  readonly connectionCount: number;
  readonly seconds: number;
  /** Header lines added to each request. @default none */
  readonly headers?: readonly string[];
}

/** What wrk counted. */
export interface WrkSummary {
  readonly requests: number;
  /** Bytes of answers, their heads included, and of those that had not come whole. */
  readonly bytes: number;
  /** Time from first to last, in microseconds. */
  readonly duration: number;
  readonly connectErrors: number;
  readonly readErrors: number;
  readonly writeErrors: number;
  readonly timeouts: number;
  /** Answers above 399. */
  readonly statusErrors: number;
}

/** wrk's own report is rounded; this is not. */
const REPORT = `
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"bytes":%d,"duration":%d,"connectErrors":%d,"readErrors":%d,'
      .. '"writeErrors":%d,"timeouts":%d,"statusErrors":%d}\\n',
    summary.requests, summary.bytes, summary.duration, errors.connect, errors.read,
    errors.write, errors.timeout, errors.status))
end
`;

/** Runs wrk to its end. */
export async function runWrk(options: WrkOptions): Promise<WrkSummary> {
  const folder = mkdtempSync(join(tmpdir(), "wmon-wrk-"));
  try {
    const script = join(folder, "report.lua");
    writeFileSync(script, REPORT);
    const headers = (options.headers ?? []).flatMap((line) => ["-H", line]);
    const sizes = ["-t1", `-c${options.connectionCount}`, `-d${options.seconds}s`];
    const text = await run([...sizes, ...headers, "-s", script, options.url]);
    const json = text.split("\n").find((line) => line.startsWith("{"));
    if (json === undefined) throw new Error(`wrk said nothing that we know: ${text}`);
    return JSON.parse(json) as WrkSummary;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs beside us: what it loads may be in this process. */
function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(needProgram("wrk"), args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`wrk: exit code ${code}`));
    });
  });
}
