/**
 * A program that embeds the library and pushes without pause, to be ended by a signal. This file is
 * both ends: what starts the program, and the program.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Load, type PushCounts } from "./load.js";

const PROGRAM = fileURLToPath(import.meta.url);
const SIGTERM_CODE = 143;

/** What the program says last. */
export interface PushingReport {
  /** Lines that there should be. */
  readonly lineCount: number;
  readonly counts: PushCounts;
}

/** How the program ended. */
export interface PushingEnd {
  readonly exitCode: number | null;
  readonly report: PushingReport | undefined;
}

/** A started program. */
export interface PushingProcess {
  readonly child: ChildProcess;
  /** Ends it by SIGTERM and waits. */
  end(): Promise<PushingEnd>;
}

/** Starts a program that pushes `seriesCount` lines of about 1 KB to `url`, again and again. */
export async function startPushing(url: string, seriesCount: number): Promise<PushingProcess> {
  const child = fork(PROGRAM, [url, String(seriesCount)]);
  await once(child, "message");
  let report: PushingReport | undefined;
  child.on("message", (message) => {
    report = message as PushingReport;
  });
  return {
    child,
    async end() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const [exitCode] = (await exited) as [number | null];
      return { exitCode, report };
    },
  };
}

if (process.argv[1] === PROGRAM) await push(process.argv[2] ?? "", Number(process.argv[3]));

async function push(url: string, seriesCount: number): Promise<void> {
  const load = await Load.start({ push: url, intervalMs: 50, seriesCount, padding: 1_000 });
  process.on("disconnect", () => process.exit());
  process.on("SIGTERM", async () => {
    await load.monitor.close();
    const report = { lineCount: load.lineCount, counts: load.counts()[0] };
    process.send?.(report, () => process.exit(SIGTERM_CODE));
  });
  process.send?.("pushing");
}
