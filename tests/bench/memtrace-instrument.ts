/**
 * How long hooking a module takes, the first time in a process, as `wmon run` does it: code that
 * nothing has warmed up. Small is a C program of 150 KB; 5 MB is the same with its functions repeated.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "./measure.js";
import type { Row } from "./row.js";

const PROGRAM = fileURLToPath(new URL("./first-instrument.js", import.meta.url));
const ROUNDS = 9;

/** Nanoseconds, in fresh processes. */
function measure(byteCount: number): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.push(Number(execFileSync(process.execPath, [PROGRAM, `${byteCount}`])));
  }
  return median(times);
}

export const MEMTRACE_INSTRUMENT_ROWS: readonly Row[] = [
  { name: "instrument_small", oursMax: 20e6, run: async () => ({ ours: measure(0) }) },
  { name: "instrument_5mb", oursMax: 60e6, run: async () => ({ ours: measure(5e6) }) },
];
