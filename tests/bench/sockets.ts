/**
 * Time a request of the HTTP server of examples/http under `wmon run`, loaded by wrk, against the
 * same wasm under wasmtime's own preview1, which has sockets (`-S tcplisten`, to release 36). wrk
 * takes its share of the same processors from both: trust the ratio.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createConnection } from "node:net";
import { fileURLToPath } from "node:url";
import { guestPath } from "../guests/guest.js";
import { freePort } from "../peers/port.js";
import { findProgram } from "../peers/program.js";
import { runWrk } from "../peers/wrk.js";
import type { Result, Row } from "./row.js";

const MAIN = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));
const ROUNDS = 5;
const SECONDS = 1;
const PATIENCE_MS = 20_000;

type Start = (port: number, file: string) => ChildProcess;

const startOurs: Start = (port, file) => {
  const quiet = ["--control", "off", "--prometheus", "off", "--memtrace", "off"];
  const args = [MAIN, "run", ...quiet, "--tcplisten", String(port), file];
  return spawn(process.execPath, args, { stdio: "ignore" });
};

/** wasmtime's options for sockets, where it still has them. */
const WASMTIME_OPTIONS = ["run", "-S", "preview2=n", "-S"];

const startWasmtime =
  (program: string): Start =>
  (port, file) =>
    spawn(program, [...WASMTIME_OPTIONS, `tcplisten=127.0.0.1:${port}`, file], {
      stdio: "ignore",
    });

/** A wasmtime that takes listening sockets, or undefined. */
function findWasmtime(): string | undefined {
  const program = findProgram("wasmtime36") ?? findProgram("wasmtime");
  if (program === undefined) return undefined;
  const file = guestPath("c-prompt");
  const args = [...WASMTIME_OPTIONS, "tcplisten=127.0.0.1:0", file];
  const { stdout } = spawnSync(program, args, { input: "fdstat 3\n", encoding: "utf8" });
  return stdout?.startsWith("0 type 6") ? program : undefined;
}

/** Nanoseconds a request, the median of some rounds; 1e9 over it is the rate. */
async function measure(start: Start, connectionCount: number): Promise<number> {
  const port = await freePort();
  const child = start(port, guestPath("c-http"));
  try {
    await answering(port);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const url = `http://127.0.0.1:${port}/`;
      const { requests, duration } = await runWrk({ url, connectionCount, seconds: SECONDS });
      times.push((duration * 1000) / requests);
    }
    return times.sort((one, other) => one - other)[ROUNDS >> 1] ?? 0;
  } finally {
    child.kill("SIGKILL");
  }
}

async function answering(port: number): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ host: "127.0.0.1", port });
      socket.once("error", () => resolve(false));
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the guest does not listen");
}

async function run(connectionCount: number): Promise<Result> {
  const wasmtime = findWasmtime();
  const ours = await measure(startOurs, connectionCount);
  if (wasmtime === undefined) return { ours };
  return { ours, peer: await measure(startWasmtime(wasmtime), connectionCount) };
}

/** By connections at once. */
export const SOCKET_ROWS: readonly Row[] = [16, 100].map((connectionCount) => ({
  name: `socket_request_${connectionCount}`,
  peer: "wasmtime",
  ratioMin: 0.5,
  run: () => run(connectionCount),
}));
