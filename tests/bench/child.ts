/**
 * Runs a program of the benchmarks in processes of its own, ours and the peer's in turn, where one
 * process would measure what the other side left behind.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "./measure.js";
import type { Result } from "./row.js";

/** Which side a child program is to measure: its first argument. */
export type Side = "ours" | "peer";

/**
 * Runs `program` alternately for both sides. Each prints one number; ours may print a second one,
 * the handles. Medians of `rounds`.
 */
export function alternateChildren(program: URL, rounds: number): Result {
  const ours: number[][] = [];
  const peer: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(measure(program, "ours"));
    peer.push(measure(program, "peer"));
  }
  const result = { ours: medianOf(ours, 0), peer: medianOf(peer, 0) };
  const handles = medianOf(ours, 1);
  return Number.isNaN(handles) ? result : { ...result, handles };
}

function medianOf(rounds: readonly (readonly number[])[], index: number): number {
  return median(rounds.map((numbers) => numbers[index] ?? Number.NaN));
}

function measure(program: URL, side: Side): number[] {
  const args = ["--expose-gc", fileURLToPath(program), side];
  return execFileSync(process.execPath, args, { encoding: "utf8" }).trim().split(" ").map(Number);
}
