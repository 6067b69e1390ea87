/**
 * `wmon encode-trace < events.txt > out.ctf`: the trace of an event script, for comparison with
 * other writers. Not in the help. What was read wrong names its line; what was written until then
 * decodes.
 */
import { readFile } from "node:fs/promises";
import { MonitorError } from "../errors.js";
import { ScriptEncoder } from "../memtrace/script.js";
import type { TraceCounts } from "../memtrace/writer.js";
import { writeAll } from "../wasi/streams.js";
import { packageFile } from "./package.js";
import { say } from "./stderr.js";

const EXIT_FAILED = 1;

/** Reads standard input to its end and writes the trace as it goes; resolves with the exit code. */
export async function encodeTrace(): Promise<number> {
  const module = await WebAssembly.compile(await readFile(packageFile("build/memtrace.wasm")));
  const encoder = new ScriptEncoder(module, (bytes) => writeAll(1, bytes));
  try {
    for await (const chunk of process.stdin) encoder.push(chunk as Uint8Array);
    encoder.end();
  } catch (error) {
    return reportFailure(error);
  }
  const altered = describeAlterations(encoder.counts);
  if (altered !== "") say(`encode-trace: ${altered}`);
  return 0;
}

function reportFailure(error: unknown): number {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof MonitorError) say(`encode-trace: ${error.message}`);
  else if (code === "EPIPE") say("encode-trace: the reader of the trace is gone");
  else throw error;
  return EXIT_FAILED;
}

/** What is in the trace otherwise than in the script; what the format itself limits too. */
function describeAlterations(counts: TraceCounts): string {
  const { clampedTimes, cutBacktraces, unknownLocations, clampedFields } = counts;
  return [
    [clampedTimes, "times moved up to the event before"],
    [cutBacktraces, "backtraces cut at 4,096 bytes"],
    [unknownLocations, "codes written as <unknown>, with over 255 locations or 4,096 bytes"],
    [clampedFields, "lines and columns written as the maximum"],
  ]
    .filter(([count]) => Number(count) > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join("; ");
}
