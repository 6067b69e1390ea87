/**
 * Runtimes that are programs: Node, Deno, Bun. Each runs the same fixture as a child process.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../guests/guest.js";
import { findProgram } from "../peers/program.js";
import { findInPackage } from "./installation.js";
import type { Report, WorldFacts } from "./world.js";

const FIXTURE = fileURLToPath(new URL("./fixtures/program.js", import.meta.url));
const TIMEOUT_MS = 120_000;

const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "x64";
/** Where each is, in the packages of this folder. */
const PACKAGED: Readonly<Record<string, readonly [name: string, path: string]>> = {
  "node-20": [`node-20-linux-${ARCHITECTURE}`, "bin/node"],
  "node-24": [`node-24-linux-${ARCHITECTURE}`, "bin/node"],
  deno: ["@deno/linux-x64-glibc", "deno"],
  bun: [`@oven/bun-linux-${ARCHITECTURE === "x64" ? "x64" : "aarch64"}`, "bin/bun"],
};

/** Path of a runtime: our package's, or one that is installed by that name. */
export function findRuntime(name: string): string | undefined {
  const packaged = PACKAGED[name];
  return (packaged && findInPackage(...packaged)) ?? findProgram(name);
}

/** Runs the fixture to its end. Rejects when it prints no report, or not in time. */
export async function runProgram(name: string, facts: WorldFacts): Promise<Report> {
  const program = findRuntime(name);
  if (program === undefined) throw new Error(`${name} is not installed`);
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  try {
    const file = join(folder, "facts.json");
    writeFileSync(file, JSON.stringify(facts));
    const options = name === "deno" ? ["run", "-A", "--no-lock"] : [];
    const { code, stdout, stderr } = await run(program, [...options, FIXTURE, file]);
    const last = stdout.trimEnd().split("\n").at(-1) ?? "";
    if (code !== 0 || !last.startsWith("{")) {
      throw new Error(`${name} ended with ${code}, without a report:\n${stdout}${stderr}`);
    }
    return JSON.parse(last);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[]): Promise<Ended> {
  // Deno would ask its makers for a newer one.
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}
