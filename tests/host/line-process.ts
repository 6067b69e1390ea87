/**
 * A receiver as a process of its own, so that it can be killed: appends every whole line it gets
 * to a file. This file is both ends: what starts the process, and the process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(import.meta.url);

export interface LineProcess {
  readonly child: ChildProcess;
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
}

/** Starts a receiver that appends to `file`; port 0 is any. */
export async function startLineProcess(file: string, port: number): Promise<LineProcess> {
  const child = fork(PROGRAM, [String(port), file]);
  const [given] = await once(child, "message");
  return { child, port: given };
}

if (process.argv[1] === PROGRAM) serve(Number(process.argv[2]), process.argv[3] ?? "");

function serve(port: number, file: string): void {
  const server = createServer((socket) => record(socket, file));
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") process.send?.(address.port);
  });
  process.on("disconnect", () => process.exit());
}

function record(socket: Socket, file: string): void {
  let rest = "";
  socket.on("error", () => {});
  socket.setEncoding("latin1").on("data", (text: string) => {
    const end = text.lastIndexOf("\n") + 1;
    if (end > 0) appendFileSync(file, rest + text.slice(0, end), "latin1");
    rest = end > 0 ? text.slice(end) : rest + text;
  });
}
