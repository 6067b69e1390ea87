/**
 * One process of a program that we test against, in a temporary folder of its own.
 *
 * It ends with its test, however that ends: on `close()`, when the test process exits, and on Linux
 * also when the test process is killed (`setpriv --pdeathsig`).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram, needProgram } from "./program.js";

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;
const POLL_MS = 50;
const OUTPUT_CHARACTERS_MAX = 4_000;

const open = new Set<Peer>();

process.on("exit", () => {
  for (const peer of open) peer.abandon();
});

/** How a peer is started, again and again. */
export interface Command {
  /** Name of the program, to be found by `needProgram`. */
  readonly program: string;

  /** Arguments, told the peer's folder. */
  readonly args: (folder: string) => readonly string[];

  /** Whether the peer answers; told what it has printed since its start. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
}

/** Calls `isDone` every 50 ms until it is true; throws what `describe` says after `waitMsMax`. */
export async function waitUntil(
  isDone: () => boolean | Promise<boolean>,
  describe: () => string,
  waitMsMax: number = READY_MS_MAX,
): Promise<void> {
  const deadlineMs = Date.now() + waitMsMax;
  while (!(await isDone())) {
    if (Date.now() > deadlineMs) throw new Error(`after ${waitMsMax} ms: ${describe()}`);
    await sleep(POLL_MS);
  }
}

/** A process that can be stopped and started again in the same folder. */
export class Peer {
  /** Holds the peer's configuration, data and output; removed by `close()`. */
  readonly folder: string;

  private readonly path: string;
  private child: ChildProcess | undefined;

  /** Creates the folder; throws if the program is not installed. Nothing runs before `start()`. */
  constructor(private readonly command: Command) {
    this.path = needProgram(command.program);
    this.folder = mkdtempSync(join(tmpdir(), `wmon-${command.program}-`));
    open.add(this);
  }

  /** Starts the process and waits until it is ready; closes the peer and throws if it is not. */
  async start(): Promise<void> {
    if (this.isRunning()) throw new Error(`${this.command.program} is running`);
    try {
      this.child = this.spawn();
      await once(this.child, "spawn");
      await waitUntil(
        () => this.isReady(),
        () => this.describe("not ready"),
      );
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends the process and keeps the folder: by `signal`, after 10 s by SIGKILL. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.child === undefined || !this.isRunning()) return;
    const child = this.child;
    child.ref();
    const exited = once(child, "exit");
    child.kill(signal);
    child.kill("SIGCONT"); // a process under SIGSTOP gets nothing else before
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await exited;
    clearTimeout(timer);
  }

  /** Sends a signal that does not end the process. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Ends the process and removes the folder. Does nothing the second time. */
  async close(): Promise<void> {
    await this.stop();
    this.forget();
  }

  /** As `close()`, at once and without a chance to save anything: for the end of the process. */
  abandon(): void {
    if (this.isRunning()) this.child?.kill("SIGKILL");
    this.forget();
  }

  /** What the process has printed since its last start, on both streams. */
  output(): string {
    try {
      return readFileSync(this.outputPath(), "utf8");
    } catch {
      return "";
    }
  }

  /** Whether there is a process, ready or not. */
  isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && !this.child.signalCode;
  }

  /** A sentence about this peer followed by the end of its output, for error messages. */
  describe(event: string): string {
    return `${this.command.program}: ${event}\n${this.output().slice(-OUTPUT_CHARACTERS_MAX)}`;
  }

  private async isReady(): Promise<boolean> {
    if (!this.isRunning()) throw new Error(this.describe("exited before it was ready"));
    return this.command.isReady(this.output());
  }

  /** Output goes to a file and the child is unreferenced: a leak does not keep the test alive. */
  private spawn(): ChildProcess {
    const setpriv = findProgram("setpriv");
    const prefix = setpriv === undefined ? [] : [setpriv, "--pdeathsig", "KILL"];
    const [first = this.path, ...rest] = [...prefix, this.path, ...this.command.args(this.folder)];
    const output = openSync(this.outputPath(), "w");
    const child = spawn(first, rest, { cwd: this.folder, stdio: ["ignore", output, output] });
    child.unref();
    closeSync(output);
    return child;
  }

  private outputPath(): string {
    return join(this.folder, "output");
  }

  private forget(): void {
    rmSync(this.folder, { recursive: true, force: true });
    open.delete(this);
  }
}
